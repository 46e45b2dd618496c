#include "sim/report/timeline.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "sim/program/engine.h"

namespace tessera::report {
namespace {

std::uint64_t whole_cycles(Millicycles t) {
  return static_cast<std::uint64_t>((t + millicycles_per_cycle / 2) / millicycles_per_cycle);
}

void add_varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  bytes += static_cast<char>(value);
}

std::string base64(const std::string& bytes) {
  static const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - at);
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < left ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) text += i <= left ? digits[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

// What an engine is, by its name: core, tile, mem, shim.
std::string kind_of_engine(const std::string& name) { return name.substr(0, name.find('(')); }

}  // namespace

int Timeline::kind_of(const char* what) {
  const auto known = std::find(kinds_.begin(), kinds_.end(), what);
  if (known != kinds_.end()) return static_cast<int>(known - kinds_.begin());
  kinds_.emplace_back(what);
  return static_cast<int>(kinds_.size()) - 1;
}

void Timeline::task(const trace::Task& task) {
  if (next_ != nullptr) next_->task(task);
  cover(spans_, task);
  add(task.engine, {task.layer, kind_of(task.what), false, task.begin, task.end});
}

void Timeline::charge(const trace::Charge& charge) {
  if (next_ != nullptr) next_->charge(charge);
  if (charge.end - charge.begin < millicycles_per_cycle || std::strncmp(charge.cause, "wait_", 5) != 0) return;
  add(charge.engine, {charge.layer, kind_of(charge.cause), true, charge.begin, charge.end});
}

void Timeline::add(int engine, Slice slice) {
  if (count_ >= most_slices_) {
    if (dropped_++ == 0) dropped_from_ = slice.begin;
    return;
  }
  ++count_;
  const auto track = static_cast<std::size_t>(engine);
  if (tracks_.size() <= track) tracks_.resize(track + 1);
  tracks_[track].push_back(slice);
}

// In the order of their beginnings; of a wait what no task covers.
std::vector<Timeline::Slice> Timeline::without_overlap(std::vector<Slice> slices) {
  std::stable_sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.wait < b.wait;
  });
  std::vector<Slice> kept;
  Millicycles last = 0, next = std::numeric_limits<Millicycles>::max();  // end of tasks before, begin of the one after
  std::vector<Millicycles> after(slices.size());
  for (std::size_t i = slices.size(); i-- > 0;) {
    after[i] = next;
    if (!slices[i].wait) next = slices[i].begin;
  }
  for (std::size_t i = 0; i < slices.size(); ++i) {
    Slice s = slices[i];
    if (s.wait) {
      s.begin = std::max(s.begin, last);
      s.end = std::min(s.end, after[i]);
      if (s.end - s.begin < millicycles_per_cycle) continue;
    } else {
      last = std::max(last, s.end);
    }
    kept.push_back(s);
  }
  return kept;
}

nlohmann::json Timeline::json(const arch::ArraySpec& array) const {
  const program::EngineMap map(array);
  nlohmann::json tracks = nlohmann::json::array();
  std::size_t count = 0;
  for (std::size_t engine = 0; engine < tracks_.size(); ++engine) {
    if (tracks_[engine].empty()) continue;
    const std::vector<Slice> slices = without_overlap(tracks_[engine]);
    if (slices.empty()) continue;
    std::string bytes;
    std::uint64_t last = 0;
    for (const Slice& s : slices) {
      // A receiver may start on a descriptor while the last words of the one before are on their way.
      const std::uint64_t begin = std::max(whole_cycles(s.begin), last), end = std::max(whole_cycles(s.end), begin);
      add_varint(bytes, begin - last);
      add_varint(bytes, end - begin);
      add_varint(bytes, static_cast<std::uint64_t>(s.layer + 1) * kinds_.size() + static_cast<std::uint64_t>(s.kind));
      last = end;
    }
    count += slices.size();
    const auto id = static_cast<program::EngineId>(engine);
    tracks.push_back({{"name", map.name(id)},
                      {"tile", map.tile_name(map.info(id).tile)},
                      {"kind", kind_of_engine(map.name(id))},
                      {"slices", slices.size()},
                      {"data", base64(bytes)}});
  }
  nlohmann::json spans = nlohmann::json::array();
  for (const trace::LayerSpan& span : spans_) {
    if (span.begin < 0)
      spans.push_back(nullptr);
    else
      spans.push_back({whole_cycles(span.begin), whole_cycles(span.end)});
  }
  nlohmann::json result = {{"kinds", kinds_}, {"tracks", tracks}, {"spans", spans}, {"slices", count}};
  result["dropped"] = dropped_;
  if (dropped_ > 0) result["dropped_from"] = whole_cycles(dropped_from_);
  return result;
}

}  // namespace tessera::report

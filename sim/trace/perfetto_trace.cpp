#include "sim/trace/perfetto_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <ostream>

namespace tessera::trace {
namespace {

constexpr int network_process = 0;  // tiles follow from 1

std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

// Writes the events of one file, separators included.
class EventList {
 public:
  EventList(std::ostream& out, double clock_hz) : out_(out), clock_hz_(clock_hz) { out_ << "{\"traceEvents\":["; }
  ~EventList() { out_ << "\n],\"displayTimeUnit\":\"ns\"}\n"; }

  void name(const char* kind, int process, int thread, const std::string& name, int sort) {
    put(fmt::format(R"({{"ph":"M","name":"{}_name","pid":{},"tid":{},"args":{{"name":{}}}}})", kind, process, thread,
                    quoted(name)));
    put(fmt::format(R"({{"ph":"M","name":"{0}_sort_index","pid":{1},"tid":{2},"args":{{"sort_index":{3}}}}})", kind,
                    process, thread, sort));
  }
  void slice(int process, int thread, const std::string& name, const char* what, Millicycles begin, Millicycles end) {
    // Both ends are rounded, not the duration: a slice that begins where another ends must not lap over it.
    const std::int64_t from = ticks(begin), length = ticks(end) - from;
    put(fmt::format(R"({{"ph":"X","name":{},"cat":"{}","pid":{},"tid":{},"ts":{}.{:04},"dur":{}.{:04}}})", quoted(name),
                    what, process, thread, from / 10000, from % 10000, length / 10000, length % 10000));
  }
  void marker(const std::string& text, Millicycles at) {
    put(fmt::format(R"({{"ph":"i","s":"g","name":{},"pid":{},"tid":0,"ts":{:.4f}}})", quoted(text), network_process,
                    to_us(at, clock_hz_)));
  }

 private:
  std::int64_t ticks(Millicycles at) const { return std::llround(to_us(at, clock_hz_) * 1e4); }  // of 0.1 ns
  void put(const std::string& event) {
    out_ << (first_ ? "\n" : ",\n") << event;
    first_ = false;
  }
  std::ostream& out_;
  double clock_hz_;
  bool first_ = true;
};

}  // namespace

void PerfettoTrace::slice(int engine, int layer, const char* what, Millicycles begin, Millicycles end) {
  if (layer >= 0 && std::strcmp(what, "weights") != 0) {  // weights fetched ahead do not start a layer
    if (spans_.size() <= static_cast<std::size_t>(layer)) spans_.resize(static_cast<std::size_t>(layer) + 1);
    Span& s = spans_[static_cast<std::size_t>(layer)];
    s.begin = s.begin < 0 ? begin : std::min(s.begin, begin);
    s.end = std::max(s.end, end);
  }
  if (slices_.size() >= most_slices_) {
    if (dropped_++ == 0) dropped_from_ = begin;
    return;
  }
  // A receiver may start on a descriptor while the last words of the one before are on their way: slices of one
  // track must not overlap.
  if (track_end_.size() <= static_cast<std::size_t>(engine)) track_end_.resize(static_cast<std::size_t>(engine) + 1);
  Millicycles& last = track_end_[static_cast<std::size_t>(engine)];
  begin = std::min(std::max(begin, last), end);
  last = std::max(last, end);  // they do not always come in the order of their ends
  slices_.push_back({engine, layer, what, begin, end});
}

void PerfettoTrace::write(std::ostream& out, const arch::ArraySpec& array,
                          const std::vector<std::string>& layers) const {
  const program::EngineMap map(array);
  const auto layer_name = [&](int id) {
    return static_cast<std::size_t>(id) < layers.size() ? layers[static_cast<std::size_t>(id)] : std::to_string(id);
  };
  EventList events(out, array.clock_hz);

  // Layers, each on the first lane that is free when it begins.
  events.name("process", network_process, 0, "network", 0);
  std::vector<std::size_t> order(spans_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return spans_[a].begin < spans_[b].begin; });
  std::vector<Millicycles> lanes;
  for (const std::size_t id : order) {
    const Span& s = spans_[id];
    if (s.begin < 0) continue;
    const auto free = std::find_if(lanes.begin(), lanes.end(), [&](Millicycles end) { return end <= s.begin; });
    const int lane = static_cast<int>(free - lanes.begin());
    if (free == lanes.end()) {
      lanes.push_back(0);
      events.name("thread", network_process, lane, fmt::format("layers {}", lane), lane);
    }
    lanes[static_cast<std::size_t>(lane)] = s.end;
    events.slice(network_process, lane, layer_name(static_cast<int>(id)), "layer", s.begin, s.end);
  }

  std::vector<bool> tile_named(static_cast<std::size_t>(map.tile_count())),
      engine_named(static_cast<std::size_t>(map.count()));
  for (const Slice& s : slices_) {
    const program::TileId tile = map.info(s.engine).tile;
    if (!tile_named[static_cast<std::size_t>(tile)]) events.name("process", tile + 1, 0, map.tile_name(tile), tile + 1);
    if (!engine_named[static_cast<std::size_t>(s.engine)])
      events.name("thread", tile + 1, s.engine, map.name(s.engine), s.engine);
    tile_named[static_cast<std::size_t>(tile)] = engine_named[static_cast<std::size_t>(s.engine)] = true;
    events.slice(tile + 1, s.engine, s.layer < 0 ? s.what : layer_name(s.layer), s.what, s.begin, s.end);
  }
  if (dropped_ > 0)
    events.marker(fmt::format("trace cut here: {} more slices left out of {}", dropped_, dropped_ + slices_.size()),
                  dropped_from_);
}

}  // namespace tessera::trace

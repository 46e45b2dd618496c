#include "sim/report/memory_use.h"

#include <algorithm>
#include <functional>
#include <map>

namespace tessera::report {
namespace {

constexpr Bytes word = 4;  // runs, steps and bases of an Access are multiples of it

struct Life {
  Millicycles begin = -1, end = -1;
  void cover(const Life& other) {
    if (other.begin < 0) return;
    begin = begin < 0 ? other.begin : std::min(begin, other.begin);
    end = std::max(end, other.end);
  }
};

// By tensor: from its producer to its last reader. A concatenation is a view: it lives with its operands, and they as
// long as it is read. What nothing reads is an output and stays to the end.
std::vector<Life> lives(const program::Program& program, const std::vector<trace::LayerSpan>& spans, Millicycles end) {
  const std::size_t count = program.layers.size();
  std::vector<int> computed_by(count);
  for (std::size_t id = 0; id < count; ++id) computed_by[id] = static_cast<int>(id);
  for (const program::KernelCall& call : program.calls)
    if (call.add_layer >= 0) computed_by[static_cast<std::size_t>(call.add_layer)] = call.layer;
  const auto span = [&](std::size_t id) {
    const auto at = static_cast<std::size_t>(computed_by[id]);
    return at < spans.size() ? Life{spans[at].begin, spans[at].end} : Life{};
  };
  const auto is_view = [&](std::size_t id) { return program.layers[id].layer.op == network::Op::concat; };
  std::vector<Life> result(count);
  std::vector<bool> read(count);
  for (std::size_t id = 0; id < count; ++id) {  // producers come first
    result[id] = span(id);
    if (ops::is_source(program.layers[id].layer)) result[id] = {0, 0};
    for (const int input : program.layers[id].layer.inputs) {
      read[static_cast<std::size_t>(input)] = true;
      if (is_view(id)) result[id].cover(result[static_cast<std::size_t>(input)]);
    }
  }
  for (std::size_t id = count; id-- > 0;) {
    if (!read[id] && result[id].begin >= 0) result[id].end = end;
    for (const int input : program.layers[id].layer.inputs) {
      Life& operand = result[static_cast<std::size_t>(input)];
      if (operand.begin >= 0) operand.end = std::max(operand.end, is_view(id) ? result[id].end : span(id).end);
    }
  }
  return result;
}

// Calls `visit` with every word of the access, by number.
void for_each_word(const program::Access& access, const std::function<void(std::size_t)>& visit) {
  const auto walk = [&](const auto& self, int dim, std::int64_t at) -> void {
    const program::AccessDim& d = access.dims[static_cast<std::size_t>(dim)];
    if (dim == 0) {
      for (Bytes b = 0; b < d.count; b += word) visit(static_cast<std::size_t>((at + b) / word));
      return;
    }
    for (std::int64_t i = 0; i < d.count; ++i) self(self, dim - 1, at + i * d.step);
  };
  walk(walk, access.rank - 1, access.base);
}

struct Change {
  Millicycles time;
  bool begins;
  const program::TensorPiece* piece;
};

// Occupied bytes of one memory after each of `times`.
std::vector<Bytes> occupied(std::vector<Change> changes, const std::vector<Millicycles>& times, Bytes size) {
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.time < b.time; });
  std::vector<std::uint8_t> holders(static_cast<std::size_t>(size / word) + 1);
  Bytes now = 0;
  std::size_t next = 0;
  std::vector<Bytes> bytes;
  for (const Millicycles time : times) {
    for (; next < changes.size() && changes[next].time <= time; ++next) {
      const bool begins = changes[next].begins;
      for_each_word(changes[next].piece->access, [&](std::size_t w) {
        if (w >= holders.size()) return;
        if (begins ? holders[w]++ == 0 : --holders[w] == 0) now += begins ? word : -word;
      });
    }
    bytes.push_back(now);
  }
  return bytes;
}

}  // namespace

std::optional<MemoryUse> memory_use(const program::Program& program, const arch::ArraySpec& array,
                                    const std::vector<trace::LayerSpan>& spans, Millicycles end) {
  if (!program.tensors) return std::nullopt;
  const program::EngineMap map(array);
  const std::vector<Life> life = lives(program, spans, end);
  std::map<program::TileId, std::vector<Change>> changes;
  std::vector<Millicycles> times = {0, end};
  for (const program::TensorPiece& piece : program.pieces) {
    const Life& l = life[static_cast<std::size_t>(piece.tensor)];
    if (piece.in_ddr || l.begin < 0) continue;
    for (const bool begins : {true, false}) {
      changes[piece.memory].push_back({begins ? l.begin : l.end, begins, &piece});
      times.push_back(begins ? l.begin : l.end);
    }
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  MemoryUse use;
  for (auto& [tile, list] : changes)
    use.memories.push_back(
        {map.tile_name(tile), array.memtile.memory.size, occupied(std::move(list), times, array.memtile.memory.size)});
  use.times = std::move(times);
  return use;
}

nlohmann::json memory_view(const std::optional<MemoryUse>& use) {
  if (!use) return nullptr;
  nlohmann::json result = {{"times", nlohmann::json::array()}, {"memories", nlohmann::json::array()}};
  for (const Millicycles time : use->times) result["times"].push_back(time / millicycles_per_cycle);
  for (const MemoryUse::Memory& memory : use->memories)
    result["memories"].push_back({{"name", memory.name}, {"capacity", memory.capacity}, {"bytes", memory.bytes}});
  return result;
}

}  // namespace tessera::report

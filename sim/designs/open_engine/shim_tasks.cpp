#include "sim/designs/open_engine/shim_tasks.h"

#include <algorithm>

namespace tessera::designs::open_engine {
namespace {

constexpr Bytes pixel = 8;  // of one block of channels

Bytes row_pitch(const Map& m) { return Bytes{m.w + 2 * m.halo} * pixel; }
Bytes plane_pitch(const Map& m) { return (m.h + 2 * m.halo) * row_pitch(m); }
int padding(Window w) { return w == Window::k1 ? 0 : w == Window::k5s1 || w == Window::pool ? 2 : 1; }

class TaskList {
 public:
  TaskList(const EngineNetwork& network, const EngineLayer& layer, const LayerSplit& split, const Addresses& addresses,
           const Variant& variant)
      : network_(network), layer_(layer), split_(split), addresses_(addresses), variant_(variant) {}

  std::vector<ShimTask> column(const std::vector<Run>& runs) {
    tasks_.clear();
    if (runs.empty()) return tasks_;
    if (variant_.grain != Variant::Grain::run) return by_round(runs);
    // The packets of a group stand before its runs: more tasks than a queue takes would wait for fills behind them.
    weights(runs);
    const std::vector<ShimTask> packets = std::move(tasks_);
    tasks_.clear();
    std::vector<std::size_t> at(packets.size());  // of each, in the column's list
    std::size_t given = 0;
    for (const Run& run : runs) {
      for (; given < packets.size() && (weight_group_[given] < 0 || weight_group_[given] == run.front().group);
           ++given) {
        at[given] = tasks_.size();
        tasks_.push_back(packets[given]);
      }
      const std::size_t first_drain = tasks_.size();
      drains(run);
      const std::size_t first_fill = tasks_.size();
      fills(run);
      for (std::size_t i = first_drain; i < first_fill; ++i) tasks_[i].serves = tasks_.size() - 1;
      for (std::size_t i = 0; i < given; ++i)
        if (weight_group_[i] < 0 || weight_group_[i] == run.front().group) tasks_[at[i]].serves = tasks_.size() - 1;
    }
    return tasks_;
  }

 private:
  const Map& map(const Segment& s) const { return network_.maps[static_cast<std::size_t>(s.map)]; }
  bool extend(Pattern& p, std::int64_t count, std::int64_t step) const {
    return variant_.folds ? p.extend(count, step) : p.extend_apart(count, step);
  }

  void add(Stream stream, const Pattern& pattern) { tasks_.push_back({stream, pattern, 0}); }

  Bytes group_bytes() const { return weight_bytes * static_cast<Bytes>(split_.chunks.size()); }
  Bytes weights_at(int group) const {
    return addresses_.weights[static_cast<std::size_t>(&layer_ - network_.layers.data())] + group * group_bytes();
  }

  // Packets of the layer stand group by group. Where chunks accumulate, each round has all of its group's packets sent
  // again; else a packet stays in the cores for all rounds of its group.
  void weights(const std::vector<Run>& runs) {
    weight_group_.clear();
    struct Work {
      int group;
      std::int64_t rounds;
    };
    std::vector<Work> groups;
    for (const Run& run : runs) {
      if (groups.empty() || groups.back().group != run.front().group) groups.push_back({run.front().group, 0});
      groups.back().rounds += static_cast<std::int64_t>(run.size());
    }
    const bool single = std::all_of(groups.begin(), groups.end(), [](const Work& w) { return w.rounds == 1; });
    if (variant_.joins_weights && (!split_.accumulates() || (groups.size() > 1 && single))) {
      Pattern all(weights_at(groups.front().group), group_bytes());
      const int apart = groups.size() > 1 ? groups[1].group - groups[0].group : 0;
      all.extend(static_cast<std::int64_t>(groups.size()), apart * group_bytes());
      weight_group_.push_back(-1);
      return add(Stream::weights, all);
    }
    for (const Work& work : groups)
      for (std::int64_t done = 0; done < (split_.accumulates() ? work.rounds : 1); done += Pattern::most_repeats) {
        Pattern repeated(weights_at(work.group), group_bytes());
        if (split_.accumulates()) repeated.repeat(std::min<std::int64_t>(Pattern::most_repeats, work.rounds - done));
        weight_group_.push_back(work.group);
        add(Stream::weights, repeated);
      }
  }

  // The drain of one round or more, and for each of them chunk by chunk the packets of weights and the fills.
  std::vector<ShimTask> by_round(const std::vector<Run>& runs) {
    int group = -1;  // whose weights the cores hold
    for (const Run& run : runs) {
      const std::size_t drain = tasks_.size();
      drains(run);
      for (const Round& round : run) {
        const bool sends = split_.accumulates() || group != round.group;
        for (std::size_t k = 0, weight = 0; k < split_.chunks.size(); ++k) {
          if (sends && (k == 0 || !variant_.joins_round)) {
            weight = tasks_.size();
            const Bytes at = weights_at(round.group) + static_cast<Bytes>(k) * weight_bytes;
            add(Stream::weights, Pattern(at, variant_.joins_round ? group_bytes() : weight_bytes));
          }
          fill_round(round, k);
          if (sends) tasks_[weight].serves = tasks_.size() - 1;
        }
        group = round.group;
      }
      tasks_[drain].serves = tasks_.size() - 1;
    }
    return tasks_;
  }

  void drains(const Run& run) {
    const Map& m = map(layer_.out);
    const Round& first = run.front();
    Pattern p(addresses_.maps[static_cast<std::size_t>(layer_.out.map)] +
                  (layer_.out.first_block + first.group * group_blocks) * plane_pitch(m) +
                  (first.h0 + m.halo) * row_pitch(m) + (first.w0 + m.halo) * pixel,
              tile_cols * pixel);
    extend(p, tile_rows, row_pitch(m));
    extend(p, group_blocks, plane_pitch(m));
    extend(p, cores * static_cast<std::int64_t>(run.size()), tile_rows * row_pitch(m));
    add(Stream::drains, p);
  }

  // The packet of the first core of the round.
  Pattern packet(const Round& round, const Chunk& chunk) const {
    const Map& m = map(chunk.segment);
    const ReadShape shape = read_shape(chunk.kind);
    const int own = chunk.kind == PacketKind::residual ? 0 : padding(layer_.window);
    int block = chunk.first_block;
    if (chunk.kind == PacketKind::residual || layer_.window == Window::pool) block += round.group * group_blocks;
    const Bytes row = round.h0 * shape.row_step / tile_rows + m.halo - own;
    const Bytes col = round.w0 * shape.col_step / tile_cols + m.halo - own;
    Pattern p(addresses_.maps[static_cast<std::size_t>(chunk.segment.map)] + block * plane_pitch(m) +
                  row * row_pitch(m) + col * pixel,
              shape.pixels * pixel);
    extend(p, shape.rows, row_pitch(m));
    extend(p, shape.blocks, plane_pitch(m));
    return p;
  }

  void fills(const Run& run) {
    const auto& chunks = split_.chunks;
    if (variant_.grain == Variant::Grain::run && !split_.accumulates()) {
      const Map& m = map(chunks[0].segment);
      Pattern p = packet(run.front(), chunks[0]);
      extend(p, cores * static_cast<std::int64_t>(run.size()), read_shape(chunks[0].kind).row_step * row_pitch(m));
      return add(Stream::fills, p);
    }
    for (const Round& round : run)
      for (std::size_t k = 0; k < chunks.size();) k += fill_round(round, k);
  }

  // The packets of chunk `k` and of as many after it as one descriptor reaches; how many these are.
  std::size_t fill_round(const Round& round, std::size_t k) {
    const auto& chunks = split_.chunks;
    const ReadShape shape = read_shape(chunks[k].kind);
    const Map& m = map(chunks[k].segment);
    Pattern p = packet(round, chunks[k]);
    const bool alone = variant_.grain == Variant::Grain::packet ||
                       (variant_.grain == Variant::Grain::round && chunks[k].kind == PacketKind::up);
    if (alone) {
      for (int core = 0; core < cores; ++core) add(Stream::fills, p.moved(core * shape.row_step * row_pitch(m)));
      return 1;
    }
    extend(p, cores, shape.row_step * row_pitch(m));
    std::size_t same = k + 1;
    while (same < chunks.size() && chunks[same].kind == chunks[k].kind && chunks[k].kind != PacketKind::residual &&
           chunks[same].first_block - chunks[same - 1].first_block == shape.fresh &&
           chunks[same].segment.map == chunks[k].segment.map)
      ++same;
    const auto more = static_cast<std::int64_t>(same - k);
    const bool merged =
        variant_.grain == Variant::Grain::run && more > 1 && extend(p, more, shape.fresh * plane_pitch(m));
    add(Stream::fills, p);
    return merged ? same - k : 1;
  }

  const EngineNetwork& network_;
  const EngineLayer& layer_;
  const LayerSplit& split_;
  const Addresses& addresses_;
  const Variant& variant_;
  std::vector<ShimTask> tasks_;
  std::vector<int> weight_group_;  // by weight task: the group that it serves, -1 for all
};

}  // namespace

Addresses place(const EngineNetwork& network) {
  Addresses a;
  for (const Map& m : network.maps) {
    a.maps.push_back(a.end);
    // Packets read past the last row and plane of a map: what they bring from there is not used.
    a.end += round_up((m.blocks + 10) * plane_pitch(m) + 64 * row_pitch(m), 64);
  }
  for (const EngineLayer& layer : network.layers) {
    a.weights.push_back(a.end);
    const LayerSplit split = split_layer(network, layer, {});
    a.end += split.groups * static_cast<Bytes>(split.chunks.size()) * weight_bytes;
  }
  return a;
}

std::vector<std::vector<ShimTask>> shim_tasks(const EngineNetwork& network, const EngineLayer& layer,
                                              const LayerSplit& split, const Addresses& addresses,
                                              const Variant& variant) {
  TaskList list(network, layer, split, addresses, variant);
  std::vector<std::vector<ShimTask>> tasks;
  for (const auto& runs : split.runs) tasks.push_back(list.column(runs));
  return tasks;
}

}  // namespace tessera::designs::open_engine

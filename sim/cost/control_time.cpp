#include "sim/cost/control_time.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/cost/tuned.h"

namespace tessera::cost {
namespace {

using mapping::Axis;

// Descriptors of a chain: what a channel of a memory tile gets where all others take theirs.
double chain_limit(const arch::DmaSpec& dma) {
  return std::max(1.0, tuned.chain_share * dma.descriptors / (dma.s2mm + dma.mm2s));
}

ControlCount& operator+=(ControlCount& a, const ControlCount& b) {
  a.descriptors += b.descriptors;
  a.tasks += b.tasks;
  a.tokens += b.tokens;
  a.patches += b.patches;
  return a;
}
ControlCount operator*(double n, ControlCount c) {
  c.descriptors *= n;
  c.tasks *= n;
  c.tokens *= n;
  c.patches *= n;
  return c;
}

double time_of(const ControlCount& c) { return c.descriptors + c.tasks; }

// The parts of a layer as loops.
class Work {
 public:
  Work(const LayerContext& c, const Walk& walk, const arch::ArraySpec& a)
      : c_(c), p_(walk.partition), t_(walk.tiling), walk_(walk), a_(a), l_(*c.layer) {}

  ControlCount run() const {
    ControlCount all = inputs();
    all += results();
    if (c_.operand) all += operands();
    if (!p_.weights.empty()) all += weights();
    if (!a_.controller.of_cores()) all += cores();
    return all;
  }

 private:
  bool aligned(Axis bands) const { return p_.sharding.cols == bands; }
  bool padded() const {
    const network::Window& w = l_.window;
    return w.pad_top + w.pad_left + w.pad_bottom + w.pad_right > 0;
  }
  static bool even(int size, int parts) { return parts == 1 || size % parts == 0; }

  // Loops over the tiles of a map that stands in bands along `axis`; `apart`: every memory tile sees its own share.
  ControlLoops spatial(Axis axis, bool apart, bool edges) const {
    const auto loop = [&](Axis of, int size, int parts) -> ControlLoop {
      const bool own = apart && of == axis;
      const int turns = own ? static_cast<int>(ceil_div(parts, a_.memtiles())) : parts;
      return {turns, even(size, parts) && !(edges && of == Axis::width && parts > 1) && !(own && parts % turns != 0)};
    };
    return {loop(Axis::height, p_.max_h, t_.nh), loop(Axis::width, p_.max_w, t_.nw)};
  }

  ControlCount inputs() const {
    const arch::DmaSpec& dma = a_.memtile.dma;
    const bool crossing = !c_.in_ddr.input && !aligned(c_.input_axis);
    const bool own = mapping::channelwise(l_);
    if (c_.in_ddr.input && is_product(l_) && t_.chunks_staged) return staged_chunks();
    const ControlLoop same{own ? 1 : t_.no, true}, channels{own ? t_.no : 1, true}, chunks = chunk_loop();
    // `again`: a tile comes once for each tile of output channels.
    const auto tiles = [&](bool again) {
      ControlLoops list = spatial(c_.input_axis, crossing, padded());
      if (again && same.turns > 1) list.insert(t_.weights_stationary ? list.begin() : list.end(), same);
      if (channels.turns > 1) list.push_back(channels);
      if (chunks.turns > 1) list.push_back(chunks);
      return list;
    };
    const ControlLoops loops = tiles(t_.ni > 1 || t_.weights_stationary);
    const auto groups = static_cast<double>(p_.acts.size());
    ControlCount all;
    if (c_.in_ddr.input) {
      const ControlLoops into = tiles(t_.chunks_staged || t_.weights_stationary);
      ControlCount staged = channel_work(1, into, a_.shim.dma);
      staged.patches = staged.descriptors;
      staged += channel_work(1, into, dma);
      staged.tokens += staged.tasks;
      all += groups * staged;
      all += groups * channel_work(1, loops, dma);
    } else if (crossing) {
      all += groups * a_.memtiles() * channel_work(1, loops, dma);
    } else {
      all += groups * channel_work(1, loops, dma);
      if (l_.window.extent_h() > l_.window.sh || l_.window.extent_w() > l_.window.sw) {
        ControlLoops border = loops;  // without the axis of the bands
        border[c_.input_axis == Axis::height ? 0 : 1] = {};
        all += 2.0 * groups * (a_.memtiles() - 1) / a_.memtiles() * channel_work(1, border, dma);
      }
    }
    all.tokens += all.tasks * tuned.tokens_of_inputs;
    if (t_.inbound.aside > 0) all += all;  // from two channels
    return all;
  }

  // Of chunks of a product's first factor that pass memory tiles. A channel that fills staging goes round a ring of two
  // slots for each group of cores, and chunks of unequal size come again in a pattern: with a descriptor for each slot
  // and size, which take a quarter of the tile's at most, some are written for every tile of rows, else for every
  // chunk.
  ControlCount staged_chunks() const {
    const double groups = static_cast<double>(p_.acts.size()), channels = a_.cols * walk_.channels.loads;
    const int period = t_.ni / std::gcd(summed_channels(l_) / 8, t_.ni);
    const double ring = std::ceil(groups / channels) * std::lcm(period, 2);
    const double chunks = 1.0 * t_.nh * t_.nw * t_.no * t_.ni;
    const double each = ring <= a_.memtile.dma.descriptors / 4.0 ? std::min(chunks, 1.0 * t_.nh * period) : chunks;
    ControlCount staged{each, std::ceil(each / chain_limit(a_.memtile.dma)), 0, each};
    staged += {2 * each, 2 * staged.tasks, staged.tasks, 0};  // into the memory tile, and out of it
    return groups * staged;
  }

  ControlLoops outputs(Axis axis, bool apart) const {
    ControlLoops loops = spatial(axis, apart, false);
    const ControlLoop channels{t_.no, even(p_.max_b, t_.no)};
    if (channels.turns > 1) loops.insert(t_.weights_stationary ? loops.begin() : loops.end(), channels);
    return loops;
  }

  ControlCount results() const {
    const arch::DmaSpec& dma = a_.memtile.dma;
    const bool crossing = !c_.in_ddr.output && !aligned(c_.output_axis);
    const ControlLoops loops = outputs(c_.output_axis, crossing);
    const auto cores = static_cast<double>(p_.parts.size());
    const double channels = walk_.channels.results;
    const double chain = std::ceil((crossing ? cores : cores / a_.memtiles()) / channels);
    ControlCount each = channel_work(chain, loops, dma);
    each.tokens += tuned.tokens_of_results;
    ControlCount all = a_.memtiles() * channels * each;
    if (c_.in_ddr.output) {
      all += cores * channel_work(1, loops, dma);
      ControlCount up = cores * channel_work(1, loops, a_.shim.dma);
      up.patches = up.descriptors;
      up.tokens = up.tasks;
      all += up;
    }
    return all;
  }

  ControlLoop chunk_loop() const { return {t_.ni, even(summed_channels(l_) / 8, t_.ni)}; }

  // Of second factors of a product, which all memory tiles send in turn.
  ControlCount factors() const {
    const ControlLoop spatial{t_.nh * t_.nw, true}, channels{t_.no, even(p_.max_b, t_.no)};
    ControlLoops loops{spatial, channels, chunk_loop()};
    if (t_.weights_stationary) std::swap(loops[0], loops[1]);
    if (loads_of(l_, t_).second <= 1.0 * t_.no * t_.ni) loops[t_.weights_stationary ? 1 : 0] = {};
    const bool spread = !c_.in_ddr.operand && c_.operand_axis == Axis::height;  // over the memory tiles
    if (spread && !l_.matmul.by_rows) loops[2].turns = static_cast<int>(ceil_div(t_.ni, a_.memtiles()));
    return static_cast<double>(p_.seconds.size()) * (spread ? a_.memtiles() : 1) *
           channel_work(1, loops, a_.memtile.dma);
  }

  ControlCount operands() const {
    if (is_product(l_)) return factors();
    const bool crossing = !c_.in_ddr.operand && !aligned(c_.operand_axis);
    const auto streams = static_cast<double>(p_.parts.size()) * (crossing ? a_.memtiles() : 1);
    return streams * channel_work(1, outputs(c_.operand_axis, crossing), a_.memtile.dma);
  }

  // Channels of compute tiles: what comes, weights, and what leaves.
  ControlCount cores() const {
    const double kinds = 2 + (p_.weights.empty() ? 0 : 1) + (c_.operand ? 1 : 0);
    return kinds * static_cast<double>(p_.parts.size()) * channel_work(1, outputs(c_.output_axis, false), a_.tile.dma);
  }

  // What comes from DDR is read as one: for many layers what stays, again and again what does not.
  ControlCount weights() const {
    const arch::DmaSpec& dma = a_.memtile.dma;
    const int groups = static_cast<int>(p_.weights.size()), memtiles = a_.memtiles();
    const mapping::Loads loads = loads_of(l_, t_);
    const double chunks = t_.no * t_.ni;
    const bool resident =
        walk_.weights.all / std::max<Bytes>(1, std::min<Bytes>(memtiles, static_cast<Bytes>(groups))) < c_.staging;
    const double streams = std::max(groups, memtiles / groups * groups);
    const ControlLoops once{{static_cast<int>(chunks), even(p_.max_b, t_.no)}};
    const ControlLoops again{{static_cast<int>(std::ceil(loads.weights / chunks)), true}, once[0]};
    // What does not stay is fetched in the same order for every walk over the map. Where the input stands in the memory
    // tiles more is counted, which makes up for its halos: those take more tasks than inputs() says.
    const ControlLoops walks{again[0], {static_cast<int>(ceil_div(once[0].turns, memtiles)), once[0].even}};
    ControlCount loaded = channel_work(1, resident ? once : walks, dma);
    if (!resident && !c_.in_ddr.input) loaded = std::max(1.0, loads.weights / 4) * channel_work(1, {}, dma);
    ControlCount all = std::min<double>(streams, memtiles) * loaded;
    all.tokens += all.tasks * tuned.tokens_of_weights;
    if (!resident) all += std::min<double>(streams, memtiles) * ControlCount{1, 1, 0, 1};
    all += streams * (resident ? channel_work(1, again, dma) : loaded);
    return all;
  }

  const LayerContext& c_;
  const mapping::Partition& p_;
  const mapping::Tiling& t_;
  const Walk& walk_;
  const arch::ArraySpec& a_;
  const network::Layer& l_;
};

}  // namespace

namespace {

// Of the outermost `count` loops.
ControlCount work_of(double chain, const ControlLoop* loops, std::size_t count, double limit,
                     const arch::DmaSpec& dma) {
  const auto plain = [&](double length) { return ControlCount{length, std::ceil(length / limit), 0, 0}; };
  while (count > 0 && loops[count - 1].turns <= 1) --count;
  if (count == 0) return plain(chain);
  const ControlLoop inner = loops[--count];
  ControlCount best = work_of(chain * inner.turns, loops, count, limit, dma);  // a descriptor for each turn
  if (!inner.even || chain > limit) return best;
  double tasks = 1;  // one for each turn of the loops outside
  for (std::size_t k = 0; k < count; ++k) tasks *= loops[k].turns;
  tasks *= std::ceil(static_cast<double>(inner.turns) / dma.iterations);
  const ControlCount iterated = tasks * plain(chain);
  return time_of(iterated) < time_of(best) ? iterated : best;
}

}  // namespace

ControlCount channel_work(double chain, const ControlLoops& loops, const arch::DmaSpec& dma) {
  return work_of(chain, loops.data(), loops.size(), chain_limit(dma), dma);
}

ControlCount control_work(const LayerContext& context, const Walk& walk, const arch::ArraySpec& array) {
  return Work(context, walk, array).run();
}

double serial_cycles(const ControlCount& n, const arch::ArraySpec& array) {
  const arch::ControllerSpec& c = array.controller;
  const double ns = n.descriptors * c.serial_ns(arch::ControlKind::write_descriptor) +
                    n.tasks * c.serial_ns(arch::ControlKind::push_task) +
                    n.tokens * c.serial_ns(arch::ControlKind::await_token) +
                    n.patches * c.serial_ns(arch::ControlKind::patch_address);
  return ns * array.clock_hz / 1e9;
}

}  // namespace tessera::cost

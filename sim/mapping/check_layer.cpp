#include "sim/mapping/check_layer.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::mapping {
namespace {

class LayerChecker {
 public:
  LayerChecker(const LayerCheck& layer, const arch::ArraySpec& array, std::string path, std::vector<Problem>& wrong)
      : l_(layer), m_(layer.mapping), array_(array), path_(std::move(path)), wrong_(wrong) {}

  // False where nothing further can be said.
  bool shape() {
    const std::vector<int>& borders = l_.computed.borders;
    const int parts = channel_parts(m_.sharding, array_);
    if (m_.sharding.apart && (borders.empty() || parts <= static_cast<int>(borders.size()))) {
      add("apart", "true",
          borders.empty() ? "legal: false, no layers are computed as one"
                          : fmt::format("legal: false, {} layers do not divide {} parts of the channels",
                                        borders.size() + 1, parts));
      return false;
    }
    p_ = make_partition(l_.layer, l_.rows, m_.sharding, array_, borders);
    t_ = tiling_of(l_.layer, p_, m_);
    const bool unweighted = !sums_channels(l_.layer) && !is_product(l_.layer);
    TileSizes even = tile_sizes(l_.layer, p_, t_);
    const std::size_t before = wrong_.size();
    const auto same = [&](int k, int given, int cut) {
      if (given == cut) return;
      add(fmt::format("tile[{}]", k), given, fmt::format("legal: {}, what the parts of the cores are cut into", cut));
    };
    same(0, m_.tile.h, even.h);
    same(1, m_.tile.w, even.w);
    same(2, m_.tile.co, even.co);
    same(3, m_.tile.ci, even.ci);
    if (unweighted && m_.weights_stationary)
      add("stationary", "weights", "legal: input, the layer has no weights and no second factor that sums use again");
    if (m_.chunks_staged && !(l_.in_ddr.input && t_.ni > 1))
      add("staging", "chunks",
          l_.in_ddr.input ? "legal: tiles, all channels are one chunk"
                          : "legal: tiles, the input does not stand in DDR");
    return wrong_.size() == before;
  }

  void slots() {
    const CoreBuffers least = core_buffers(l_.computed, p_, t_, 0);
    const Slots &s = m_.buffers, &one = least.slots;
    range("buffers.input", s.input, m_.inbound.aside > 0 || one.input > 1 ? 2 : 1, 4);
    range("buffers.weights", s.weights, one.weights, one.weights > 0 ? 4 : 0);
    range("buffers.operand", s.operand, one.operand, one.operand > 0 ? 2 : 0);
    range("buffers.output", s.output, one.output, 2);
  }

  void channels() {
    const arch::DmaSpec& dma = array_.memtile.dma;
    const Channels& c = m_.channels;
    range("channels.acts", c.acts, 1, dma.mm2s);
    range("channels.weights", c.weights, p_.weights.empty() ? 0 : 1, dma.mm2s);
    range("channels.spills", c.spills, l_.in_ddr.output ? 1 : 0, l_.in_ddr.output ? array_.shim.dma.s2mm : 0);
    range("channels.results", c.results, 1, dma.s2mm - 1);
    range("channels.loads", c.loads, 1, std::min(array_.shim.dma.mm2s, dma.s2mm - 1));
    if (c.results + c.loads > dma.s2mm)
      add("channels.loads", c.loads, fmt::format("legal: with results no more than {} channels", dma.s2mm));
  }

  void inbound() {
    const Inbound& in = m_.inbound;
    if (in.aside == 1 || (in.aside > 0 && l_.in_ddr.input))
      add("inbound.aside", in.aside, l_.in_ddr.input ? "legal: 0, the input stands in DDR" : "legal: 0 or 2 to 64");
    if (in.operand_first && !l_.computed.operand) add("inbound.operand", "first", "legal: second, the layer has none");
  }

  // Bytes of a core and of a memory tile.
  void memory(std::vector<Problem>& too_large) {
    const Bytes chunk = p_.weights.empty() ? 0 : l_.weights->cut(p_, t_.no, t_.ni).largest;
    CoreBuffers b = core_buffers(l_.computed, p_, t_, chunk);
    b.slots = m_.buffers;
    const Bytes limit = array_.tile.memory.size - array_.tile.reserved;
    if (b.total() > limit)
      too_large.push_back({"", path_,
                           fmt::format("the buffers of {} need {} bytes of a core, which has {}, {} are missing",
                                       l_.layer.name, b.total(), limit, b.total() - limit),
                           "smaller tiles (tile) or fewer buffers would help"});
    const Bytes longest = std::max({b.input, b.weights, b.operand, b.output});
    if (longest > array_.tile.dma.max_length)
      too_large.push_back({"", path_,
                           fmt::format("a tile of {} has {} bytes, a descriptor of a core moves {} at once",
                                       l_.layer.name, longest, array_.tile.dma.max_length),
                           "smaller tiles (tile) would help"});
  }

 private:
  template <class Value>
  void add(const std::string& key, const Value& value, const std::string& legal) {
    wrong_.push_back({"", path_ + "." + key, fmt::format("is {} for layer {}", value, l_.layer.name), legal});
  }
  void range(const std::string& key, int value, int low, int high) {
    if (value >= low && value <= high) return;
    add(key, value, low >= high ? fmt::format("legal: {}", low) : fmt::format("legal: {} to {}", low, high));
  }

  const LayerCheck& l_;
  const LayerMapping& m_;
  const arch::ArraySpec& array_;
  std::string path_;
  std::vector<Problem>& wrong_;
  Partition p_;
  Tiling t_;
};

}  // namespace

void check_layer_mapping(const LayerCheck& layer, const arch::ArraySpec& array, const std::string& path,
                         std::vector<Problem>& wrong, std::vector<Problem>& too_large) {
  const std::size_t before = wrong.size();
  LayerChecker checker(layer, array, path, wrong);
  if (!checker.shape()) return;
  checker.slots();
  checker.channels();
  checker.inbound();
  if (wrong.size() == before) checker.memory(too_large);
}

}  // namespace tessera::mapping

#include "sim/schedule/mapping_cost.h"

#include <algorithm>

#include "sim/cost/layer_cost.h"
#include "sim/cost/tuned.h"
#include "sim/mapping/computation.h"
#include "sim/mapping/stored_masks.h"
#include "sim/mapping/tile_allocator.h"

namespace tessera::schedule {
namespace {

// Goes through the steps with the memory tiles as they are then.
class Coster {
 public:
  Coster(const mapping::Mapping& m, const Request& r, const arch::ArraySpec& array)
      : m_(m), r_(r), array_(array), places_(r.network.layers.size()) {
    const std::vector<sparsity::KernelMask> logical = mapping::computed_masks(m, r.network, r.masks);
    for (const network::Layer& l : r.network.layers)
      masks_.push_back(ops::has_blocks(l)
                           ? mapping::stored_mask(logical[l.id], m.channel_order[l.id], m.channel_order[l.inputs[0]])
                           : logical[l.id]);
    for (int k = 0; k < m.memtiles; ++k) tiles_.emplace_back(array.memtile.memory.size);
  }

  double run() {
    for (const mapping::Step& step : m_.steps) std::visit([&](const auto& s) { follow(s); }, step);
    return cycles_;
  }

 private:
  struct Placed {
    bool in_ddr = false;
    mapping::Axis axis = mapping::Axis::height;
    std::vector<std::pair<mapping::Piece, int>> pieces;  // and their owner
  };

  void follow(const mapping::Place& p) {
    Placed& placed = places_[p.tensor];
    placed.axis = p.axis;
    placed.in_ddr = p.where == mapping::Place::Where::ddr;
    if (p.where == mapping::Place::Where::over) placed.pieces = std::exchange(places_[p.over].pieces, {});
    for (const mapping::Piece& piece : p.pieces) {
      const Bytes bytes =
          Bytes{piece.h.size()} * piece.w.size() * network::stored_channels(r_.network.layers[p.tensor].out.c);
      tiles_[piece.memtile].take(piece.address, bytes, owner_);
      placed.pieces.emplace_back(piece, owner_);
    }
    ++owner_;
  }

  void follow(const mapping::Release& r) {
    auto& pieces = places_[r.tensor].pieces;
    const auto dead = [&](const auto& p) { return p.first.h.hi <= r.below; };
    for (const auto& p : pieces)
      if (dead(p)) tiles_[p.first.memtile].release(p.second);
    pieces.erase(std::remove_if(pieces.begin(), pieces.end(), dead), pieces.end());
  }

  void follow(const mapping::Compute& step) {
    const mapping::Computation what = computation_of(r_.network, step);
    cost::LayerContext c;
    c.layer = &what.layer;
    c.kernel = &what.kernel;
    c.pool = what.pool < 0 ? nullptr : &r_.network.layers[what.pool];
    c.operand = what.operand >= 0;
    std::optional<mapping::LayerWeights> weights;
    if (ops::has_weights(what.kernel)) {
      std::vector<const sparsity::KernelMask*> masks;
      for (const auto& member : what.members) masks.push_back(&masks_[member.layer]);
      c.weights = &weights.emplace(what.kernel, mapping::joined_mask(masks), cost::tuned.paced_windows);
    }
    const Placed &input = of(what.input), &output = of(what.members[0].target);
    c.in_ddr = {input.in_ddr, c.operand && of(what.operand).in_ddr, output.in_ddr};
    c.input_axis = input.axis;
    c.operand_axis = c.operand ? of(what.operand).axis : m_.axis;
    c.output_axis = output.axis;
    if (step.rows.size() < what.layer.out.h && !input.in_ddr && input.axis == mapping::Axis::height)
      c.input_sharers = std::clamp(what.layer.out.h / step.rows.size(), 1, array_.cols);
    c.staging = array_.memtile.memory.size;
    for (const auto& tile : tiles_) c.staging = std::min(c.staging, tile.largest_gap().size());
    cycles_ += layer_cost(c, step.rows, step.mapping, array_, r_.latency_model).cycles;
  }

  const Placed& of(network::LayerId tensor) const { return places_[m_.root(tensor)]; }

  const mapping::Mapping& m_;
  const Request& r_;
  const arch::ArraySpec& array_;
  std::vector<Placed> places_;  // per root
  std::vector<sparsity::KernelMask> masks_;
  std::vector<mapping::TileAllocator> tiles_;
  int owner_ = 0;
  double cycles_ = 0;
};

}  // namespace

double mapping_cost(const mapping::Mapping& mapping, const Request& request, const arch::ArraySpec& array) {
  return Coster(mapping, request, array).run();
}

}  // namespace tessera::schedule

#include "sim/lower/lower.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/lower/chunk_places.h"
#include "sim/lower/layer_emitter.h"
#include "sim/mapping/stored_masks.h"

namespace tessera::lower {
namespace {

class Lowering {
 public:
  Lowering(const network::Network& network, const arch::ArraySpec& array, const mapping::Mapping& mapping)
      : network_(network),
        array_(array),
        mapping_(mapping),
        e_(network, array, mapping.aliases),
        standing_(network.layers.size()),
        first_piece_(network.layers.size(), 0) {
    for (const network::Layer& l : network.layers) standing_[mapping.root(l.id)].push_back(l.id);
  }

  Expected<program::Program> run(const std::vector<std::optional<sparsity::BlockMask>>& masks) {
    describe_layers(masks);
    for (const mapping::Step& step : mapping_.steps) {
      std::optional<Failure> failure;
      if (const auto* place = std::get_if<mapping::Place>(&step))
        this->place(*place);
      else if (const auto* release = std::get_if<mapping::Release>(&step))
        this->release(*release);
      else
        failure = compute(std::get<mapping::Compute>(step));
      if (failure) return std::move(*failure);
    }
    for (const mapping::FusionGroup& g : mapping_.groups)
      for (const network::LayerId id : g.layers) placed(id).mapping += fmt::format(" depth-tiles={}", g.tiles);
    for (const network::Layer& l : network_.layers) {
      const network::LayerId own = l.repeats < 0 ? l.id : l.repeats;
      placed(l.id).zeros_kept = std::binary_search(mapping_.zeros_kept.begin(), mapping_.zeros_kept.end(), own);
    }
    e_.ddr_top = place_chunks(e_.builder.program(), e_.map(), e_.ddr_top);
    e_.builder.program().ddr_bytes = e_.ddr_top;
    return e_.builder.finish();
  }

 private:
  program::ProgramLayer& placed(network::LayerId id) { return e_.builder.program().layers[id]; }

  void describe_layers(const std::vector<std::optional<sparsity::BlockMask>>& masks) {
    program::Program& p = e_.builder.program();
    p.network = network_.name;
    const std::vector<sparsity::KernelMask> logical = mapping::computed_masks(mapping_, network_, masks);
    const auto& orders = mapping_.channel_order;
    for (const network::Layer& l : network_.layers) {
      program::ProgramLayer pl;
      pl.layer = l;
      pl.block_order = orders[l.id];
      if (ops::has_blocks(l) && l.repeats >= 0) {
        pl.mask = p.layers[l.repeats].mask;
      } else if (ops::has_blocks(l)) {
        pl.mask = static_cast<int>(p.masks.size());
        p.masks.push_back(mapping::stored_mask(logical[l.id], orders[l.id], orders[l.inputs[0]]));
      }
      p.layers.push_back(std::move(pl));
    }
  }

  void place(const mapping::Place& p) {
    Placement& placement = e_.placements[p.tensor];
    const std::size_t from = placement.pieces.size();
    const network::Layer& l = network_.layers[p.tensor];
    placement.channels = network::stored_channels(l.out.c);
    placement.axis = p.axis;
    switch (p.where) {
      case mapping::Place::Where::ddr:
        place_in_ddr(placement, l);
        break;
      case mapping::Place::Where::over:
        place_over(placement, p.over);
        break;
      case mapping::Place::Where::memory_tiles:
        for (const mapping::Piece& piece : p.pieces) place_piece(placement, piece);
        break;
    }
    ++owner_;
    record_pieces(p.tensor, from);
  }

  void place_in_ddr(Placement& placement, const network::Layer& l) {
    placement.in_ddr = true;
    Piece piece;
    piece.h = {0, l.out.h};
    piece.w = {0, l.out.w};
    piece.pixel_step = placement.channels;
    piece.buffer = std::make_shared<Buffer>();
    piece.buffer->address = e_.take_ddr(Bytes{l.out.h} * l.out.w * placement.channels);
    placement.pieces.push_back(std::move(piece));
  }

  void place_over(Placement& placement, network::LayerId operand) {
    placement.pieces = e_.placements[operand].pieces;
    for (Piece& p : placement.pieces) {
      p.buffer = claim(p.memtile, p.buffer->address, p.row_step() * p.h.size());
      p.writers.clear();
      e_.allocators[p.memtile].rename(p.owner, owner_);
      p.owner = owner_;
    }
  }

  void place_piece(Placement& placement, const mapping::Piece& given) {
    Piece piece;
    piece.memtile = given.memtile;
    piece.owner = owner_;
    piece.h = given.h;
    piece.w = given.w;
    piece.tile_row = given.tile_row;
    piece.pixel_step = placement.channels;
    const Bytes bytes = piece.row_step() * piece.h.size();
    e_.allocators[piece.memtile].take(given.address, bytes, owner_);
    if (given.tile_row < 0) {
      piece.buffer = claim(piece.memtile, given.address, bytes);
    } else {  // claimed when the cores are there
      piece.buffer = std::make_shared<Buffer>();
      piece.buffer->address = given.address;
    }
    placement.pieces.push_back(std::move(piece));
  }

  BufferRef claim(int memtile, std::int64_t at, Bytes bytes) {
    return e_.memory[e_.map().memory_tile(memtile)].claim(at, at + round_up(bytes, 32));
  }

  // Notes the pieces of `root` from index `from` on for every tensor that stands in them.
  void record_pieces(network::LayerId root, std::size_t from) {
    const auto& pieces = e_.placements[root].pieces;
    if (from == 0) first_piece_[root] = e_.builder.program().pieces.size() + forgotten_;
    for (const network::LayerId tensor : standing_[root]) {
      const network::Layer& l = network_.layers[tensor];
      const int channels = network::stored_channels(l.out.c);
      for (std::size_t i = from; i < pieces.size(); ++i) {
        Piece piece = pieces[i];
        program::TensorPiece t;
        t.tensor = static_cast<std::int16_t>(l.id);
        t.region = {piece.h.lo, piece.h.hi, piece.w.lo, piece.w.hi, 0, channels};
        t.in_ddr = piece.memtile < 0;
        t.memory = t.in_ddr ? -1 : e_.map().memory_tile(piece.memtile);
        t.access = segment_access({&piece, piece.h, piece.w}, e_.aliases[l.id].c0, channels);
        e_.builder.program().pieces.push_back(t);
      }
    }
  }

  void release(const mapping::Release& r) {
    auto& pieces = e_.placements[r.tensor].pieces;
    if (std::all_of(pieces.begin(), pieces.end(), [](const Piece& p) { return p.writers.empty(); }))
      forget_pieces(r.tensor);
    const auto dead = [&](const Piece& p) { return p.memtile >= 0 && p.h.hi <= r.below; };
    for (const Piece& p : pieces)
      if (dead(p)) e_.free(p.memtile, p.owner);
    pieces.erase(std::remove_if(pieces.begin(), pieces.end(), dead), pieces.end());
  }

  // Takes back what record_pieces noted last, of a place that nothing was written to.
  void forget_pieces(network::LayerId root) {
    auto& pieces = e_.builder.program().pieces;
    const std::size_t before = pieces.size();
    // What was forgotten since stood before or behind them.
    const std::size_t first = first_piece_[root] - std::min(forgotten_, first_piece_[root]);
    pieces.erase(std::remove_if(pieces.begin() + static_cast<std::ptrdiff_t>(std::min(first, before)), pieces.end(),
                                [&](const program::TensorPiece& t) { return e_.aliases[t.tensor].root == root; }),
                 pieces.end());
    forgotten_ += before - pieces.size();
  }

  std::optional<Failure> compute(const mapping::Compute& c) {
    const LayerPlan plan = make_layer_plan(e_, c);
    const std::string& name = plan.layer.name;
    if (c.fused >= 0) placed(c.fused).mapping = "fused into " + name;
    for (const network::LayerId id : c.joins) placed(id).mapping = "computed with " + name;
    placed(c.layer).mapping =
        text_of(c) + (e_.placement(plan.members[0].target).axis != mapping_.axis ? " sharding=width" : "");
    const Bytes gap = largest_gap();
    LayerEmitter emitter(e_, plan);
    if (emitter.emit()) return std::nullopt;
    return fail(
        ExitCode::does_not_fit,
        {"", "layer " + name,
         fmt::format(
             "staging and weights need {} bytes of each memory tile in several buffers, which do not fit around "
             "what other layers keep there; the largest gap has {}",
             staging_bytes(plan.in_ddr, plan.partition, plan.tiling, plan.buffers, array_), gap),
         "larger memory tiles (hardware.memtile.memory.size), more columns (hardware.cols), or another mapping "
         "(schedule.layers.<name>.cols/rows/tile) would help"});
  }

  // What reports show of a mapping.
  static std::string text_of(const mapping::Compute& c) {
    return sharding_name(c.mapping.sharding) + " " + walk_name(c.mapping) +
           (c.joins.empty() ? "" : fmt::format(" for {} layers", c.joins.size() + 1));
  }

  Bytes largest_gap() const {
    Bytes least = array_.memtile.memory.size;
    for (const auto& a : e_.allocators) least = std::min(least, a.largest_gap().size());
    return least;
  }

  const network::Network& network_;
  const arch::ArraySpec& array_;
  const mapping::Mapping& mapping_;
  Emission e_;
  std::vector<std::vector<network::LayerId>> standing_;  // per root: the tensors that stand in it, ascending
  std::vector<std::size_t> first_piece_;  // per root: where in the program its pieces begin, forgotten ones counted
  std::size_t forgotten_ = 0;             // pieces
  int owner_ = 0;                         // of what the next place takes of the memory tiles
};

}  // namespace

Expected<program::Program> lower(const network::Network& network,
                                 const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                 const arch::ArraySpec& array, const mapping::Mapping& mapping) {
  return Lowering(network, array, mapping).run(masks);
}

}  // namespace tessera::lower

// Where tensors stand, and for how long.
#include <algorithm>

#include "sim/schedule/rolling.h"
#include "sim/schedule/scheduler.h"

namespace tessera::schedule {

void Scheduler::place_in_ddr(network::LayerId root) {
  const network::Layer& l = network_.layers[root];
  Home home;
  home.in_ddr = true;
  home.channels = network::stored_channels(l.out.c);
  Piece piece;
  piece.h = {0, l.out.h};
  piece.w = {0, l.out.w};
  piece.pixel_step = home.channels;
  piece.buffer = std::make_shared<Buffer>();
  piece.buffer->address = e_.take_ddr(Bytes{l.out.h} * l.out.w * home.channels);
  home.pieces.push_back(std::move(piece));
  e_.homes[root] = std::move(home);
  record_pieces(root, 0);
}

// Places for rows of the tensor, spread over the memory tiles, if every one of them keeps `reserve` in one gap;
// nothing, and `allocators` unchanged, otherwise.
std::optional<std::vector<Piece>> Scheduler::find_rows(std::vector<TileAllocator>& allocators, network::LayerId root,
                                                       Span rows, Bytes reserve, int owner, bool high) const {
  const network::Layer& l = network_.layers[root];
  std::vector<Piece> pieces;
  for (int m = 0; m < array_.memtiles(); ++m) {
    Piece piece;
    piece.memtile = m;
    piece.owner = owner;
    piece.h = rows;
    piece.w = {0, l.out.w};
    Span& band = bands_[root] == Axis::height ? piece.h : piece.w;
    band = split(band, array_.memtiles(), m);
    if (band.empty()) continue;
    piece.pixel_step = network::stored_channels(l.out.c);
    const Bytes bytes = piece.row_step() * piece.h.size();
    const auto at = allocators[m].find(round_up(bytes, 32), high);
    if (at) allocators[m].take(*at, bytes, owner);
    if (!at || allocators[m].largest_gap().size() < reserve) {
      for (auto& a : allocators) a.release(owner);
      return std::nullopt;
    }
    piece.buffer = std::make_shared<Buffer>();
    piece.buffer->address = *at;
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

bool Scheduler::place_rows(network::LayerId root, Span rows, Bytes reserve) {
  auto pieces = find_rows(e_.allocators, root, rows, reserve, next_owner_++, e_.emitted_layers % 2 == 1);
  if (!pieces) return false;
  Home& home = e_.homes[root];
  home.channels = network::stored_channels(network_.layers[root].out.c);
  for (Piece& p : *pieces) {
    p.buffer = e_.memory[e_.map().memory_tile(p.memtile)].claim(
        p.buffer->address, p.buffer->address + round_up(p.row_step() * p.h.size(), 32));
    home.pieces.push_back(std::move(p));
  }
  record_pieces(root, home.pieces.size() - pieces->size());
  return true;
}

// Ends the life of the rows of `root` below row `below`.
void Scheduler::release_rows(network::LayerId root, int below) {
  auto& pieces = e_.homes[root].pieces;
  for (const Piece& p : pieces)
    if (p.memtile >= 0 && p.h.hi <= below) e_.free(p.memtile, p.owner);
  pieces.erase(
      std::remove_if(pieces.begin(), pieces.end(), [&](const Piece& p) { return p.memtile >= 0 && p.h.hi <= below; }),
      pieces.end());
}

// Whether the tensor stands in pieces of one depth-wise tile after the other.
bool Scheduler::placed_by_rows(network::LayerId tensor) {
  const auto& pieces = e_.home(tensor).pieces;
  return std::any_of(pieces.begin(), pieces.end(), [&](const Piece& p) { return p.owner != pieces.front().owner; }) ||
         (!pieces.empty() && pieces.back().h.hi < network_.layers[e_.views[tensor].root].out.h);
}

bool Scheduler::fits(network::LayerId root) const {
  const network::Layer& l = network_.layers[root];
  const Bytes row = Bytes{l.out.w} * network::stored_channels(l.out.c);
  const Bytes bytes = ceil_div(l.out.h, array_.memtiles()) * row;
  return bytes + usual_reserve() <= free_staging();
}

// A sum may overwrite the operand that nobody reads afterwards: every element is read before its sum is written.
bool Scheduler::place_over(network::LayerId root, network::LayerId operand, int reader) {
  Home& old = e_.homes[operand];
  if (e_.views[operand].root != operand || last_use_[operand] != reader || old.in_ddr || last_use_[root] == 0)
    return false;
  if (!e_.homes[root].pieces.empty() || !(network_.layers[root].out == network_.layers[operand].out)) return false;
  Home home = old;
  for (Piece& p : home.pieces) {
    const std::int64_t lo = p.buffer->address;
    p.buffer = e_.memory[e_.map().memory_tile(p.memtile)].claim(lo, lo + round_up(p.row_step() * p.h.size(), 32));
    p.writers.clear();
    e_.allocators[p.memtile].rename(p.owner, next_owner_);
    p.owner = next_owner_;
  }
  ++next_owner_;
  e_.homes[root] = std::move(home);
  bands_[root] = bands_[operand];
  record_pieces(root, 0);
  return true;
}

Bytes Scheduler::free_staging() const {
  Bytes least = array_.memtile.memory.size;
  for (const auto& a : e_.allocators) least = std::min(least, a.largest_gap().size());
  return least;
}

// Notes the pieces of `root` from index `from` on for every tensor that stands in them.
void Scheduler::record_pieces(network::LayerId root, std::size_t from) {
  const auto& pieces = e_.homes[root].pieces;
  if (from == 0) first_piece_[root] = e_.builder.program().pieces.size();
  for (network::LayerId tensor : standing_[root]) {
    const network::Layer& l = network_.layers[tensor];
    const int channels = network::stored_channels(l.out.c);
    for (std::size_t i = from; i < pieces.size(); ++i) {
      Piece piece = pieces[i];
      program::TensorPiece t;
      t.tensor = static_cast<std::int16_t>(l.id);
      t.region = {piece.h.lo, piece.h.hi, piece.w.lo, piece.w.hi, 0, channels};
      t.in_ddr = piece.memtile < 0;
      t.memory = t.in_ddr ? -1 : e_.map().memory_tile(piece.memtile);
      t.access = segment_access({&piece, piece.h, piece.w}, e_.views[l.id].c0, channels);
      e_.builder.program().pieces.push_back(t);
    }
  }
}

// Takes back what record_pieces noted last, of `root`.
void Scheduler::forget_pieces(network::LayerId root) {
  auto& pieces = e_.builder.program().pieces;
  const auto first = pieces.begin() + static_cast<std::ptrdiff_t>(std::min(first_piece_[root], pieces.size()));
  pieces.erase(std::remove_if(first, pieces.end(),
                              [&](const program::TensorPiece& t) { return e_.views[t.tensor].root == root; }),
               pieces.end());
}

void Scheduler::release_read_by(network::LayerId reader) {
  for (network::LayerId root : ending_[reader])
    for (const Piece& p : e_.homes[root].pieces)
      if (p.memtile >= 0) e_.free(p.memtile, p.owner);
}

// Whether a pool may leave `root` in DDR, where its readers fetch it, for less than `rolled`: tiles of few rows read
// the rows between them again and again, while tiles of few channels and all rows read nothing twice.
bool Scheduler::spills_better(const network::Layer& pool, network::LayerId root, Bytes reserve, double rolled) const {
  if (pool.op != network::Op::maxpool && pool.op != network::Op::avgpool) return false;
  const auto cost = [&](const network::Layer& l, bool input_in_ddr, bool output_in_ddr, Bytes staging) {
    const DepthUnit u = unit_of(l);
    return unit_cost(u, {0, u.geometry.out.h}, input_in_ddr, output_in_ddr, staging, 1);
  };
  const auto first = cost(pool, false, true, free_staging());
  if (!first) return false;
  double spilled = *first;
  for (network::LayerId id : readers_[root]) {
    const network::Layer& reader = network_.layers[id];
    if (reader.inputs[0] != root || reader.op == network::Op::concat || fused_into_[reader.id] >= 0) continue;
    const auto from_ddr = cost(reader, true, false, free_staging()), from_home = cost(reader, false, false, reserve);
    if (!from_ddr) return false;
    if (from_home) spilled += *from_ddr - *from_home;
  }
  return spilled < rolled;
}

// Places the output over rows of the input as they become free (rolling.h), if the layer is the input's last reader and
// one of its mappings allows that; nothing otherwise.
std::optional<Scheduler::Choice> Scheduler::roll(LayerContext c, network::LayerId input, network::LayerId root,
                                                 Bytes reserve, std::vector<LayerPlan::Later>* later) {
  const network::LayerId from = e_.views[input].root;
  const network::Layer& l = network_.layers[root];
  if (bands_[from] != Axis::height || e_.homes[from].in_ddr || last_use_[from] != c.kernel->id) return std::nullopt;
  if (placed_by_rows(from) || spec_.layers.count(c.layer->name) != 0 || c.layer->op == network::Op::concat)
    return std::nullopt;
  if (e_.views[root].root != root || !(c.layer->out == l.out)) return std::nullopt;
  c.output_in_ddr = false;
  c.output_bands = Axis::height;
  c.rolling = true;
  c.staging = reserve;
  const int channels = network::stored_channels(l.out.c), owner = next_owner_++;
  const Bytes row_bytes = Bytes{l.out.w} * channels;
  const auto places = [&](const Partition& p, const Tiling& t) {
    return roll_output(*c.layer, p, t, e_.homes[from], row_bytes, reserve, array_, e_.allocators);
  };
  c.admits = [&](const Partition& p, const Tiling& t) { return places(p, t).has_value(); };
  Demand unused;
  auto choice = weigh_mappings(c, {0, c.layer->out.h}, unused);
  if (!choice || spills_better(*c.kernel, root, reserve, choice->tiling.estimate.cycles)) return std::nullopt;
  Home& home = e_.homes[root];
  home.channels = channels;
  bands_[root] = Axis::height;
  const auto taken = places(choice->partition, choice->tiling.tiling);
  for (const RolledRows& r : *taken) {
    e_.allocators[r.memtile].take(r.address, r.rows.size() * row_bytes, owner);
    later->push_back({r.step, home.pieces.size()});
    Piece piece;
    piece.memtile = r.memtile;
    piece.owner = owner;
    piece.h = r.rows;
    piece.w = {0, l.out.w};
    piece.pixel_step = channels;
    piece.buffer = std::make_shared<Buffer>();
    piece.buffer->address = r.address;
    home.pieces.push_back(std::move(piece));
  }
  record_pieces(root, 0);
  return choice;
}

}  // namespace tessera::schedule

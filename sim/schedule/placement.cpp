#include "sim/schedule/placement.h"

#include <algorithm>

namespace tessera::schedule {

Bytes free_staging(const Inputs& in, const Memory& memory) {
  Bytes least = in.array.memtile.memory.size;
  for (const auto& a : memory.tiles) least = std::min(least, a.largest_gap().size());
  return least;
}

bool Draft::placed_by_rows(const Inputs& in, network::LayerId tensor) const {
  const auto& parts = of(tensor).parts;
  return std::any_of(parts.begin(), parts.end(),
                     [&](const Standing::Part& p) { return p.owner != parts.front().owner; }) ||
         (!parts.empty() && parts.back().piece.h.hi < in.layer(mapping.root(tensor)).out.h);
}

std::optional<mapping::Place> find_place(const Inputs& in, mapping::Axis axis, Memory& memory, network::LayerId root,
                                         mapping::Span rows, Bytes reserve) {
  const network::Layer& l = in.layer(root);
  mapping::Place place{root, mapping::Place::Where::memory_tiles, axis, -1, {}};
  Memory with = memory;
  const int memtiles = in.array.memtiles();
  for (int m = 0; m < memtiles; ++m) {
    mapping::Piece piece{m, rows, {0, l.out.w}, 0, -1};
    mapping::Span& share = axis == mapping::Axis::height ? piece.h : piece.w;
    share = mapping::split(share, memtiles, m);
    if (share.empty()) continue;
    const Bytes bytes = Bytes{piece.h.size()} * piece.w.size() * network::stored_channels(l.out.c);
    mapping::TileAllocator& tile = with.tiles[m];
    const auto at = tile.find(round_up(bytes, 32), with.computed % 2 == 1);
    if (!at) return std::nullopt;
    tile.take(*at, bytes, with.next_owner);
    if (tile.largest_gap().size() < reserve) return std::nullopt;
    piece.address = *at;
    place.pieces.push_back(piece);
  }
  ++with.next_owner;
  memory = std::move(with);
  return place;
}

void take(Draft& d, const mapping::Place& place, Memory memory, int owner) {
  d.memory = std::move(memory);
  for (const mapping::Piece& piece : place.pieces) d.standing[place.tensor].parts.push_back({piece, owner});
  d.mapping.steps.emplace_back(place);
}

void give_up(Draft& d, const std::vector<mapping::Place>& places) {
  for (const mapping::Place& place : places) d.mapping.steps.emplace_back(place);
  for (const mapping::Place& place : places) d.mapping.steps.emplace_back(mapping::Release{place.tensor});
}

bool place_rows(const Inputs& in, Draft& d, network::LayerId root, mapping::Span rows, Bytes reserve) {
  Memory memory = d.memory;
  const auto place = find_place(in, d.axis[root], memory, root, rows, reserve);
  if (place) take(d, *place, std::move(memory), d.memory.next_owner);
  return place.has_value();
}

void place_in_ddr(Draft& d, network::LayerId root) {
  d.standing[root].in_ddr = true;
  d.mapping.steps.emplace_back(mapping::Place{root, mapping::Place::Where::ddr, d.axis[root], -1, {}});
}

bool place_over(const Inputs& in, Draft& d, network::LayerId root, network::LayerId operand, network::LayerId reader) {
  const Standing& old = d.standing[operand];
  if (d.mapping.root(operand) != operand || d.last_use[operand] != reader || old.in_ddr || d.last_use[root] == 0)
    return false;
  if (!d.standing[root].parts.empty() || d.standing[root].in_ddr || !(in.layer(root).out == in.layer(operand).out))
    return false;
  Standing now = old;
  for (Standing::Part& p : now.parts) {
    d.memory.tiles[p.piece.memtile].rename(p.owner, d.memory.next_owner);
    p.owner = d.memory.next_owner;
  }
  ++d.memory.next_owner;
  d.standing[operand].parts.clear();
  d.standing[root] = std::move(now);
  d.axis[root] = d.axis[operand];
  d.mapping.steps.emplace_back(mapping::Place{root, mapping::Place::Where::over, d.axis[root], operand, {}});
  return true;
}

void release_rows(Draft& d, network::LayerId root, int below) {
  auto& parts = d.standing[root].parts;
  const auto dead = [&](const Standing::Part& p) { return p.piece.h.hi <= below; };
  const auto rest = std::stable_partition(parts.begin(), parts.end(), [&](const auto& p) { return !dead(p); });
  if (rest == parts.end()) return;
  for (auto p = rest; p != parts.end(); ++p) d.memory.tiles[p->piece.memtile].release(p->owner);
  const bool all = rest == parts.begin();
  parts.erase(rest, parts.end());
  d.mapping.steps.emplace_back(mapping::Release{root, all ? mapping::Release::all : below});
}

void release_read_by(Draft& d, network::LayerId reader) {
  for (network::LayerId root : d.ending[reader]) release_rows(d, root, mapping::Release::all);
}

bool fits(const Inputs& in, const Draft& d, network::LayerId root) {
  const network::Layer& l = in.layer(root);
  const Bytes row = Bytes{l.out.w} * network::stored_channels(l.out.c);
  return ceil_div(l.out.h, in.array.memtiles()) * row + in.usual_reserve() <= free_staging(in, d.memory);
}

}  // namespace tessera::schedule

#include "sim/verify/clocks.h"

#include <algorithm>

#include "sim/base/maximum.h"

namespace tessera::verify {
namespace {

constexpr std::size_t lanes = 16;

}  // namespace

Clocks::Clocks(const program::EngineMap& map, const std::vector<program::EngineId>& active, bool short_clocks)
    : place_(map.count()), own_(active.size(), 0) {
  const auto padded = [](std::size_t n) { return (n + lanes - 1) / lanes * lanes; };
  std::vector<int> in_tile(map.tile_count(), 0);
  std::size_t most = 0;
  for (std::size_t i = 0; i < active.size(); ++i) {
    const program::EngineMap::Info& info = map.info(active[i]);
    Place& p = place_[active[i]];
    p.row = static_cast<int>(i);
    if (short_clocks && info.tile_kind == program::TileKind::compute) {
      p.tile = info.tile;
      p.component = in_tile[info.tile]++;
      most = std::max<std::size_t>(most, in_tile[info.tile]);
    } else {
      p.component = static_cast<int>(shared_++);
    }
  }
  shared_ = padded(shared_);
  width_ = shared_ + padded(most);
  for (program::EngineId e : active) {
    if (place_[e].tile >= 0) place_[e].component += static_cast<int>(shared_);
    rows_.push_back(fresh());
    std::fill_n(pool_[rows_.back()].known.get(), width_, 0);
  }
}

// A row with one user and whatever stands in it.
int Clocks::fresh() {
  int id = static_cast<int>(pool_.size());
  if (free_rows_.empty()) {
    pool_.push_back({std::unique_ptr<std::int32_t[]>(new std::int32_t[width_]), 1});
  } else {
    id = free_rows_.back();
    free_rows_.pop_back();
    pool_[id].users = 1;
  }
  return id;
}

void Clocks::learn(program::EngineId to, program::EngineId from, int from_row, std::int32_t from_own) {
  const Place &t = place_[to], &f = place_[from];
  const std::size_t n = t.tile == f.tile ? width_ : shared_;
  const int old = rows_[t.row];
  if (pool_[old].users > 1) {
    const int id = fresh();
    --pool_[old].users;
    rows_[t.row] = id;
    std::int32_t* known = pool_[id].known.get();
    maximum_of(known, pool_[old].known.get(), pool_[from_row].known.get(), n);
    std::copy_n(pool_[old].known.get() + n, width_ - n, known + n);
  } else {
    raise_to(pool_[old].known.get(), pool_[from_row].known.get(), n);
  }
  if (f.tile >= 0 && f.tile != t.tile) return;
  std::int32_t& known = pool_[rows_[t.row]].known[f.component];
  known = std::max(known, from_own);
}

int Clocks::keep(program::EngineId e) {
  const Kept k{e, rows_[place_[e].row], own_[place_[e].row]};
  ++pool_[k.row].users;
  if (free_kept_.empty()) {
    kept_.push_back(k);
    return static_cast<int>(kept_.size()) - 1;
  }
  const int id = free_kept_.back();
  free_kept_.pop_back();
  kept_[id] = k;
  return id;
}

void Clocks::drop(int id) {
  if (--pool_[kept_[id].row].users == 0) free_rows_.push_back(kept_[id].row);
  free_kept_.push_back(id);
}

}  // namespace tessera::verify

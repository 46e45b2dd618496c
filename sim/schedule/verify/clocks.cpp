#include "sim/schedule/verify/clocks.h"

#include <algorithm>

namespace tessera::verifying {
namespace {

// to = max(to, from), and out = max(a, b).
struct Merging {
  void (*join)(std::int32_t* to, const std::int32_t* from, std::size_t n);
  void (*both)(std::int32_t* out, const std::int32_t* a, const std::int32_t* b, std::size_t n);
};

void join(std::int32_t* __restrict to, const std::int32_t* __restrict from, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] = std::max(to[i], from[i]);
}
void both(std::int32_t* __restrict out, const std::int32_t* __restrict a, const std::int32_t* __restrict b,
          std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = std::max(a[i], b[i]);
}

#if defined(__x86_64__) && defined(__GNUC__)
// Plain x86-64 has no maximum of 32-bit integers; nearly every machine has this one.
__attribute__((target("avx2"))) void join_avx2(std::int32_t* __restrict to, const std::int32_t* __restrict from,
                                               std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] = to[i] > from[i] ? to[i] : from[i];
}
__attribute__((target("avx2"))) void both_avx2(std::int32_t* __restrict out, const std::int32_t* __restrict a,
                                               const std::int32_t* __restrict b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] > b[i] ? a[i] : b[i];
}
const Merging merging = __builtin_cpu_supports("avx2") ? Merging{join_avx2, both_avx2} : Merging{join, both};
#else
const Merging merging{join, both};
#endif

constexpr std::size_t lanes = 16;

}  // namespace

Clocks::Clocks(int engines, const std::vector<EngineId>& active)
    : slot_(engines, -1), width_((active.size() + lanes - 1) / lanes * lanes), own_(active.size(), 0) {
  for (std::size_t i = 0; i < active.size(); ++i) {
    slot_[active[i]] = static_cast<int>(i);
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

void Clocks::learn(int to, int from_row, int from_slot, std::int32_t from_own) {
  const int old = rows_[to];
  const std::int32_t* from = pool_[from_row].known.get();
  if (old == from_row && from[from_slot] >= from_own) return;
  if (pool_[old].users > 1) {
    const int id = fresh();
    --pool_[old].users;
    rows_[to] = id;
    merging.both(pool_[id].known.get(), pool_[old].known.get(), pool_[from_row].known.get(), width_);
  } else {
    merging.join(pool_[old].known.get(), from, width_);
  }
  std::int32_t& known = pool_[rows_[to]].known[from_slot];
  known = std::max(known, from_own);
}

int Clocks::keep(EngineId e) {
  const int slot = slot_[e];
  const Kept k{rows_[slot], slot, own_[slot]};
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

}  // namespace tessera::verifying

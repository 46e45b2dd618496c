#include "sim/route/renumber.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace tessera::route {
namespace {

constexpr int sweeps = 2;  // over all sides, as each depends on its neighbours
// What it is worth that a register has its value, or none yet: it comes with the design then, and what stands in others
// is still there when it is wanted again.
constexpr int equal = 4, unset = 3;

Way moved(Way way, int from, int to) {
  const Way bit = Way{1} << from;
  return (way & bit) == 0 ? way : (way & ~bit) | Way{1} << to;
}

class Renumbering {
 public:
  Renumbering(const Device& device, const std::vector<program::Route>& routes, const SwitchRegisters& now,
              Routing& routing)
      : device_(device),
        now_(now),
        routing_(routing),
        passages_(passages_of(device.grid, device.map, routes, routing)),
        used_(device.grid.links().size()) {
    for (std::size_t s = 0; s < routing.trees.size(); ++s)
      for (Hop& hop : routing.trees[s]) used_[index(hop.links)].push_back(&hop);
  }

  void run() {
    for (int sweep = 0; sweep < sweeps; ++sweep)
      for (std::size_t l = 0; l < used_.size(); ++l)
        if (!used_[l].empty() && device_.grid.links()[l].count > 1) exchange(l);
  }

 private:
  int worth(const SwitchRegister& at, const RegisterValue& value) const {
    const auto known = now_.find(at);
    return known == now_.end() ? unset : known->second == value ? equal : 0;
  }
  bool has_slot(SwitchRegister port, const RegisterValue& value) const {
    port.slot = 0;
    for (auto at = now_.lower_bound(port); at != now_.end(); ++at) {
      if (at->first.tile != port.tile || at->first.master || at->first.port != port.port) return false;
      if (at->second == value) return true;
    }
    return false;
  }

  // What it is worth that link i of a side becomes link j, as seen by the switch that sends.
  int of_sender(const SwitchRegisters& registers, const Links& side, int i, int j) const {
    int sum = 0;
    for (const auto& [at, value] : registers) {
      if (at.master && at.port == side.master + i) {
        RegisterValue then = value;
        if (then.front() >= 0) {
          for (std::int64_t& way : then)
            way = static_cast<std::int64_t>(moved(static_cast<Way>(way), side.master + i, side.master + j));
          std::sort(then.begin(), then.end());
        }
        sum += worth({side.from, true, side.master + j, -1}, then);
      }
      if (at.master || at.slot < 0) continue;
      const auto way = static_cast<Way>(value.back());
      if ((way >> (side.master + i) & 1) == 0) continue;
      RegisterValue then = value;
      then.back() = static_cast<std::int64_t>(moved(way, side.master + i, side.master + j));
      if (has_slot(at, then)) sum += equal;
    }
    return sum;
  }
  // And by the one that takes.
  int of_taker(const SwitchRegisters& registers, const Links& side, int i, int j) const {
    int sum = 0;
    for (const auto& [at, value] : registers) {
      if (at.master && value.front() == -1 - (side.slave + i)) sum += worth(at, {-1 - (side.slave + j)});
      if (at.master || at.port != side.slave + i) continue;
      const SwitchRegister then{side.to, false, side.slave + j, at.slot};
      sum += at.slot < 0 ? worth(then, value) : has_slot(then, value) ? equal : 0;
    }
    return sum;
  }

  void exchange(std::size_t l) {
    const Links& side = device_.grid.links()[l];
    const SwitchRegisters from = registers_of(device_, passages_, routing_, side.from),
                          to = registers_of(device_, passages_, routing_, side.to);
    std::vector<char> used(index(side.count));
    for (const Hop* hop : used_[l]) used[index(hop->link)] = 1;
    std::vector<std::tuple<int, int, int, int>> worths;  // falling: worth; rising: moved, i, j
    int stay = 0;
    for (int i = 0; i < side.count; ++i)
      for (int j = 0; used[index(i)] != 0 && j < side.count; ++j) {
        const int sum = of_sender(from, side, i, j) + of_taker(to, side, i, j);
        worths.emplace_back(-sum, i == j ? 0 : 1, i, j);
        if (i == j) stay += sum;
      }
    std::sort(worths.begin(), worths.end());
    std::vector<int> becomes(index(side.count), -1);
    std::vector<char> taken(index(side.count));
    int sum = 0;
    for (const auto& [less, other, i, j] : worths) {
      if (becomes[index(i)] >= 0 || taken[index(j)] != 0) continue;
      becomes[index(i)] = j;
      taken[index(j)] = 1;
      sum -= less;
    }
    if (sum > stay) apply(l, becomes);
  }

  void apply(std::size_t l, const std::vector<int>& becomes) {
    const Links& side = device_.grid.links()[l];
    for (Hop* hop : used_[l]) hop->link = becomes[index(hop->link)];
    for (Passage& p : passages_[index(side.from)]) {
      Way way = p.way;
      for (int i = 0; i < side.count; ++i) {
        const Way bit = Way{1} << (side.master + i);
        if ((p.way & bit) != 0) way = (way & ~bit) | Way{1} << (side.master + becomes[index(i)]);
      }
      p.way = way;
    }
    std::vector<Passage>& at = passages_[index(side.to)];
    for (Passage& p : at)
      if (p.slave >= side.slave && p.slave < side.slave + side.count)
        p.slave = side.slave + becomes[index(p.slave - side.slave)];
    std::sort(at.begin(), at.end(), [](const Passage& a, const Passage& b) {
      return std::tie(a.slave, a.stream, a.route) < std::tie(b.slave, b.stream, b.route);
    });
    if (routing_.packets.empty()) return;
    std::uint64_t& packets = routing_.packets[index(side.to)];
    const std::uint64_t before = packets;
    for (int i = 0; i < side.count; ++i) packets &= ~(std::uint64_t{1} << (side.slave + i));
    for (int i = 0; i < side.count; ++i)
      if (becomes[index(i)] >= 0 && (before >> (side.slave + i) & 1) != 0)
        packets |= std::uint64_t{1} << (side.slave + becomes[index(i)]);
  }

  const Device& device_;
  const SwitchRegisters& now_;
  Routing& routing_;
  Passages passages_;
  std::vector<std::vector<Hop*>> used_;  // by Grid::links
};

}  // namespace

void renumber(const Device& device, const std::vector<program::Route>& routes, const SwitchRegisters& now,
              Routing& routing) {
  Renumbering(device, routes, now, routing).run();
}

}  // namespace tessera::route

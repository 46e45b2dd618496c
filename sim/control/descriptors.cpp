#include "sim/control/descriptors.h"

#include <algorithm>
#include <limits>

namespace tessera::control {

using program::EngineId;

Descriptors::Descriptors(int first, int count, const std::vector<EngineId>& channels)
    : first_(first), last_uses_(static_cast<std::size_t>(count)) {
  for (const EngineId e : channels) channels_.push_back({e, 1, -1});
}

Descriptors::Channel& Descriptors::channel(EngineId id) {
  return *std::find_if(channels_.begin(), channels_.end(), [&](const Channel& c) { return c.id == id; });
}

void Descriptors::want(EngineId id, int count) { channel(id).wanted = count; }

int Descriptors::room(EngineId id, double now, bool ahead) const {
  const int fair = static_cast<int>(last_uses_.size() / channels_.size());
  int room = 0;
  for (const LastUse& u : last_uses_) room += u.end <= now ? 1 : 0;
  for (const Channel& c : channels_)
    if (c.id != id && (ahead || c.end <= now)) room -= std::min(c.wanted, fair);
  return ahead ? room : std::max(room, 1);
}

double Descriptors::next_rest(double now) const {
  double next = std::numeric_limits<double>::infinity();
  for (const LastUse& u : last_uses_)
    if (u.end > now) next = std::min(next, u.end);
  return next;
}

Chain* Descriptors::find(EngineId channel, const std::vector<Execution>& executions,
                         const std::vector<ChainLink>& links) {
  const auto same = [&](const ChainLink& a, const ChainLink& b) {
    const Execution &x = executions[a.execution], &y = executions[b.execution];
    return a.iterations == b.iterations && a.step == b.step && a.ends_at_last == b.ends_at_last && x.shape == y.shape &&
           x.base == y.base;
  };
  for (Chain& c : chains_) {
    const auto begins = [&](const ChainLink& l) { return l.step == 0 || c.turns % l.iterations == 0; };
    if (c.channel == channel && c.links->size() == links.size() &&
        std::equal(c.links->begin(), c.links->end(), links.begin(), same) &&
        std::all_of(c.links->begin(), c.links->end(), begins))
      return &c;
  }
  return nullptr;
}

Chain& Descriptors::place(EngineId channel, const std::vector<ChainLink>& links, double now,
                          const std::vector<std::int32_t>& known) {
  rested_.clear();
  for (std::size_t i = 0; i < last_uses_.size(); ++i) {
    const LastUse& u = last_uses_[i];
    if (u.end > now) continue;
    const bool told = u.channel < 0 || known[static_cast<std::size_t>(u.channel)] >= u.transfers;
    rested_.emplace_back(!told, u.end, first_ + static_cast<int>(i));
  }
  const auto chosen = rested_.begin() + static_cast<std::ptrdiff_t>(links.size());
  std::partial_sort(rested_.begin(), chosen, rested_.end());
  std::vector<std::int16_t> numbers;
  for (auto r = rested_.begin(); r != chosen; ++r) numbers.push_back(static_cast<std::int16_t>(std::get<int>(*r)));
  const auto taken = [&](int number) { return std::find(numbers.begin(), numbers.end(), number) != numbers.end(); };
  chains_.erase(std::remove_if(chains_.begin(), chains_.end(),
                               [&](const Chain& c) { return std::any_of(c.numbers.begin(), c.numbers.end(), taken); }),
                chains_.end());
  chains_.push_back({channel, &links, std::move(numbers), 0});
  return chains_.back();
}

void Descriptors::use(Chain& chain, int turns, const LastUse& use) {
  chain.turns += turns;
  for (const int number : chain.numbers) last_uses_[static_cast<std::size_t>(number - first_)] = use;
  channel(use.channel).end = use.end;
}

}  // namespace tessera::control

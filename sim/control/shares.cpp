#include "sim/control/shares.h"

#include <array>
#include <limits>

#include "sim/control/channel_state.h"

namespace tessera::control {
namespace {

// Shares that are weighed: chains of two buffers, of a few pieces each, or of many.
constexpr std::array<int, 10> sizes{1, 2, 3, 4, 5, 6, 8, 10, 12, 16};

// A descriptor that was used by one of the last tasks is waited for before it is written again: that many operations,
// as the channel stands still meanwhile.
constexpr int rewritten_soon = 4, soon = 2;

// Operations that write and start the tasks of a channel with so many descriptors, when nothing else waits.
int operations(const ShareOf& channel, int descriptors) {
  TaskLimits limits;
  limits.descriptors = descriptors;
  limits.dma = channel.dma;
  ChannelState state(channel.executions, form_tasks(channel.executions, {}, limits), descriptors);
  int count = 0;
  for (std::size_t i = 0; i < state.tasks.size(); ++i) {
    if (state.rewrites(i) + soon >= static_cast<std::ptrdiff_t>(i)) count += rewritten_soon;
    count += 1 + (state.use(i).second ? static_cast<int>(state.tasks[i].chain.size()) : 0);
  }
  return count;
}

}  // namespace

std::vector<int> shares_of(const std::vector<ShareOf>& channels, int descriptors) {
  const std::size_t n = channels.size();
  // least[k][d]: operations of the first k channels with d descriptors; of them, the last one takes taken[k][d].
  constexpr int never = std::numeric_limits<int>::max() / 2;
  std::vector<std::vector<int>> least(n + 1, std::vector<int>(descriptors + 1, never)), taken = least;
  least[0].assign(descriptors + 1, 0);
  for (std::size_t k = 0; k < n; ++k) {
    for (const int size : sizes) {
      if (size > descriptors - static_cast<int>(n) + 1) break;
      const int count = operations(channels[k], size);
      for (int d = size; d <= descriptors; ++d) {
        if (least[k][d - size] + count >= least[k + 1][d]) continue;
        least[k + 1][d] = least[k][d - size] + count;
        taken[k + 1][d] = size;
      }
    }
  }
  std::vector<int> shares(n, 1);
  int left = descriptors;
  for (std::size_t k = n; k > 0; --k) {
    shares[k - 1] = taken[k][left];
    left -= shares[k - 1];
  }
  if (n > 0) shares.back() += left;
  return shares;
}

}  // namespace tessera::control

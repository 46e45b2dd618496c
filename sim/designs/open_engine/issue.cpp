#include "sim/designs/open_engine/issue.h"

#include <algorithm>
#include <array>
#include <deque>

namespace tessera::designs::open_engine {
namespace {

class Issuer {
 public:
  Issuer(const std::vector<std::vector<ShimTask>>& tasks, const Variant& variant) : tasks_(tasks), variant_(variant) {
    channels_.resize(tasks.size());
    for (std::size_t c = 0; c < tasks.size(); ++c)
      for (const ShimTask& t : tasks[c]) ++channel(c, t.stream).total;
  }

  Issue run() {
    std::size_t longest = 0;
    for (const auto& list : tasks_) longest = std::max(longest, list.size());
    for (std::size_t i = 0; i < longest; ++i)
      for (std::size_t c = 0; c < tasks_.size(); ++c)
        if (i < tasks_[c].size()) start(c, i);
    for (std::size_t c = 0; c < tasks_.size(); ++c)
      for (int s = 0; s < streams; ++s)
        while (!channel(c, static_cast<Stream>(s)).pending.empty()) await(c, static_cast<Stream>(s));
    return std::move(issue_);
  }

 private:
  struct Pending {
    bool token;
    std::size_t serves;  // fills of the column up to here need the task; 0 for fills
  };
  struct Channel {
    std::deque<Pending> pending;  // started and not known to be complete
    int total = 0, started = 0, completed = 0;
  };
  Channel& channel(std::size_t column, Stream s) { return channels_[column][static_cast<std::size_t>(s)]; }

  int live(std::size_t column) {
    int live = 0;
    for (const Channel& c : channels_[column]) live += static_cast<int>(c.pending.size());
    return live;
  }

  // The tasks of the channel up to the first that reports its completion: what one wait frees.
  static std::size_t token_group(const Channel& c) {
    const auto it = std::find_if(c.pending.begin(), c.pending.end(), [](const Pending& p) { return p.token; });
    return it == c.pending.end() ? 0 : static_cast<std::size_t>(it - c.pending.begin()) + 1;
  }

  // Whether the oldest group may be awaited: nothing in it waits for fills that are not issued yet.
  bool awaitable(const Channel& c, std::size_t issued) const {
    const std::size_t group = token_group(c);
    return group > 0 && std::all_of(c.pending.begin(), c.pending.begin() + static_cast<std::ptrdiff_t>(group),
                                    [&](const Pending& p) { return p.serves < issued; });
  }

  void await(std::size_t column, Stream s) {
    Channel& c = channel(column, s);
    const std::size_t group = token_group(c);
    c.completed += static_cast<int>(group);
    c.pending.erase(c.pending.begin(), c.pending.begin() + static_cast<std::ptrdiff_t>(group));
    issue_.steps.push_back({IssueStep::What::await, static_cast<int>(column), s, 0, false, c.completed});
  }

  void start(std::size_t column, std::size_t i) {
    const ShimTask& task = tasks_[column][i];
    Channel& own = channel(column, task.stream);
    while (live(column) >= most_live) {
      int s = 0;
      while (s < streams && !awaitable(channel(column, static_cast<Stream>(s)), i)) ++s;
      if (s == streams) break;
      await(column, static_cast<Stream>(s));
    }
    while (own.pending.size() >= queue_depth && token_group(own) > 0) await(column, task.stream);
    const bool token = ++own.started % variant_.token_every == 0 || own.started == own.total;
    own.pending.push_back({token, task.stream == Stream::fills ? 0 : task.serves});
    issue_.tokens += token ? 1 : 0;
    issue_.steps.push_back({IssueStep::What::start, static_cast<int>(column), task.stream, i, token, 0});
  }

  const std::vector<std::vector<ShimTask>>& tasks_;
  const Variant& variant_;
  std::vector<std::array<Channel, streams>> channels_;
  Issue issue_;
};

}  // namespace

Issue issue_order(const std::vector<std::vector<ShimTask>>& tasks, const Variant& variant) {
  return Issuer(tasks, variant).run();
}

}  // namespace tessera::designs::open_engine

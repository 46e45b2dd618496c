#include "sim/control/free_run.h"

#include <algorithm>
#include <queue>

namespace tessera::control {
namespace {

using program::EngineId;
using program::EngineKind;

class Run {
 public:
  Run(const program::Program& p, const arch::ArraySpec& a, const std::vector<Millicycles>& durations, Groups* groups)
      : p_(p),
        a_(a),
        durations_(durations),
        groups_(groups),
        map_(a),
        lock_stride_(std::max({a.tile.locks.count, a.memtile.locks.count, a.shim.locks.count})),
        engines_(p.engines.size()),
        locks_(static_cast<std::size_t>(map_.tile_count()) * lock_stride_),
        busy_(p.routes.size()),
        progress_(static_cast<std::size_t>(map_.first_controller())),
        snapshots_(progress_.width()) {
    const std::size_t engines = p.engines.size();
    for (auto* times : {&run_.start, &run_.flow, &run_.end}) times->resize(engines);
    for (auto* lists : {&run_.order, &run_.marks, &run_.at_marks}) lists->resize(engines);
    run_.needed.resize(engines);
    run_.width = progress_.width();
    for (const program::LockInit& l : p.locks)
      locks_[l.tile * lock_stride_ + l.lock] = {l.value, {{l.value, -1}}, 0, {}};
    for (std::size_t e = 0; e < engines; ++e) {
      run_.order[e] = program::execution_order(p.engines[e].steps);
      if (!run_.order[e].empty()) post(0, Event::go, static_cast<int>(e));
    }
    mark();
  }

  Expected<FreeRun> run() {
    while (!events_.empty() || divide()) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.time;
      if (event.what == Event::go) go(event.who);
      if (event.what == Event::called) complete(event.who);
      if (event.what == Event::moved) moved(event.who);
    }
    for (std::size_t e = 0; e < engines_.size(); ++e)
      if (engines_[e].at < run_.order[e].size())
        return fail(ExitCode::deadlock, {"", map_.name(static_cast<EngineId>(e)),
                                         "waits for what never comes, before any controller is there", ""});
    run_.length = now_;
    return std::move(run_);
  }

 private:
  struct Event {
    enum What { go, called, moved } what;
    double time;
    std::int64_t number;  // of equals, the first posted comes first
    int who;              // engine, or route
    bool operator<(const Event& o) const { return time != o.time ? time > o.time : number > o.number; }
  };
  struct Engine {
    std::size_t at = 0;
    std::size_t group = 0;  // the next one
    bool streams = false;   // offered to its route
    Bytes left = 0;
    std::vector<EngineId> waiting;      // for its tasks
    std::vector<program::Wait> passed;  // by the transfer that it is at, and not learnt yet
  };
  struct Released {
    int count;
    int snapshot;  // of who released; -1: the lock was so from the beginning
  };
  struct Lock {
    int value = 0;
    std::vector<Released> released;  // the oldest first
    std::size_t taken = 0;           // of these
    std::vector<EngineId> waiting;
  };

  // Tasks whose completion is told to others.
  void mark() {
    const auto told = [&](const program::Wait& w) {
      if (w.tasks > 0) run_.marks[w.engine].push_back(w.tasks);
    };
    const auto all = [&](std::uint32_t first, std::uint32_t count) {
      for (std::uint32_t w = first; w < first + count; ++w) told(p_.waits[w]);
    };
    if (groups_ != nullptr)
      for (const std::vector<Group>& list : *groups_)
        for (const Group& g : list)
          for (const program::Wait& w : g.waits) told(w);
    for (std::size_t e = 0; e < p_.engines.size(); ++e) {
      const program::EngineProgram& engine = p_.engines[e];
      for (const program::CoreInstr& c : engine.core) all(c.wait0, c.wait_count);
      for (const program::Transfer& t : engine.transfers) all(t.wait0, t.wait_count);
      if (engine.transfers.empty()) continue;
      const std::vector<std::int32_t>& order = run_.order[e];
      for (std::size_t i = 0; i < order.size(); ++i)
        if (i + 1 == order.size() || engine.transfers[order[i]].layer != engine.transfers[order[i + 1]].layer)
          run_.marks[e].push_back(static_cast<std::int32_t>(i + 1));
    }
    for (auto& list : run_.marks) {
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
    }
    for (std::size_t e = 0; e < run_.marks.size(); ++e) run_.at_marks[e].reserve(run_.marks[e].size() * run_.width);
  }

  void post(double time, Event::What what, int who) { events_.push({what, time, posted_++, who}); }
  bool is_core(EngineId e) const { return map_.info(e).kind == EngineKind::core; }
  const program::Transfer& transfer(EngineId e) const { return p_.engines[e].transfers[run_.order[e][engines_[e].at]]; }
  void wake(std::vector<EngineId>& waiting) {
    for (const EngineId e : waiting) post(now_, Event::go, e);
    waiting.clear();
  }

  bool over(const program::Wait& w) const { return static_cast<std::int32_t>(run_.end[w.engine].size()) >= w.tasks; }
  bool waits(EngineId e, const program::Wait* list, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (over(list[i])) continue;
      engines_[list[i].engine].waiting.push_back(e);
      return true;
    }
    engines_[e].passed.assign(list, list + count);
    if (is_core(e)) learn_passed(e);
    return false;
  }
  // What ended last says most about the others. Waits that told something go to `told`, if that is not null.
  void learn_passed(EngineId e, std::vector<program::Wait>* told = nullptr) {
    std::vector<program::Wait>& passed = engines_[e].passed;
    if (passed.empty()) return;
    std::stable_sort(passed.begin(), passed.end(), [&](const program::Wait& x, const program::Wait& y) {
      return x.tasks > 0 && (y.tasks <= 0 || run_.end[x.engine][x.tasks - 1] > run_.end[y.engine][y.tasks - 1]);
    });
    for (const program::Wait& w : passed) {
      if (w.tasks <= progress_.row(e)[w.engine]) continue;
      progress_.learn(e, run_.known(w.engine, w.tasks));
      if (told != nullptr) told->push_back(w);
    }
    passed.clear();
  }
  bool waits(EngineId e, const program::Transfer& t) {
    engines_[e].passed.clear();
    if (groups_ == nullptr || (*groups_)[e].empty()) return waits(e, p_.waits.data() + t.wait0, t.wait_count);
    const std::vector<Group>& groups = (*groups_)[e];
    Engine& engine = engines_[e];
    while (engine.group < groups.size() && groups[engine.group].first < engine.at) ++engine.group;
    if (engine.group == groups.size() || groups[engine.group].first != engine.at) return false;
    return waits(e, groups[engine.group].waits.data(), groups[engine.group].waits.size());
  }

  // Nobody can go on: lets one channel begin a group with what its first transfer needs. False: that is no reason.
  bool divide() {
    if (groups_ == nullptr) return false;
    for (std::size_t e = 0; e < groups_->size(); ++e) {
      std::vector<Group>& groups = (*groups_)[e];
      const Engine& engine = engines_[e];
      if (engine.group >= groups.size() || engine.at >= run_.order[e].size() || engine.streams) continue;
      Group& g = groups[engine.group];
      const program::Transfer& t = transfer(static_cast<EngineId>(e));
      const std::vector<program::Wait> own(p_.waits.begin() + t.wait0, p_.waits.begin() + t.wait0 + t.wait_count);
      const auto is_over = [&](const program::Wait& w) { return over(w); };
      if (g.first != engine.at || std::all_of(g.waits.begin(), g.waits.end(), is_over) ||
          !std::all_of(own.begin(), own.end(), is_over))
        continue;
      const std::size_t next = engine.group + 1 < groups.size() ? groups[engine.group + 1].first : run_.order[e].size();
      Group rest{g.first + 1, g.waits};
      g.waits = own;
      if (rest.first < next)
        groups.insert(groups.begin() + static_cast<std::ptrdiff_t>(engine.group) + 1, std::move(rest));
      post(now_, Event::go, static_cast<int>(e));
      return true;
    }
    return false;
  }
  bool acquire(EngineId e, const program::LockOp& op) {
    if (op.lock < 0) return true;
    Lock& lock = locks_[map_.info(e).tile * lock_stride_ + op.lock];
    if (lock.value < op.value) {
      lock.waiting.push_back(e);
      return false;
    }
    lock.value -= op.value;
    for (int n = op.value; n > 0;) {
      Released& oldest = lock.released[lock.taken];
      const int taken = std::min(n, oldest.count);
      if (oldest.snapshot >= 0) progress_.learn(e, snapshots_.row(oldest.snapshot));
      n -= taken;
      oldest.count -= taken;
      if (oldest.count > 0) continue;
      if (oldest.snapshot >= 0) snapshots_.drop(oldest.snapshot);
      ++lock.taken;
    }
    if (lock.taken == lock.released.size()) {
      lock.released.clear();
      lock.taken = 0;
    }
    return true;
  }
  void release(EngineId e, const program::LockOp& op) {
    if (op.lock < 0) return;
    Lock& lock = locks_[map_.info(e).tile * lock_stride_ + op.lock];
    lock.value += op.value;
    lock.released.push_back({op.value, snapshots_.keep(progress_.row(e))});
    wake(lock.waiting);
  }

  void go(EngineId e) {
    Engine& engine = engines_[e];
    while (engine.at < run_.order[e].size() && !engine.streams) {
      if (!is_core(e)) {
        const program::Transfer& t = transfer(e);
        if (waits(e, t) || !acquire(e, t.acquire)) return;
        run_.start[e].push_back(now_);
        engine.streams = true;
        engine.left = t.access.stream_bytes();
        return pump(t.route);
      }
      const program::CoreInstr& c = p_.engines[e].core[run_.order[e][engine.at]];
      if (waits(e, p_.waits.data() + c.wait0, c.wait_count)) return;
      if (c.op == program::CoreOp::acquire && !acquire(e, c.lock)) return;
      if (c.op == program::CoreOp::release) release(e, c.lock);
      if (c.op == program::CoreOp::kernel) {
        run_.start[e].push_back(now_);
        engine.streams = true;
        return post(now_ + static_cast<double>(durations_[c.call]) / millicycles_per_cycle + 1, Event::called, e);
      }
      ++engine.at;
    }
  }

  bool offered(EngineId e, program::RouteId route) const { return engines_[e].streams && transfer(e).route == route; }
  void pump(program::RouteId id) {
    const program::Route& route = p_.routes[id];
    if (busy_[id] > 0 || !offered(route.source, id)) return;
    Bytes n = engines_[route.source].left;
    for (const EngineId sink : route.sinks) {
      if (!offered(sink, id)) return;
      n = std::min(n, engines_[sink].left);
    }
    busy_[id] = n;
    const bool begins = begin(route.source);  // later on it knows no more
    for (const EngineId sink : route.sinks) {
      if (begins) progress_.learn(sink, progress_.row(route.source));
      begin(sink);
    }
    post(now_ + static_cast<double>(n) / rate(route), Event::moved, id);
  }
  // Whether these are the first bytes of a transfer of the channel.
  bool begin(EngineId e) {
    if (run_.flow[e].size() == run_.start[e].size()) return false;
    run_.flow[e].push_back(now_);
    learn_passed(e, &run_.needed[e].waits);
    run_.needed[e].end.push_back(run_.needed[e].waits.size());
    return true;
  }
  // Bytes per cycle; channels that reach host memory have equal shares of it.
  double rate(const program::Route& route) const {
    double rate = a_.stream.bytes_per_cycle;
    if (map_.info(route.source).tile_kind == program::TileKind::shim)
      rate = std::min(rate, a_.ddr.read_bytes_per_cycle / (a_.cols * a_.shim.dma.mm2s));
    return rate;
  }
  void moved(program::RouteId id) {
    const program::Route& route = p_.routes[id];
    const Bytes n = busy_[id];
    busy_[id] = 0;
    const bool sent = (engines_[route.source].left -= n) == 0;
    for (const EngineId sink : route.sinks) {
      engines_[sink].left -= n;
      if (sent) progress_.know(sink, route.source, static_cast<std::int32_t>(run_.end[route.source].size()) + 1);
    }
    for (const EngineId sink : route.sinks)
      if (engines_[sink].left == 0) complete(sink);
    if (sent) complete(route.source);
    pump(id);
  }
  void complete(EngineId e) {
    run_.end[e].push_back(now_);
    const auto tasks = static_cast<std::int32_t>(run_.end[e].size());
    progress_.complete(e, tasks);
    const std::size_t told = run_.at_marks[e].size() / run_.width;
    if (told < run_.marks[e].size() && run_.marks[e][told] == tasks)
      run_.at_marks[e].insert(run_.at_marks[e].end(), progress_.row(e), progress_.row(e) + run_.width);
    if (!is_core(e)) release(e, transfer(e).release);
    engines_[e].streams = false;
    ++engines_[e].at;
    wake(engines_[e].waiting);
    post(now_, Event::go, e);
  }

  const program::Program& p_;
  const arch::ArraySpec& a_;
  const std::vector<Millicycles>& durations_;
  Groups* groups_;
  const program::EngineMap map_;
  const int lock_stride_;
  std::vector<Engine> engines_;
  std::vector<Lock> locks_;
  std::vector<Bytes> busy_;  // bytes under way, by route
  Progress progress_;
  Snapshots snapshots_;
  std::priority_queue<Event> events_;
  std::int64_t posted_ = 0;
  double now_ = 0;
  FreeRun run_;
};

}  // namespace

const std::int32_t* FreeRun::known(EngineId e, std::int32_t tasks) const {
  const auto at = std::lower_bound(marks[e].begin(), marks[e].end(), tasks);
  if (at == marks[e].end() || *at != tasks) return nullptr;
  return &at_marks[e][static_cast<std::size_t>(at - marks[e].begin()) * width];
}

Expected<FreeRun> free_run(const program::Program& program, const arch::ArraySpec& array,
                           const std::vector<Millicycles>& durations, Groups* groups) {
  return Run(program, array, durations, groups).run();
}

}  // namespace tessera::control

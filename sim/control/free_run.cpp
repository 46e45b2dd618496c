#include "sim/control/free_run.h"

#include <algorithm>
#include <deque>
#include <queue>

namespace tessera::control {
namespace {

using program::EngineId;
using program::EngineKind;

class Run {
 public:
  Run(const program::Program& p, const arch::ArraySpec& a, const std::vector<Millicycles>& durations)
      : p_(p),
        a_(a),
        durations_(durations),
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
    run_.width = progress_.width();
    for (const program::LockInit& l : p.locks) locks_[l.tile * lock_stride_ + l.lock] = {l.value, {{l.value, -1}}, {}};
    for (std::size_t e = 0; e < engines; ++e) {
      run_.order[e] = program::execution_order(p.engines[e].steps);
      if (!run_.order[e].empty()) post(0, Event::go, static_cast<int>(e));
    }
    mark();
  }

  Expected<FreeRun> run() {
    while (!events_.empty()) {
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
    bool streams = false;  // offered to its route
    Bytes left = 0;
    std::vector<EngineId> waiting;  // for its tasks
  };
  struct Released {
    int count;
    int snapshot;  // of who released; -1: the lock was so from the beginning
  };
  struct Lock {
    int value = 0;
    std::deque<Released> released;  // and not taken yet, the oldest first
    std::vector<EngineId> waiting;
  };

  // Tasks whose completion is told to others.
  void mark() {
    const auto all = [&](std::uint32_t first, std::uint32_t count) {
      for (std::uint32_t w = first; w < first + count; ++w)
        if (p_.waits[w].tasks > 0) run_.marks[p_.waits[w].engine].push_back(p_.waits[w].tasks);
    };
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
  }

  void post(double time, Event::What what, int who) { events_.push({what, time, posted_++, who}); }
  bool is_core(EngineId e) const { return map_.info(e).kind == EngineKind::core; }
  const program::Transfer& transfer(EngineId e) const { return p_.engines[e].transfers[run_.order[e][engines_[e].at]]; }
  void wake(std::vector<EngineId>& waiting) {
    for (const EngineId e : waiting) post(now_, Event::go, e);
    waiting.clear();
  }

  bool waits(EngineId e, std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = first; i < first + count; ++i) {
      const program::Wait& w = p_.waits[i];
      if (static_cast<std::int32_t>(run_.end[w.engine].size()) >= w.tasks) continue;
      engines_[w.engine].waiting.push_back(e);
      return true;
    }
    for (std::uint32_t i = first; i < first + count; ++i)
      if (p_.waits[i].tasks > 0) progress_.learn(e, run_.known(p_.waits[i].engine, p_.waits[i].tasks));
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
      Released& oldest = lock.released.front();
      const int taken = std::min(n, oldest.count);
      if (oldest.snapshot >= 0) progress_.learn(e, snapshots_.row(oldest.snapshot));
      n -= taken;
      oldest.count -= taken;
      if (oldest.count > 0) continue;
      if (oldest.snapshot >= 0) snapshots_.drop(oldest.snapshot);
      lock.released.pop_front();
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
        if (waits(e, t.wait0, t.wait_count) || !acquire(e, t.acquire)) return;
        run_.start[e].push_back(now_);
        engine.streams = true;
        engine.left = t.access.stream_bytes();
        return pump(t.route);
      }
      const program::CoreInstr& c = p_.engines[e].core[run_.order[e][engine.at]];
      if (waits(e, c.wait0, c.wait_count)) return;
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
    begin(route.source);
    for (const EngineId sink : route.sinks) begin(sink);
    post(now_ + static_cast<double>(n) / rate(route), Event::moved, id);
  }
  void begin(EngineId e) {
    if (run_.flow[e].size() < run_.start[e].size()) run_.flow[e].push_back(now_);
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
    std::vector<EngineId> ends = route.sinks;
    ends.push_back(route.source);
    for (const EngineId e : ends) engines_[e].left -= n;
    for (const EngineId sink : route.sinks) {
      progress_.learn(sink, progress_.row(route.source));
      if (engines_[route.source].left == 0)
        progress_.know(sink, route.source, static_cast<std::int32_t>(run_.end[route.source].size()) + 1);
    }
    for (const EngineId e : ends)
      if (engines_[e].left == 0) complete(e);
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
                           const std::vector<Millicycles>& durations) {
  return Run(program, array, durations).run();
}

}  // namespace tessera::control

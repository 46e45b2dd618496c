#include "sim/control/free_run.h"

#include <algorithm>

#include "sim/control/progress.h"

namespace tessera::control {
namespace {

using program::EngineId;
using program::EngineKind;

// Events in the order of their times; of equals, the first posted comes first.
class Agenda {
 public:
  enum What : std::uint8_t { go, called, moved };
  struct Event {
    What what;
    int who;  // engine, or route
  };

  double now() const { return now_; }
  bool empty() const { return next_ == present_.size() && later_.empty(); }
  void post(double time, What what, int who) {
    if (time == now_) return present_.push_back({what, who});
    later_.push_back({time, posted_++, {what, who}});
    std::push_heap(later_.begin(), later_.end());
  }
  // Those that were posted for this time before it came are older than those posted since.
  Event take() {
    const bool none = next_ == present_.size();
    if (!none && (later_.empty() || later_.front().time != now_)) return present_[next_++];
    if (none) {
      present_.clear();
      next_ = 0;
    }
    std::pop_heap(later_.begin(), later_.end());
    const Later first = later_.back();
    later_.pop_back();
    now_ = first.time;
    return first.event;
  }

 private:
  struct Later {
    double time;
    std::int64_t number;
    Event event;
    bool operator<(const Later& o) const { return time != o.time ? time > o.time : number > o.number; }
  };
  double now_ = 0;
  std::vector<Event> present_;  // from `next_` on
  std::size_t next_ = 0;
  std::vector<Later> later_;  // heap
  std::int64_t posted_ = 0;
};

// Releases of a lock that have been taken, beyond which they are dropped.
constexpr std::size_t most_taken = 32;

// `tells`: what engines know of each other is found out, beside the times.
template <bool tells>
class Run {
 public:
  Run(const Script& script, Groups* groups)
      : script_(script),
        waits_(script.program.waits),
        groups_(groups),
        engines_(script.acts.size()),
        locks_(static_cast<std::size_t>(script.map.tile_count()) * script.locks_of_tile),
        busy_(script.program.routes.size()),
        done_(script.acts.size()),
        progress_(static_cast<std::size_t>(script.map.first_controller())),
        snapshots_(progress_.width()) {
    const std::size_t engines = engines_.size();
    for (const program::LockInit& l : script.program.locks)
      locks_[l.tile * script.locks_of_tile + l.lock] = {l.value, {{l.value, -1}}, 0, {}};
    for (std::size_t e = 0; e < engines; ++e) {
      Engine& engine = engines_[e];
      engine.core = e < progress_.width() && script.map.info(static_cast<EngineId>(e)).kind == EngineKind::core;
      engine.locks = locks_.data() + script.map.info(static_cast<EngineId>(e)).tile * script.locks_of_tile;
      engine.act = script.acts[e].data();
      engine.end = engine.act + script.acts[e].size();
      if (engine.act != engine.end) agenda_.post(0, Agenda::go, static_cast<int>(e));
    }
    if constexpr (tells) prepare();
  }

  // The length is that of the run that tells.
  Expected<FreeRun> run() {
    while (!agenda_.empty() || divide()) {
      const Agenda::Event event = agenda_.take();
      if (event.what == Agenda::go) go(event.who);
      if (event.what == Agenda::called) complete(event.who);
      if (event.what == Agenda::moved) moved(event.who);
    }
    for (std::size_t e = 0; e < engines_.size(); ++e)
      if (engines_[e].act != engines_[e].end)
        return fail(ExitCode::deadlock, {"", script_.map.name(static_cast<EngineId>(e)),
                                         "waits for what never comes, before any controller is there", ""});
    run_.length = agenda_.now();
    return std::move(run_);
  }

 private:
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
  struct Engine {
    const Act *act = nullptr, *end = nullptr;  // what it is at
    Lock* locks = nullptr;                     // of its tile
    bool core = false;
    bool busy = false;                    // at a task: offered to its route, or in a call
    Bytes left = 0;                       // of the transfer
    std::size_t group = 0;                // the next one
    std::size_t marked = 0;               // of its marks, how many tasks are complete
    std::vector<EngineId> waiting;        // for its tasks
    std::vector<program::Wait> passed;    // by the transfer that it is at, and not learnt yet
    std::vector<program::Wait> ordering;  // of these, those that no lock and no sender makes needless
  };
  void prepare() {
    const std::size_t engines = engines_.size();
    for (auto* times : {&run_.flow, &run_.end}) times->resize(engines);
    for (std::size_t e = 0; e < engines; ++e)
      for (auto* times : {&run_.flow[e], &run_.end[e]}) times->reserve(script_.acts[e].size());
    run_.at_marks.resize(engines);
    run_.needed.resize(engines);
    run_.order = script_.order;
    run_.width = progress_.width();
    mark();
  }
  // Tasks whose completion is told to others.
  void mark() {
    run_.marks = script_.marks;
    if (groups_ != nullptr) {
      for (const std::vector<Group>& list : *groups_)
        for (const Group& g : list)
          for (const program::Wait& w : g.waits)
            if (w.tasks > 0) run_.marks[w.engine].push_back(w.tasks);
      for (std::vector<std::int32_t>& list : run_.marks) {
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
      }
    }
    for (std::size_t e = 0; e < run_.marks.size(); ++e) run_.at_marks[e].reserve(run_.marks[e].size() * run_.width);
  }

  std::size_t at(EngineId e) const { return static_cast<std::size_t>(engines_[e].act - script_.acts[e].data()); }
  void wake(std::vector<EngineId>& waiting) {
    for (const EngineId e : waiting) agenda_.post(agenda_.now(), Agenda::go, e);
    waiting.clear();
  }

  bool over(const program::Wait& w) const { return done_[w.engine] >= w.tasks; }
  bool waits(EngineId e, const program::Wait* list, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (over(list[i])) continue;
      engines_[list[i].engine].waiting.push_back(e);
      return true;
    }
    if constexpr (tells) {
      engines_[e].passed.assign(list, list + count);
      note_ordering(e);
      if (engines_[e].core) learn_passed(e);
    }
    return false;
  }
  // A lock that goes from one inbound channel of a core to the other says nothing of the order in which they take it:
  // begun too early, the one would take what the other has to.
  void note_ordering(EngineId e) {
    Engine& engine = engines_[e];
    engine.ordering.clear();
    const program::EngineMap::Info& own = script_.map.info(e);
    if (own.kind != EngineKind::s2mm || own.tile_kind != program::TileKind::compute || engine.act->acquire.lock < 0)
      return;
    for (const program::Wait& w : engine.passed) {
      const program::EngineMap::Info& other = script_.map.info(w.engine);
      if (w.engine != e && other.kind == EngineKind::s2mm && other.tile == own.tile &&
          w.tasks > progress_.row(e)[w.engine])
        engine.ordering.push_back(w);
    }
  }
  // What ended last says most about the others. Waits that told something go to `told`, if that is not null.
  void learn_passed(EngineId e, std::vector<program::Wait>* told = nullptr) {
    std::vector<program::Wait>& passed = engines_[e].passed;
    if (passed.empty()) return;
    for (const program::Wait& w : engines_[e].ordering) {
      if (told == nullptr) break;
      progress_.learn(e, run_.known(w.engine, w.tasks));
      told->push_back(w);
    }
    engines_[e].ordering.clear();
    if (passed.size() > 1)
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
  bool waits(EngineId e) {
    Engine& engine = engines_[e];
    if constexpr (tells) engine.passed.clear();
    const Act& act = *engine.act;
    if (engine.core || groups_ == nullptr || (*groups_)[e].empty())
      return waits(e, waits_.data() + act.wait0, act.wait_count);
    const std::vector<Group>& groups = (*groups_)[e];
    while (engine.group < groups.size() && groups[engine.group].first < at(e)) ++engine.group;
    if (engine.group == groups.size() || groups[engine.group].first != at(e)) return false;
    return waits(e, groups[engine.group].waits.data(), groups[engine.group].waits.size());
  }

  // Nobody can go on: lets one channel begin a group with what its first transfer needs. False: that is no reason.
  bool divide() {
    if (groups_ == nullptr) return false;
    for (std::size_t e = 0; e < groups_->size(); ++e) {
      std::vector<Group>& groups = (*groups_)[e];
      const Engine& engine = engines_[e];
      if (engine.group >= groups.size() || engine.act == engine.end || engine.busy) continue;
      Group& g = groups[engine.group];
      const auto first = waits_.begin() + engine.act->wait0;
      const std::vector<program::Wait> own(first, first + engine.act->wait_count);
      const auto is_over = [&](const program::Wait& w) { return over(w); };
      if (g.first != at(static_cast<EngineId>(e)) || std::all_of(g.waits.begin(), g.waits.end(), is_over) ||
          !std::all_of(own.begin(), own.end(), is_over))
        continue;
      const std::size_t next =
          engine.group + 1 < groups.size() ? groups[engine.group + 1].first : script_.acts[e].size();
      Group rest{g.first + 1, g.waits};
      g.waits = own;
      if (rest.first < next)
        groups.insert(groups.begin() + static_cast<std::ptrdiff_t>(engine.group) + 1, std::move(rest));
      agenda_.post(agenda_.now(), Agenda::go, static_cast<int>(e));
      return true;
    }
    return false;
  }
  bool acquire(EngineId e, const program::LockOp& op) {
    if (op.lock < 0) return true;
    Lock& lock = engines_[e].locks[op.lock];
    if (lock.value < op.value) {
      lock.waiting.push_back(e);
      return false;
    }
    lock.value -= op.value;
    if constexpr (tells) learn_released(e, lock, op.value);
    return true;
  }
  void learn_released(EngineId e, Lock& lock, int count) {
    for (int n = count; n > 0;) {
      Released& oldest = lock.released[lock.taken];
      const int taken = std::min(n, oldest.count);
      if (oldest.snapshot >= 0) progress_.learn(e, snapshots_.row(oldest.snapshot));
      n -= taken;
      oldest.count -= taken;
      if (oldest.count > 0) continue;
      if (oldest.snapshot >= 0) snapshots_.drop(oldest.snapshot);
      ++lock.taken;
    }
    if (lock.taken == lock.released.size() || lock.taken == most_taken) {
      lock.released.erase(lock.released.begin(), lock.released.begin() + static_cast<std::ptrdiff_t>(lock.taken));
      lock.taken = 0;
    }
  }
  void release(EngineId e, const program::LockOp& op) {
    if (op.lock < 0) return;
    Lock& lock = engines_[e].locks[op.lock];
    lock.value += op.value;
    if constexpr (tells) lock.released.push_back({op.value, snapshots_.keep(progress_.row(e))});
    wake(lock.waiting);
  }

  void go(EngineId e) {
    Engine& engine = engines_[e];
    while (engine.act != engine.end && !engine.busy) {
      const Act& act = *engine.act;
      if (waits(e) || !acquire(e, act.acquire)) return;
      if (act.route >= 0) {
        engine.busy = true;
        engine.left = act.size;
        return pump(act.route);
      }
      if (act.route == Act::call) {
        engine.busy = true;
        const double cycles = static_cast<double>(act.size) / millicycles_per_cycle + 1;
        return agenda_.post(agenda_.now() + cycles, Agenda::called, e);
      }
      release(e, act.release);
      ++engine.act;
    }
  }

  bool offered(EngineId e, program::RouteId route) const { return engines_[e].busy && engines_[e].act->route == route; }
  void pump(program::RouteId id) {
    const program::Route& route = script_.program.routes[id];
    if (busy_[id] > 0 || !offered(route.source, id)) return;
    Bytes n = engines_[route.source].left;
    for (const EngineId sink : route.sinks) {
      if (!offered(sink, id)) return;
      n = std::min(n, engines_[sink].left);
    }
    busy_[id] = n;
    if constexpr (tells) {
      const bool begins = begin(route.source);  // later on it knows no more
      for (const EngineId sink : route.sinks) {
        if (begins) progress_.learn(sink, progress_.row(route.source));
        begin(sink);
      }
    }
    agenda_.post(agenda_.now() + static_cast<double>(n) / script_.rates[id], Agenda::moved, id);
  }
  // Whether these are the first bytes of a transfer of the channel.
  bool begin(EngineId e) {
    if (run_.flow[e].size() > run_.end[e].size()) return false;
    run_.flow[e].push_back(agenda_.now());
    learn_passed(e, &run_.needed[e].waits);
    run_.needed[e].end.push_back(run_.needed[e].waits.size());
    return true;
  }
  void moved(program::RouteId id) {
    const program::Route& route = script_.program.routes[id];
    const Bytes n = busy_[id];
    busy_[id] = 0;
    const bool sent = (engines_[route.source].left -= n) == 0;
    for (const EngineId sink : route.sinks) {
      engines_[sink].left -= n;
      if (tells && sent) progress_.know(sink, route.source, done_[route.source] + 1);
    }
    for (const EngineId sink : route.sinks)
      if (engines_[sink].left == 0) complete(sink);
    if (sent) complete(route.source);
    pump(id);
  }
  void complete(EngineId e) {
    Engine& engine = engines_[e];
    ++done_[e];
    if constexpr (tells) note_end(e);
    release(e, engine.act->release);
    engine.busy = false;
    ++engine.act;
    __builtin_prefetch(engine.act + 2);  // all engines have their turn before it is needed
    wake(engine.waiting);
    agenda_.post(agenda_.now(), Agenda::go, e);
  }

  void note_end(EngineId e) {
    Engine& engine = engines_[e];
    run_.end[e].push_back(agenda_.now());
    progress_.complete(e, done_[e]);
    if (engine.marked == run_.marks[e].size() || run_.marks[e][engine.marked] != done_[e]) return;
    run_.at_marks[e].insert(run_.at_marks[e].end(), progress_.row(e), progress_.row(e) + run_.width);
    ++engine.marked;
  }

  const Script& script_;
  const std::vector<program::Wait>& waits_;  // of the program
  Groups* groups_;
  std::vector<Engine> engines_;
  std::vector<Lock> locks_;
  std::vector<Bytes> busy_;         // bytes under way, by route
  std::vector<std::int32_t> done_;  // by engine: tasks that are complete
  Progress progress_;
  Snapshots snapshots_;
  Agenda agenda_;
  FreeRun run_;
};

}  // namespace

const std::int32_t* FreeRun::known(EngineId e, std::int32_t tasks) const {
  const auto at = std::lower_bound(marks[e].begin(), marks[e].end(), tasks);
  if (at == marks[e].end() || *at != tasks) return nullptr;
  return &at_marks[e][static_cast<std::size_t>(at - marks[e].begin()) * width];
}

Expected<FreeRun> free_run(const Script& script, Groups* groups) { return Run<true>(script, groups).run(); }

Expected<double> free_length(const Script& script, Groups groups) {
  const Expected<FreeRun> run = Run<false>(script, &groups).run();
  if (!run) return run.failure();
  return run->length;
}

}  // namespace tessera::control

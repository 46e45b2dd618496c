#include "sim/control/operations.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <queue>
#include <tuple>
#include <utility>

#include "sim/base/maximum.h"
#include "sim/control/arrange.h"
#include "sim/control/open_writes.h"
#include "sim/control/tuned.h"

namespace tessera::control {
namespace {

using program::ControlKind;
using program::ControlOp;
using program::EngineId;
using program::EngineKind;

class Maker {
 public:
  Maker(const program::Program& p, const arch::ArraySpec& a, const Started& started, const Divisions& divisions,
        double lead)
      : p_(p),
        a_(a),
        map_(a),
        free_(started.free),
        table_(started.table),
        gates_(started.gates),
        divisions_(divisions),
        lead_(lead),
        wanted_(p.engines.size(), 0),
        former_(p.engines.size(), 0),
        known_(static_cast<std::size_t>(map_.controllers()), std::vector<std::int32_t>(p.engines.size())),
        pauses_(static_cast<std::size_t>(map_.controllers())),
        next_gate_(p.engines.size(), 0),
        switches_(gates_, map_),
        awaited_(known_.size(), std::vector<std::size_t>(known_.size(), 0)) {
    o_.tasks.resize(p.engines.size());
    o_.starts.resize(p.engines.size());
    o_.missing.resize(p.engines.size());
    o_.lists.resize(static_cast<std::size_t>(map_.controllers()));
    for (const Table::Part& part : table_.parts) descriptors_.emplace_back(part.first, part.count, part.channels);
    for (const EngineId e : table_.started) {
      former_[e] = formers_.size();
      Division& division = *divisions[e];
      formers_.emplace_back(division.executions, division.cuts, division.tasks, dma_of(a, map_.info(e).tile_kind));
    }
  }

  // Tasks in the order in which their first bytes move, or up to `lead` cycles ahead. What a task waits for, its
  // descriptors among it, ended by then, which depends on tasks whose bytes moved before: nothing is awaited that comes
  // later.
  Operations run() {
    for (const EngineId e : table_.started) add(e);
    while (!queue_.empty()) {
      const auto [now, e, flow] = queue_.top();
      queue_.pop();
      const Descriptors& descriptors = descriptors_[static_cast<std::size_t>(table_.part[e])];
      const int room = descriptors.room(e, now, now < flow);
      if (now < flow && room < wanted_[e]) {
        queue_.push({std::min(flow, descriptors.next_rest(now)), e, flow});
        continue;
      }
      start(e, now, begins(e) ? std::min(room, 2) : room);
      add(e);
    }
    if (o_.complete()) arrange(o_, map_.first_controller());
    return std::move(o_);
  }

 private:
  // Nothing has come from DDR yet by the channel: what it brings first is not kept waiting for the descriptors of more.
  bool begins(EngineId e) const {
    const program::EngineMap::Info& info = map_.info(e);
    return o_.tasks[e].empty() && info.tile_kind == program::TileKind::shim && info.kind == program::EngineKind::mm2s;
  }

  // Where a controller begins to wait for tokens, and what it knows then.
  struct Pause {
    std::size_t at = 0;
    double time = -1;  // of the free run; before the first one: never
    std::vector<std::int32_t> known;
    double idle = 0;  // cycles that the controller has left there
  };

  // The channel's next task.
  void add(EngineId e) {
    TaskFormer& former = this->former(e);
    const Table::Part& part = table_.parts[static_cast<std::size_t>(table_.part[e])];
    const int wanted = former.wanted(part.count);
    wanted_[e] = std::min(wanted, part.count / static_cast<int>(part.channels.size()));
    descriptors_[static_cast<std::size_t>(table_.part[e])].want(e, wanted);
    if (former.ended()) return;
    const bool busy = map_.info(map_.controller_of(map_.info(e).tile)).tile_kind != program::TileKind::compute;
    const double flow = free_.flow[e][former.begin()];
    double earliest = busy ? std::max(0.0, flow - lead_) : 0;
    for (std::uint32_t w = former.first().wait0; w < former.first().wait0 + former.first().wait_count; ++w)
      if (p_.waits[w].tasks > 0) earliest = std::max(earliest, free_.end[p_.waits[w].engine][p_.waits[w].tasks - 1]);
    const std::vector<Operations::Part>& tasks = o_.tasks[e];
    if (tasks.size() >= arch::queued_tasks)  // the latest that a full queue waits for
      earliest = std::max(earliest, free_.end[e][tasks[tasks.size() - arch::queued_tasks + 1].end - 1]);
    queue_.push({earliest, e, flow});
  }

  std::size_t number(EngineId controller) const {
    return static_cast<std::size_t>(controller - map_.first_controller());
  }
  TaskFormer& former(EngineId e) { return formers_[former_[e]]; }
  const program::Transfer& transfer(EngineId e, std::size_t i) const {
    return p_.engines[e].transfers[free_.order[e][i]];
  }

  std::size_t append(EngineId controller, ControlKind kind, EngineId channel, int layer) {
    std::vector<Operations::Op>& list = o_.lists[number(controller)];
    Operations::Op& added = list.emplace_back();
    added.op.kind = kind;
    added.op.channel = channel;
    added.op.layer = static_cast<std::int16_t>(layer);
    return added.place = list.size() - 1;
  }
  ControlOp& operation(EngineId controller, std::size_t at) { return o_.lists[number(controller)][at].op; }

  void wait_now(EngineId controller) {
    Pause& pause = pauses_[number(controller)];
    if (pause.time >= 0 && now_ <= pause.time + tuned.pause_length) return;
    write_free(controller);
    const double idle = timed(controller) ? std::max(0.0, now_ + lag_ - clock_) : std::numeric_limits<double>::max();
    if (timed(controller)) clock_ += idle;
    pause = {o_.lists[number(controller)].size(), now_, known_[number(controller)], idle};
  }

  // A serial controller: when it comes to its operations, and how much later than in the free run tasks begin for that.
  bool timed(EngineId controller) const {
    return a_.controller.mechanism == arch::ControlMechanism::serial && controller == map_.first_controller();
  }
  double cycles(const ControlOp& op) const { return a_.controller.serial_ns(op.kind, op.words) * a_.clock_hz / 1e9; }
  // Operations from `first` on stand before the pause, if the controller has time for them.
  bool advance(EngineId controller, std::size_t first) {
    std::vector<Operations::Op>& list = o_.lists[number(controller)];
    Pause& pause = pauses_[number(controller)];
    double sum = 0;
    for (std::size_t i = first; i < list.size(); ++i) sum += cycles(list[i].op);
    if (timed(controller) && sum > pause.idle) return false;
    for (std::size_t i = first; i < list.size(); ++i) list[i].place = std::min(list[i].place, pause.at);
    if (timed(controller)) {
      pause.idle -= sum;
      clock_ -= sum;
    }
    return true;
  }
  void spend(EngineId controller, std::size_t first) {
    const std::vector<Operations::Op>& list = o_.lists[number(controller)];
    for (std::size_t i = first; timed(controller) && i < list.size(); ++i) clock_ += cycles(list[i].op);
  }

  // Asks for the token, unless other tokens say that much.
  void await(EngineId controller, const program::Wait& wait, int layer) {
    std::vector<std::int32_t>& known = known_[number(controller)];
    if (known[wait.engine] >= wait.tasks) return;
    wait_now(controller);
    known[wait.engine] = wait.tasks;
    if (const std::int32_t* row = free_.known(wait.engine, wait.tasks)) raise_to(known.data(), row, free_.width);
    if (map_.is_channel(wait.engine)) {
      const std::vector<Operations::Part>& tasks = o_.tasks[wait.engine];
      const auto task = std::partition_point(tasks.begin(), tasks.end(), [&](const Operations::Part& t) {
        return t.end < static_cast<std::size_t>(wait.tasks);
      });
      if (task->end != static_cast<std::size_t>(wait.tasks)) return o_.missing[wait.engine].push_back(wait.tasks);
      const Operations::Start& start = o_.starts[wait.engine][static_cast<std::size_t>(task - tasks.begin())];
      operation(start.controller, start.at).token = true;
      o_.telling.insert(wait.engine);
    }
    const std::size_t at = append(controller, ControlKind::await_token, wait.engine, layer);
    o_.lists[number(controller)][at].awaited = wait.tasks;
    spend(controller, at);
  }

  // Of a task that begins with it.
  void await_all(EngineId controller, const Execution& first) {
    await_all(controller, {p_.waits.begin() + first.wait0, p_.waits.begin() + first.wait0 + first.wait_count},
              first.layer);
  }
  void await_all(EngineId controller, std::vector<program::Wait> waits, int layer) {
    const std::vector<std::int32_t>& known = known_[number(controller)];
    waits.erase(std::remove_if(waits.begin(), waits.end(),
                               [&](const program::Wait& w) { return w.tasks <= 0 || known[w.engine] >= w.tasks; }),
                waits.end());
    // What ends last says most about the others.
    std::stable_sort(waits.begin(), waits.end(), [&](const program::Wait& x, const program::Wait& y) {
      return free_.end[x.engine][x.tasks - 1] > free_.end[y.engine][y.tasks - 1];
    });
    for (const program::Wait& w : waits) await(controller, w, layer);
  }

  // Writes the switches that the task needs otherwise. Whether that stands before the pause.
  bool write_switches(EngineId controller, EngineId e, const Task& task, int layer) {
    const auto& gates = gates_.at[e];
    bool before = true;
    for (std::size_t& next = next_gate_[e];
         next < gates.size() && static_cast<std::size_t>(gates[next].first) < task.end; ++next)
      before = written_before(controller, gates[next].second, layer) && before;
    return before;
  }
  bool written_before(EngineId controller, std::size_t write, int layer) {
    const EngineId writer = map_.switch_controller_of(gates_.writes[write].tile);
    for (const std::size_t k : switches_.until(write)) {
      if (!switches_.written(k)) await_all(writer, gates_.after(k), layer);
      if (!switches_.written(k)) write_switch(k);  // which a wait may have done
    }
    const std::size_t at = switches_.at(write);
    if (writer == controller) return o_.lists[number(writer)][at].place <= pauses_[number(writer)].at;
    std::size_t& awaited = awaited_[number(controller)][number(writer)];
    if (awaited > at) return false;
    awaited = at + 1;
    wait_now(controller);
    const std::size_t op = append(controller, ControlKind::await_token, writer, layer);
    o_.lists[number(controller)][op].awaited = static_cast<std::int32_t>(at);
    return false;
  }
  // Of its tile with all before it. With one controller that may be before the pause.
  void write_switch(std::size_t k) {
    const program::SwitchWrite& write = gates_.writes[k];
    const EngineId writer = map_.switch_controller_of(write.tile);
    const program::TransferAt& user = write.before.front();
    const std::size_t at = append(writer, ControlKind::write_switch, -1,
                                  transfer(user.channel, static_cast<std::size_t>(user.number)).layer);
    Operations::Op& op = o_.lists[number(writer)][at];
    op.op.tile = static_cast<std::int16_t>(write.tile);
    op.op.first = static_cast<std::int16_t>(write.first);
    op.op.words = static_cast<std::int16_t>(write.words);
    spend(writer, at);
    std::size_t& last = switches_.last_place(write.tile);
    if (const Pause& pause = pauses_[number(writer)];
        timed(writer) && pause.time >= 0 && last <= pause.at && gates_.over(k, pause.known))
      advance(writer, at);
    last = op.place;
    switches_.write(k, at);
  }
  // What needs no token any more, before the controller waits for one.
  void write_free(EngineId controller) {
    switches_.each_free(controller, known_[number(controller)], [&](std::size_t k) { write_switch(k); });
  }

  void start(EngineId e, double now, int room) {
    now_ = now;
    TaskFormer& former = this->former(e);
    const Execution first = former.first();
    const int layer = first.layer;
    const EngineId controller = map_.controller_of(map_.info(e).tile);
    const std::vector<std::int32_t>& known = known_[number(controller)];
    if (first.waits()) await_all(controller, first);
    std::vector<Operations::Part>& tasks = o_.tasks[e];
    if (tasks.size() >= arch::queued_tasks) make_room(controller, e, layer);
    Descriptors& descriptors = descriptors_[static_cast<std::size_t>(table_.part[e])];
    const Task& task = former.next(room);
    tasks.push_back({task.begin, task.end, task.executions});
    Chain* chain = descriptors.find(e, divisions_[e]->executions, task.chain);
    bool written = write_switches(controller, e, task, first.layer);  // before the pause
    if (chain == nullptr) {
      chain = &descriptors.place(e, task.chain, now, known);
      const bool ahead = could_write(controller, descriptors, chain->numbers);
      rest(controller, descriptors, chain->numbers, layer);
      written = write(controller, e, *chain, layer, ahead) && written;
    }
    const auto end = static_cast<std::int32_t>(task.end);
    descriptors.use(*chain, task.repeat, {e, end, free_.end[e][task.end - 1]});
    const std::size_t at = append(controller, ControlKind::push_task, e, layer);
    ControlOp& push = operation(controller, at);
    push.descriptor = chain->numbers.front();
    push.transfers = static_cast<std::int32_t>(task.end - task.begin);
    push.repeat = static_cast<std::int16_t>(task.repeat);
    spend(controller, at);
    const bool ahead = written && could_start(controller, e, first) && advance(controller, at);
    if (timed(controller) && !ahead) lag_ = std::max(lag_, clock_ - now_);
    o_.starts[e].push_back({controller, at, o_.numbers.size(), chain->numbers.size()});
    o_.numbers.insert(o_.numbers.end(), chain->numbers.begin(), chain->numbers.end());
  }

  // A full queue is freed by two tasks at a time, which halves the tokens.
  void make_room(EngineId controller, EngineId e, int layer) {
    const std::vector<Operations::Part>& tasks = o_.tasks[e];
    const auto known = static_cast<std::size_t>(known_[number(controller)][e]);
    if (tasks[tasks.size() - arch::queued_tasks].end <= known) return;
    await(controller, {e, static_cast<std::int32_t>(tasks[tasks.size() - arch::queued_tasks + 1].end)}, layer);
  }

  // Until the last tasks that used the descriptors are complete, the latest first.
  void rest(EngineId controller, const Descriptors& descriptors, const std::vector<std::int16_t>& numbers, int layer) {
    std::vector<LastUse> uses;
    for (const int number : numbers)
      if (descriptors.last_use(number).channel >= 0) uses.push_back(descriptors.last_use(number));
    std::stable_sort(uses.begin(), uses.end(), [](const LastUse& a, const LastUse& b) { return a.end > b.end; });
    for (const LastUse& u : uses) await(controller, {u.channel, u.transfers}, layer);
  }

  // Whether the descriptors can be written before the pause.
  bool could_write(EngineId controller, const Descriptors& descriptors,
                   const std::vector<std::int16_t>& numbers) const {
    const Pause& pause = pauses_[number(controller)];
    return pause.time >= 0 && std::all_of(numbers.begin(), numbers.end(), [&](int number) {
             const LastUse& u = descriptors.last_use(number);
             return u.channel < 0 || pause.known[static_cast<std::size_t>(u.channel)] >= u.transfers;
           });
  }
  // Whether the channel's last task could be pushed before the pause, its descriptors apart.
  bool could_start(EngineId controller, EngineId e, const Execution& begin) const {
    const Pause& pause = pauses_[number(controller)];
    const std::vector<Operations::Part>& tasks = o_.tasks[e];
    const std::vector<Operations::Start>& starts = o_.starts[e];
    const auto over = [&](EngineId engine, std::size_t n) {
      return pause.known[static_cast<std::size_t>(engine)] >= static_cast<std::int32_t>(n);
    };
    if (pause.time < 0) return false;
    for (std::uint32_t w = begin.wait0; w < begin.wait0 + begin.wait_count; ++w)
      if (p_.waits[w].tasks > 0 && !over(p_.waits[w].engine, static_cast<std::size_t>(p_.waits[w].tasks))) return false;
    if (tasks.size() > arch::queued_tasks && !over(e, tasks[tasks.size() - 1 - arch::queued_tasks].end)) return false;
    return starts.empty() || o_.lists[number(controller)][starts.back().at].place <= pause.at;
  }

  // Whether that is before the pause, where it can be.
  bool write(EngineId controller, EngineId e, const Chain& chain, int layer, bool ahead) {
    std::vector<Operations::Op>& list = o_.lists[number(controller)];
    const std::size_t first = list.size();
    for (std::size_t k = 0; k < chain.links->size(); ++k) {
      const ChainLink& link = (*chain.links)[k];
      const Execution& x = divisions_[e]->executions[link.execution];
      const std::int16_t descriptor = chain.numbers[k];
      const std::size_t at = append(controller, ControlKind::write_descriptor, e, layer);
      ControlOp& op = list[at].op;
      op.descriptor = descriptor;
      op.transfer = static_cast<std::int32_t>(x.first);
      op.joined = static_cast<std::int16_t>(x.count);
      op.next = k + 1 < chain.numbers.size() ? chain.numbers[k + 1] : std::int16_t{-1};
      op.iterations = link.iterations;
      op.iteration_step = link.step;
      op.ends_at_last = link.ends_at_last;
      if (map_.info(e).tile_kind != program::TileKind::shim) continue;
      const std::size_t patch = append(controller, ControlKind::patch_address, e, layer);
      list[patch].op.descriptor = descriptor;
    }
    spend(controller, first);
    return ahead && advance(controller, first);
  }

  const program::Program& p_;
  const arch::ArraySpec& a_;
  const program::EngineMap map_;
  const FreeRun& free_;
  const Table& table_;
  const SwitchGates& gates_;
  const Divisions& divisions_;
  const double lead_;
  Operations o_;
  std::vector<int> wanted_;          // by engine: descriptors of the next task
  std::vector<std::size_t> former_;  // by engine: index into formers_
  struct Next {
    double time;
    EngineId channel;
    double flow;  // of its first byte
    bool operator>(const Next& o) const { return std::tie(time, channel) > std::tie(o.time, o.channel); }
  };
  std::priority_queue<Next, std::vector<Next>, std::greater<>> queue_;  // next tasks and when they are pushed
  std::vector<Descriptors> descriptors_;                                // by part of the table
  std::vector<TaskFormer> formers_;                                     // of started channels
  std::vector<std::vector<std::int32_t>> known_;  // by controller and engine: tasks known to be complete
  std::vector<Pause> pauses_;                     // by controller: the last one
  std::vector<std::size_t> next_gate_;            // by channel, of its switches
  OpenWrites switches_;
  // By controller and writer of switches: how many operations of it are awaited.
  std::vector<std::vector<std::size_t>> awaited_;
  double clock_ = 0, lag_ = 0;  // of a serial controller
  double now_ = 0;              // of the free run, when the task is pushed that is being started
};

}  // namespace

Operations operations_of(const program::Program& program, const arch::ArraySpec& array, const Started& started,
                         const Divisions& divisions, double lead) {
  return Maker(program, array, started, divisions, lead).run();
}

}  // namespace tessera::control

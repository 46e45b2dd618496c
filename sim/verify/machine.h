// Second pass of the verifier: runs all engines without time. An engine executes its steps in order and blocks on
// waits, locks and streams; a stream moves bytes only when its source and all its sinks are at it (no buffering), so
// what completes here completes with any buffers. Locks are given in a fixed order or the program is refused; hence the
// order in which engines are tried does not matter. Vector clocks record what the program itself orders.
#pragma once
#include <deque>

#include "sim/verify/control.h"
#include "sim/verify/dataflow.h"

namespace tessera::verify {

class Machine {
 public:
  // With short clocks it objects to a little more (clocks.h).
  Machine(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
          Findings& findings, bool short_clocks);

  // What engines have to know before their steps; without this nothing is demanded.
  void demand(const Demands& demands) { demands_ = &demands; }

  // True when every engine came to its end. `outputs`: the network's outputs must stand at their placements then.
  // `depth_first`: whoever was freed last goes on first, which stays with few tiles at a time and is faster; otherwise
  // all go on in turn, which finds what is wrong where it began.
  bool run(Coverage& coverage, bool outputs, bool depth_first);

 private:
  enum class Phase : std::uint8_t { waits, lock, stream, done };
  struct Loop {
    std::size_t begin, end;
    std::int32_t left;
  };
  struct Engine {
    std::size_t at = 0, end = 0;                  // step
    const program::Transfer* transfer = nullptr;  // at this step, of a channel
    const program::CoreInstr* instr = nullptr;    // at this step, of a core
    const program::ControlOp* control = nullptr;  // at this step, of a controller
    program::EngineKind kind = program::EngineKind::core;
    program::TileId tile = 0;
    Phase phase = Phase::waits;
    bool queued = false;
    std::int32_t executed = 0;  // instructions completed
    std::int32_t tasks = 0;
    Bytes left = 0, moved = 0;  // of the running transfer
    std::vector<Loop> loops;
    std::vector<StreamPart> stream;          // of a source
    std::vector<program::EngineId> waiting;  // engines that wait for this one's tasks
    std::vector<std::int32_t> awaited;       // task counts somebody waits for, ascending
    std::vector<int> kept;                   // clock at each of them, -1: not yet or no longer
    std::vector<std::int64_t> uses;          // waits that still need it, repeats counted
    std::size_t next_awaited = 0;
  };
  struct Token {
    int count, clock;
    program::EngineId by;
  };
  struct Lock {
    int value = 0, initial = 0;
    program::LockRole role = program::LockRole::unused;
    std::vector<Token> tokens;  // the oldest at `first`
    std::size_t first = 0;
    Stamp acquired, released;  // by whom last
    std::vector<program::EngineId> waiting;
  };
  struct Stream {
    bool source = false;
    int sinks = 0;  // that are ready
  };

  void prepare_waits();
  void settle(program::EngineId id);  // from a repeat to its first instruction
  bool ended(program::EngineId id) const { return engines_[id].at >= engines_[id].end; }
  void queue(program::EngineId id);
  void run_engine(program::EngineId id);
  bool pass_waits(program::EngineId id, std::uint32_t first, std::uint32_t count);
  bool pass_lock(program::EngineId id, const program::LockOp& op);
  void release(program::EngineId id, const program::LockOp& op);
  void begin_stream(program::EngineId id);
  void pump(program::RouteId route);
  void complete(program::EngineId id, bool task);
  const program::Transfer& transfer(program::EngineId id) const { return *engines_[id].transfer; }
  const program::CoreInstr& core_instr(program::EngineId id) const { return *engines_[id].instr; }
  // What the instruction that an engine is at waits for: a slice of Program::waits.
  std::pair<std::uint32_t, std::uint32_t> waits(program::EngineId id) const;
  int layer(program::EngineId id) const;
  Here here(program::EngineId id) const { return {{id, engines_[id].executed + 1}, engines_[id].at}; }
  Lock& lock(program::EngineId id, int number) { return locks_[engines_[id].tile * lock_stride_ + number]; }
  std::string lock_text(program::EngineId id, int number) const;
  void check_locks();
  void check_demands(program::EngineId id);
  void report_demand(program::EngineId id, const Demand& demand);

  // Deadlock, in words (deadlock.cpp).
  struct Blocker {
    std::string why;            // "waits for ..."
    program::EngineId on = -1;  // who would have to move, -1: nobody does
  };
  Blocker blocker(program::EngineId id) const;
  bool releases(program::EngineId id, program::TileId tile, int number) const;
  void report_deadlock();

  const program::Program& p_;
  const arch::ArraySpec& array_;
  const program::EngineMap& map_;
  Findings& findings_;
  int lock_stride_;
  std::vector<Engine> engines_;
  std::vector<Lock> locks_;
  std::vector<Stream> streams_;
  std::vector<program::EngineId> active_;
  Clocks clocks_;
  Dataflow* flow_ = nullptr;
  const Demands* demands_ = nullptr;
  std::map<program::EngineId, std::size_t> met_;  // by engine: demands that were looked at
  std::deque<program::EngineId> ready_;
  bool depth_first_ = false;
};

}  // namespace tessera::verify

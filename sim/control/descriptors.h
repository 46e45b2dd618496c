// The descriptors of a tile, or of a half of a memory tile, while its channels push their tasks one after the other:
// which chains stand in them, and since when they are at rest.
#pragma once
#include <tuple>
#include <vector>

#include "sim/control/tasks.h"
#include "sim/program/engine.h"

namespace tessera::control {

// A chain of descriptors that a channel wrote and that is still whole.
struct Chain {
  program::EngineId channel = 0;
  const std::vector<ChainLink>* links = nullptr;  // of the task that it was written for
  std::vector<std::int16_t> numbers;              // of its descriptors
  int turns = 0;                                  // so far
};

// The last task that used a descriptor.
struct LastUse {
  program::EngineId channel = -1;
  std::int32_t transfers = 0;  // of the channel once the task is complete
  double end = -1;             // when that is, in the free run; before the first task: never
};

class Descriptors {
 public:
  Descriptors(int first, int count, const std::vector<program::EngineId>& channels);

  // How many descriptors the next task of the channel would like; 0: there is none.
  void want(program::EngineId channel, int count);
  // Descriptors that a task of `channel` can take at time `now`: those at rest, less what the next tasks of channels
  // that have none in use want, up to their fair share. At least one where its own last task is over: each of these
  // finds one at rest. `ahead` of that, all channels keep theirs, and there may be none.
  int room(program::EngineId channel, double now, bool ahead) const;
  // When the next descriptor in use will be at rest; infinity: none is in use.
  double next_rest(double now) const;
  // The chain of the channel that does what the task's does, its addresses back at their beginning; nullptr: none.
  Chain* find(program::EngineId channel, const std::vector<Execution>& executions, const std::vector<ChainLink>& links);
  // A chain in descriptors that are at rest, those first that `known` transfers of their channels say are complete, and
  // among them those used longest ago. Chains that stood there are gone. `links` live as long as the chain.
  Chain& place(program::EngineId channel, const std::vector<ChainLink>& links, double now,
               const std::vector<std::int32_t>& known);
  const LastUse& last_use(int number) const { return last_uses_[static_cast<std::size_t>(number - first_)]; }
  // The chain runs as often as the task says, which is complete then.
  void use(Chain& chain, int turns, const LastUse& use);

 private:
  struct Channel {
    program::EngineId id;
    int wanted;
    double end;  // of its last task
  };
  Channel& channel(program::EngineId id);

  using Rested = std::tuple<bool, double, int>;  // whether that is still to be told, since when, its number

  int first_;
  std::vector<LastUse> last_uses_;  // by descriptor
  std::vector<Channel> channels_;
  std::vector<Chain> chains_;
  std::vector<Rested> rested_;  // while a chain is placed
};

}  // namespace tessera::control

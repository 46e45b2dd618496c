// Named ways to spoil a right program. Each changes one thing at one of several places and says whether there is such a
// place in this program.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "sim/program/engine.h"
#include "sim/program/program.h"

namespace tessera {

// The places where a mutation may strike, counted; `chosen` is the one that does.
class Places {
 public:
  explicit Places(int chosen) : chosen_(chosen) {}
  bool here() { return count_++ == chosen_; }
  int count() const { return count_; }

 private:
  int chosen_, count_ = 0;
};

struct Mutation {
  std::string name;
  // Visits every place; changes the program at the chosen one. May change the program anywhere else to keep the rest
  // consistent (both ends of a stream, say).
  std::function<void(program::Program&, const program::EngineMap&, Places&)> apply;
};

const std::vector<Mutation>& mutations();

// The n-th transfer on a route of one of its engines, and where it stands.
struct TransferAt {
  program::EngineId engine = -1;
  int index = -1;
};
// The transfers at both ends of every route whose descriptors coincide: the source's first, then those of the sinks.
std::vector<std::vector<TransferAt>> paired_transfers(const program::Program& program);

}  // namespace tessera

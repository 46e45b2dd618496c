// The mapping of the dense network, from the process that decides it to the one of the sparse network, which compares
// it with its own (sim/schedule/as_dense.cpp): side by side, each is decided once.
#pragma once
#include <optional>
#include <string>

namespace tessera::run {

class DenseDecision {
 public:
  DenseDecision();   // before the processes are started
  ~DenseDecision();  // when they are, in the process that started them
  DenseDecision(const DenseDecision&) = delete;
  DenseDecision& operator=(const DenseDecision&) = delete;

  // In the process of the dense network, once: the text of its mapping.
  void tell(const std::string& mapping);
  // In the process of the sparse network: waits for it. Nothing where the other one ended without.
  std::optional<std::string> wait();

 private:
  int text_ = -1;                       // a file in memory, so that nobody waits for a reader
  int read_end_ = -1, write_end_ = -1;  // of a pipe: a byte, when the text is complete
};

}  // namespace tessera::run

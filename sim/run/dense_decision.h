// The mapping of the dense network, from the process that decides it to the one of the sparse network, which compares
// it with its own (sim/schedule/as_dense.cpp): it is decided once.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"

namespace tessera::run {

// What was decided: the text of the mapping, and when each layer ends with it (by LayerId) where that was simulated as
// a run has it.
struct DenseMapping {
  std::string mapping;
  std::vector<Millicycles> ends;
};
// As it is told, and back.
std::string told(const DenseMapping& decided);
DenseMapping heard(const std::string& text);

class DenseDecision {
 public:
  virtual ~DenseDecision() = default;
  // In the process of the dense network, once.
  virtual void tell(const std::string& decided) = 0;
  // In the process of the sparse network. Nothing where nobody says.
  virtual std::optional<std::string> wait() = 0;
};

// Of two processes side by side: the sparse one waits until the dense one tells, or ends without.
class SharedDecision : public DenseDecision {
 public:
  SharedDecision();            // before the processes are started
  ~SharedDecision() override;  // when they are, in the process that started them
  SharedDecision(const SharedDecision&) = delete;
  SharedDecision& operator=(const SharedDecision&) = delete;
  void tell(const std::string& decided) override;
  std::optional<std::string> wait() override;

 private:
  int text_ = -1;                       // a file in memory, so that nobody waits for a reader
  int read_end_ = -1, write_end_ = -1;  // of a pipe: a byte, when the text is complete
};

}  // namespace tessera::run

// Problems of many layers as one per kind of mistake: a whole set of masks that is wrong in one way is one line.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"

namespace tessera::sparsity {

class MistakesByKind {
 public:
  // `kind` says what several have done, "masks have another shape"; problems of kind "" are never put together.
  void add(const std::string& kind, Problem problem);

  // In the order in which the kinds came up; a problem that is the only one of its kind is as it was added.
  std::vector<Problem> problems() const;

 private:
  std::vector<std::pair<std::string, std::vector<Problem>>> kinds_;
};

}  // namespace tessera::sparsity

// The "where" of a sweep: comparisons joined by && and ||, with parentheses, over the axes of the sweep.
//   hardware.rows <= hardware.cols && (sparsity.ratio > 0 || sparsity.block == [8, 8])
// Operands are axis paths (an element of a list value by [i]) and JSON literals; strings may use single quotes.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::explore {

class Condition {
 public:
  // Value of axis `axis` at the point in question.
  using Lookup = std::function<const nlohmann::json&(int axis)>;

  // Paths are looked up in `axes`. The failure's problem has the column of the error in `what`.
  static Expected<Condition> parse(const std::string& text, const std::vector<std::string>& axes);

  // Fails when values cannot be compared (a list with <, a number with a string).
  Expected<bool> holds(const Lookup& lookup) const;

  // As it was written.
  const std::string& text() const { return text_; }

  struct Node;

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;
};

}  // namespace tessera::explore

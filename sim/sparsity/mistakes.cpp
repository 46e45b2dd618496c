#include "sim/sparsity/mistakes.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::sparsity {

void MistakesByKind::add(const std::string& kind, Problem problem) {
  const auto known =
      std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& k) { return !kind.empty() && k.first == kind; });
  if (known == kinds_.end())
    kinds_.push_back({kind, {std::move(problem)}});
  else
    known->second.push_back(std::move(problem));
}

std::vector<Problem> MistakesByKind::problems() const {
  std::vector<Problem> problems;
  for (const auto& [kind, all] : kinds_) {
    Problem first = all.front();
    if (all.size() > 1) {
      first.what = fmt::format("{} {}; the first, {}: {}", all.size(), kind, first.path, first.what);
      first.path.clear();
    }
    problems.push_back(std::move(first));
  }
  return problems;
}

}  // namespace tessera::sparsity

#include "sim/base/error.h"

#include <algorithm>
#include <numeric>

namespace tessera {
inline namespace base {

std::string describe(const Failure& failure) {
  std::string text;
  for (const Problem& p : failure.problems) {
    if (!text.empty()) text += '\n';
    if (!p.file.empty()) text += p.file + ": ";
    if (!p.path.empty()) text += p.path + ": ";
    text += p.what;
    if (!p.legal.empty()) text += "; " + p.legal;
  }
  return text;
}

namespace {
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}
}  // namespace

std::string nearest_name(const std::string& name, const std::vector<std::string>& legal) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : legal) {
    const std::size_t apart = std::max(name.size(), candidate.size()) - std::min(name.size(), candidate.size());
    if (apart >= best_distance) continue;  // it takes at least as many edits
    const std::size_t d = edit_distance(name, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace base
}  // namespace tessera

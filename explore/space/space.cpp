#include "explore/space/space.h"

#include <fmt/format.h>

#include <numeric>
#include <set>

#include "sim/base/random.h"

namespace tessera::explore {
namespace {

constexpr double max_grid = 2e6;

Failure too_large(double size) {
  return fail(ExitCode::bad_input,
              {"", "axes", fmt::format("the grid has {:.3g} points", size),
               fmt::format("at most {:.0f}; use \"sample\" or the search for larger spaces", max_grid)});
}

Expected<std::vector<Index>> grid(const Space& space) {
  if (space.grid_size() > max_grid) return too_large(space.grid_size());
  std::vector<Index> points;
  Index index(space.groups.size(), 0);
  while (true) {
    const Expected<bool> inside = space.contains(index);
    if (!inside) return inside.failure();
    if (*inside) points.push_back(index);
    std::size_t g = space.groups.size();
    while (g > 0 && ++index[g - 1] == space.groups[g - 1].size()) index[--g] = 0;
    if (g == 0) return points;
  }
}

Expected<std::vector<Index>> random_points(const Space& space, const Sample& sample) {
  Random random(sample.seed);
  if (space.grid_size() <= max_grid) {
    auto all = grid(space);
    if (!all) return all.failure();
    random.shuffle(*all);
    if (all->size() > static_cast<std::size_t>(sample.points)) all->resize(static_cast<std::size_t>(sample.points));
    std::sort(all->begin(), all->end());
    return all;
  }
  std::set<Index> chosen;
  const std::int64_t tries = 1000 * std::int64_t{sample.points};
  for (std::int64_t i = 0; i < tries && chosen.size() < static_cast<std::size_t>(sample.points); ++i) {
    Index index;
    for (const AxisGroup& group : space.groups)
      index.push_back(static_cast<int>(random.below(static_cast<std::uint64_t>(group.size()))));
    const Expected<bool> inside = space.contains(index);
    if (!inside) return inside.failure();
    if (*inside) chosen.insert(index);
  }
  return std::vector<Index>(chosen.begin(), chosen.end());
}

Expected<std::vector<Index>> latin_hypercube(const Space& space, const Sample& sample) {
  Random random(sample.seed);
  std::vector<Index> points(static_cast<std::size_t>(sample.points), Index(space.groups.size()));
  for (std::size_t g = 0; g < space.groups.size(); ++g) {
    std::vector<int> strata(points.size());
    std::iota(strata.begin(), strata.end(), 0);
    random.shuffle(strata);
    for (std::size_t p = 0; p < points.size(); ++p)
      points[p][g] = static_cast<int>(std::int64_t{strata[p]} * space.groups[g].size() / sample.points);
  }
  std::set<Index> chosen;
  for (const Index& index : points) {
    const Expected<bool> inside = space.contains(index);
    if (!inside) return inside.failure();
    if (*inside) chosen.insert(index);
  }
  return std::vector<Index>(chosen.begin(), chosen.end());
}

}  // namespace

std::vector<std::string> Space::paths() const {
  std::vector<std::string> result;
  for (const AxisGroup& group : groups)
    for (const Axis& axis : group.axes) result.push_back(axis.path);
  return result;
}

double Space::grid_size() const {
  double size = 1;
  for (const AxisGroup& group : groups) size *= group.size();
  return size;
}

Overrides Space::at(const Index& index) const {
  Overrides result;
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (const Axis& axis : groups[g].axes)
      result.emplace_back(axis.path, axis.values[static_cast<std::size_t>(index[g])]);
  return result;
}

Expected<bool> Space::contains(const Index& index) const {
  if (!where) return true;
  return where->holds([&](int axis) -> const Json& {
    std::size_t g = 0;
    auto a = static_cast<std::size_t>(axis);
    while (a >= groups[g].axes.size()) a -= groups[g++].axes.size();
    return groups[g].axes[a].values[static_cast<std::size_t>(index[g])];
  });
}

Failure no_point_meets(const Condition& where, const std::string& file) {
  return fail(ExitCode::bad_input,
              {file, "where", fmt::format("no point meets '{}'", where.text()), "a condition that some points meet"});
}

Expected<bool> has_points(const Space& space) {
  if (!space.where || space.grid_size() > max_grid) return true;
  const auto points = grid(space);
  if (!points) return points.failure();
  return !points->empty();
}

Expected<std::vector<Index>> select_points(const Space& space, const Sample& sample) {
  switch (sample.method) {
    case Sampling::random:
      return random_points(space, sample);
    case Sampling::latin_hypercube:
      return latin_hypercube(space, sample);
    case Sampling::grid:
      break;
  }
  return grid(space);
}

}  // namespace tessera::explore

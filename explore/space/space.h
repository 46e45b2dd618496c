// The space of a sweep: groups of axes (zipped axes move together), a condition, and a way to choose points.
// A point is one value index per group; points are always listed in grid order, the last group moving fastest.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "explore/runner.h"
#include "explore/space/axis.h"
#include "explore/space/condition.h"

namespace tessera::explore {

struct AxisGroup {
  std::vector<Axis> axes;  // of equal length
  int size() const { return static_cast<int>(axes.front().values.size()); }
};

using Index = std::vector<int>;

struct Space {
  std::vector<AxisGroup> groups;
  std::optional<Condition> where;

  std::vector<std::string> paths() const;
  double grid_size() const;  // before the condition; may exceed any integer
  Overrides at(const Index& index) const;
  Expected<bool> contains(const Index& index) const;
};

enum class Sampling { grid, random, latin_hypercube };

struct Sample {
  Sampling method = Sampling::grid;
  int points = 0;  // random, latin_hypercube: points to draw
  std::uint64_t seed = 1;
};

// Of a space whose points none meets its condition: the problem names the condition.
Failure no_point_meets(const Condition& where, const std::string& file);

// Whether some point meets the condition; also true where the grid is too large to look at every point.
Expected<bool> has_points(const Space& space);

// random: distinct points, all equally likely. latin_hypercube: along every group each value is used equally often
// (+-1) before the condition and repetitions are dropped, so fewer points may come out.
Expected<std::vector<Index>> select_points(const Space& space, const Sample& sample);

}  // namespace tessera::explore

// The address pattern of a shim task: three dimensions and one that the task repeats. Built from the inside out.
#pragma once
#include <array>
#include <cstdint>

namespace tessera::designs::open_engine {

class Pattern {
 public:
  static constexpr int most_dims = 4, most_repeats = 64;

  Pattern(std::int64_t base, std::int64_t run) : base_(base) { dims_[0] = {run, 1}; }

  // Repeats all so far `count` times at distance `step`; where that continues the outermost dimension evenly, it
  // becomes longer instead. False, and nothing changed, when no descriptor has the dimension for it.
  bool extend(std::int64_t count, std::int64_t step);

  // The same without making a dimension longer.
  bool extend_apart(std::int64_t count, std::int64_t step);
  // Has the task repeat all so far `count` times, at most most_repeats, at the same addresses.
  void repeat(std::int64_t count);
  // The same pattern elsewhere.
  Pattern moved(std::int64_t by) const;

  std::int64_t base() const { return base_; }
  int rank() const { return rank_; }
  // The repeats of the task: a descriptor itself has three dimensions.
  int executions() const { return rank_ < most_dims ? 1 : static_cast<int>(dims_[most_dims - 1].count); }
  struct Dim {
    std::int64_t count = 1, step = 1;
  };
  const Dim& dim(int i) const { return dims_[static_cast<std::size_t>(i)]; }
  std::int64_t bytes() const;

 private:
  std::int64_t base_;
  int rank_ = 1;
  std::array<Dim, most_dims> dims_{};
};

}  // namespace tessera::designs::open_engine

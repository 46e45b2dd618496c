// Accuracies measured elsewhere beside what a sweep predicts: a CSV with a line per network, whose columns are axes of
// the sweep, as table.csv writes their values, and `accuracy`, in percent:
//
//   sparsity.mask_file,accuracy
//   masks/half.npz,95.25
//
// A point has the accuracy of the lines that agree with it in every column; of several lines the mean, and how far they
// reach.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "explore/space/space.h"

namespace tessera::explore {

struct AccuracySpread {
  double mean = 0, least = 0, greatest = 0;  // percent
  int lines = 0;
};

class MeasuredAccuracy {
 public:
  // Every problem of the file, with its line.
  static Expected<MeasuredAccuracy> read(const std::string& file, const std::vector<std::string>& axes);

  // Of a point with these values of `axes`, which are those of `read`; null: none was measured.
  const AccuracySpread* find(const std::vector<Json>& coordinates) const;

 private:
  friend std::vector<Problem> check_accuracy(const std::string& file, const Space& space);
  std::vector<std::size_t> columns_;  // which axes the file has, by their places among `axes`
  std::map<std::vector<std::string>, AccuracySpread> spreads_;
};

// Problems of the file itself, and lines whose values the axes do not have.
std::vector<Problem> check_accuracy(const std::string& file, const Space& space);

// The columns of the table.
const std::vector<std::string>& accuracy_columns();
Json accuracy_cell(const AccuracySpread* spread, const std::string& column);

// The file that a sweep's folder keeps, so that the table can be collected without the sweep file.
std::string accuracy_file(const std::string& folder);
// Copies the file of a sweep there; without one (empty path) removes what an earlier sweep left.
std::optional<Failure> keep_accuracy(const std::string& file, const std::string& folder);

}  // namespace tessera::explore

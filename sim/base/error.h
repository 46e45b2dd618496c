// Errors are values up to main. A Failure carries every problem found in one pass and the exit code it deserves.
#pragma once
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tessera {
inline namespace base {

enum class ExitCode { ok = 0, internal = 1, bad_input = 2, does_not_fit = 3, deadlock = 4 };

// One problem a user can act on.
struct Problem {
  std::string file;   // the file it stands in, or empty
  std::string path;   // JSON path ("sparsity.block[0]"), line number or layer name, or empty
  std::string what;   // what is wrong, with the offending value
  std::string legal;  // what would be legal, with unit; the nearest name for a misspelt one
};

struct Failure {
  ExitCode code = ExitCode::bad_input;
  std::vector<Problem> problems;
};

// "file: path: what; legal" per line.
std::string describe(const Failure& failure);

inline Failure fail(ExitCode code, Problem problem) { return {code, {std::move(problem)}}; }

template <class T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : state_(std::move(value)) {}
  Expected(Failure failure) : state_(std::move(failure)) {}
  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Failure& failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

// The legal name closest to `name` by edit distance, or empty when nothing is near.
std::string nearest_name(const std::string& name, const std::vector<std::string>& legal);

}  // namespace base
}  // namespace tessera

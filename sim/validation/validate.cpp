#include "sim/validation/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <sstream>

#include "sim/run/isolate.h"

namespace tessera::validation {
namespace {

// What a child says: the value and its texts, each ended by a NUL.
Expected<std::string> predict_in_child(const MeasuredRow& row, const ValidationSetup& setup) {
  auto prediction = predict(row, setup);
  if (!prediction) return prediction.failure();
  std::string bytes = fmt::format("{}", prediction->value);
  for (const std::string* text :
       {&prediction->bound_by, &prediction->skipped, &prediction->beyond, &prediction->assumed, &prediction->machine})
    bytes += '\0' + *text;
  return bytes;
}

std::string first_problem(const Failure& failure) {
  if (failure.problems.empty()) return "unknown";
  const std::size_t more = failure.problems.size() - 1;
  const Problem& p = failure.problems.front();
  const std::string text = p.path.empty() ? p.what : p.path + ": " + p.what;
  return more == 0 ? text : text + " (and " + std::to_string(more) + " more)";
}

Prediction answer_of(run::IsolatedTask& task) {
  auto answer = task.wait();
  if (!answer) return skip("no prediction: " + first_problem(answer.failure()));
  std::istringstream in(*answer);
  std::string value;
  std::getline(in, value, '\0');
  Prediction p = skip("");
  p.value = std::stod(value);
  for (std::string* text : {&p.bound_by, &p.skipped, &p.beyond, &p.assumed, &p.machine}) std::getline(in, *text, '\0');
  for (char& c : p.skipped)
    if (c == '\n') c = ' ';  // of several problems
  if (p.skipped.empty() && !(p.value > 0)) p.skipped = "no prediction: not a positive number";
  return p;
}

}  // namespace

Expected<Validation> validate_rows(const ValidationOptions& options) {
  auto setup = load_validation_setup(options.config_folder);
  if (!setup) return setup.failure();
  auto rows = read_measured(options.csv);
  if (!rows) return rows.failure();
  if (std::vector<Problem> missing = missing_files(options.csv, *rows, options.config_folder); !missing.empty())
    return Failure{ExitCode::bad_input, std::move(missing)};
  Validation v;
  std::vector<std::string> groups;
  for (const MeasuredRow& row : *rows) {
    groups.push_back(row.group);
    if (options.group.empty() || row.group == options.group)
      v.rows.push_back({row, setup->calibration(row), {}, setup->noise(row)});
  }
  if (v.rows.empty() && !options.group.empty()) {
    const std::string near = nearest_name(options.group, groups);
    return fail(ExitCode::bad_input, {options.csv, "--group", "no row of group \"" + options.group + "\"",
                                      near.empty() ? "" : "did you mean " + near + "?"});
  }
  std::deque<std::pair<std::size_t, std::unique_ptr<run::IsolatedTask>>> running;
  const auto collect = [&] {
    v.rows[running.front().first].prediction = answer_of(*running.front().second);
    running.pop_front();
  };
  for (std::size_t i = 0; i < v.rows.size(); ++i) {
    if (static_cast<int>(running.size()) >= std::max(1, options.jobs)) collect();
    const MeasuredRow& row = v.rows[i].row;
    running.emplace_back(i,
                         std::make_unique<run::IsolatedTask>([&row, &setup] { return predict_in_child(row, *setup); }));
  }
  while (!running.empty()) collect();
  return v;
}

}  // namespace tessera::validation

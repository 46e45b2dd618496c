#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "sim/validation/validate.h"

namespace tessera::validation {
namespace {

class Summaries {
 public:
  void add(const std::string& name, const ValidatedRow& r) {
    if (index_.emplace(name, list.size()).second) list.push_back({name, 0, 0, 0, 0, ""});
    ErrorSummary& s = list[index_[name]];
    if (r.skipped()) {
      ++s.skipped;
      return;
    }
    const double error = std::abs(r.error_pct());
    ++s.rows;
    s.mean_pct += (error - s.mean_pct) / s.rows;
    if (error >= s.max_pct) s.max_pct = error, s.worst = r.row.id;
  }
  std::vector<ErrorSummary> list;

 private:
  std::map<std::string, std::size_t> index_;
};

bool is_network(const ValidatedRow& r) { return r.row.row_class() == RowClass::network; }

std::string noise_text(const ValidatedRow& r) {
  if (r.noise.high > 0) return fmt::format("{:g}..{:g}", r.noise.low, r.noise.high);
  return r.noise.pct > 0 ? fmt::format("{:g}%", r.noise.pct) : "";
}

constexpr std::size_t terminal_width = 100, longest_id = 30;

const std::map<char, std::string> marks_explained = {
    {'a', "rests on assumptions that neither the row nor its source states, told below the table"},
    {'c', "calibration: coefficients were fitted to this row; all others are hold-out"},
    {'n', "the error is within the scatter that the source itself states (--json has it)"},
    {'o', "a closed overlay beside our own schedule, counted apart; the figure is measured / predicted"},
    {'x', "extrapolated: outside what latency models and designs were fitted to (--json has it by row)"}};

std::string marks_of(const ValidatedRow& r) {
  std::string marks;
  if (!r.prediction.assumed.empty()) marks += 'a';
  if (r.calibration) marks += 'c';
  if (r.within_noise()) marks += 'n';
  if (is_network(r)) marks += 'o';
  if (!r.prediction.beyond.empty()) marks += 'x';
  if (is_network(r)) marks += fmt::format(" {:.2f}", r.row.measured / r.prediction.value);
  return marks;
}

std::string figure(double value) { return value < 1e6 ? fmt::format("{:.6g}", value) : fmt::format("{:.0f}", value); }

// Indented lines of whole words, no longer than a terminal.
std::string wrapped(const std::string& text) {
  const std::string indent(4, ' ');
  std::string lines, line = indent;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() > indent.size() && line.size() + 1 + word.size() > terminal_width) {
      lines += line + '\n';
      line = indent;
    }
    line += (line.size() > indent.size() ? " " : "") + word;
  }
  return lines + line + '\n';
}

const ErrorSummary* find(const std::vector<ErrorSummary>& list, const std::string& name) {
  for (const ErrorSummary& s : list)
    if (s.name == name) return &s;
  return nullptr;
}

}  // namespace

bool ValidatedRow::within_noise() const {
  if (skipped()) return false;
  if (noise.high > 0) return prediction.value >= noise.low && prediction.value <= noise.high;
  return noise.pct > 0 && std::abs(error_pct()) <= noise.pct;
}

std::vector<ErrorSummary> summarize(const Validation& validation) {
  Summaries total, machines, classes, groups;
  for (const ValidatedRow& r : validation.rows) {
    const std::string use = r.calibration ? "calibration" : "hold-out";
    classes.add(fmt::format("class {}, {}", row_class_name(r.row.row_class()), is_network(r) ? "closed overlays" : use),
                r);
    if (is_network(r) || r.row.row_class() == RowClass::open_engine) continue;  // whole networks count apart
    total.add("all rows", r);
    if (!r.calibration) total.add("hold-out rows", r);
    if (!r.prediction.machine.empty()) machines.add(fmt::format("device {}, {}", r.prediction.machine, use), r);
    groups.add(fmt::format("group {}, {}", r.row.group, use), r);
  }
  std::vector<ErrorSummary> all = std::move(total.list);
  all.insert(all.end(), machines.list.begin(), machines.list.end());
  all.insert(all.end(), classes.list.begin(), classes.list.end());
  all.insert(all.end(), groups.list.begin(), groups.list.end());
  return all;
}

result::ValidationResult result_of(const Validation& validation) {
  result::ValidationResult result;
  for (const ValidatedRow& r : validation.rows) {
    result::ValidatedRowResult& row = result.rows.emplace_back();
    row.id = r.row.id;
    row.group = r.row.group;
    row.row_class = row_class_name(r.row.row_class());
    row.unit = r.row.unit;
    row.device = r.prediction.machine;
    row.bound_by = r.prediction.bound_by;
    row.measured = r.row.measured;
    row.calibration = r.calibration;
    row.within_noise = r.within_noise();
    row.noise = noise_text(r);
    row.assumed = r.prediction.assumed;
    row.extrapolated = r.prediction.beyond;
    row.skipped = r.prediction.skipped;
    if (!r.skipped()) row.predicted = r.prediction.value, row.error_pct = r.error_pct();
  }
  const std::vector<ErrorSummary> summaries = summarize(validation);
  const auto mean = [&](const char* name) -> std::optional<double> {
    const ErrorSummary* s = find(summaries, name);
    return s == nullptr || s->rows == 0 ? std::nullopt : std::optional(s->mean_pct);
  };
  result.mape_pct = mean("all rows");
  result.mape_holdout_pct = mean("hold-out rows");
  return result;
}

std::string validation_table(const Validation& validation) {
  std::size_t width = 8;
  for (const ValidatedRow& r : validation.rows) width = std::max(width, std::min(r.row.id.size(), longest_id));
  const auto head = [&](const ValidatedRow& r, const std::string& predicted) {
    return fmt::format("{:<{}} {:>9} {:>9} {:<18}", r.row.id, width, figure(r.row.measured), predicted, r.row.unit);
  };
  std::string text = fmt::format("{:<{}} {:>9} {:>9} {:<18} {:>8} {:<13} {}\n", "id", width, "measured", "predicted",
                                 "unit", "error", "bound by", "marks");
  std::set<std::string> beyond;
  std::set<char> seen;
  for (const ValidatedRow& r : validation.rows) {
    if (r.skipped()) {
      text += head(r, "-") + "  skipped\n" + wrapped(r.prediction.skipped);
      continue;
    }
    const std::string marks = marks_of(r);
    seen.insert(marks.begin(), marks.end());
    if (!r.prediction.beyond.empty()) beyond.insert(r.prediction.beyond);
    text += fmt::format("{} {:>+7.2f}% {}\n", head(r, figure(r.prediction.value)), r.error_pct(),
                        marks.empty() ? r.prediction.bound_by : fmt::format("{:<13} {}", r.prediction.bound_by, marks));
  }
  text += '\n';
  for (const auto& [mark, meaning] : marks_explained)
    if (seen.count(mark) > 0) text += fmt::format("{}  {}\n", mark, meaning);
  for (const std::string& what : beyond) text += wrapped(what);
  if (seen.count('a') > 0) text += "\nassumed\n";
  for (const ValidatedRow& r : validation.rows)
    if (!r.skipped() && !r.prediction.assumed.empty()) text += wrapped(r.row.id + ": " + r.prediction.assumed);
  text += fmt::format("\n{:<42} {:>4} {:>7} {:>7} {:>7} {}\n", "absolute error", "rows", "skipped", "mean", "maximum",
                      "worst row");
  for (const ErrorSummary& s : summarize(validation)) {
    text += fmt::format("{:<42} {:>4} {:>7}", s.name, s.rows, s.skipped);
    if (s.rows > 0) text += fmt::format(" {:>6.2f}% {:>6.2f}% {}", s.mean_pct, s.max_pct, s.worst);
    text += '\n';
  }
  return text;
}

}  // namespace tessera::validation

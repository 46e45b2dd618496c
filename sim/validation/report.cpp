#include <fmt/format.h>

#include <cmath>
#include <map>

#include "sim/validation/validate.h"

namespace tessera {
namespace {
using nlohmann::json;

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
  Summaries total, classes, groups;
  for (const ValidatedRow& r : validation.rows) {
    const std::string use = r.calibration ? "calibration" : "hold-out";
    classes.add(fmt::format("class {}, {}", row_class_name(r.row.row_class()), is_network(r) ? "closed overlays" : use), r);
    if (is_network(r)) continue;
    total.add("all rows", r);
    if (!r.calibration) total.add("hold-out rows", r);
    groups.add("group " + r.row.group, r);
  }
  std::vector<ErrorSummary> all = std::move(total.list);
  all.insert(all.end(), classes.list.begin(), classes.list.end());
  all.insert(all.end(), groups.list.begin(), groups.list.end());
  return all;
}

json validation_json(const Validation& validation) {
  json rows = json::array();
  for (const ValidatedRow& r : validation.rows) {
    json row = {{"id", r.row.id},
                {"group", r.row.group},
                {"class", row_class_name(r.row.row_class())},
                {"measured", r.row.measured},
                {"predicted", nullptr},
                {"unit", r.row.unit},
                {"error_pct", nullptr},
                {"bound_by", r.prediction.bound_by},
                {"calibration", r.calibration},
                {"noise", noise_text(r)},
                {"within_noise", r.within_noise()},
                {"skipped", r.prediction.skipped}};
    if (!r.skipped()) row["predicted"] = r.prediction.value, row["error_pct"] = r.error_pct();
    rows.push_back(std::move(row));
  }
  const std::vector<ErrorSummary> summaries = summarize(validation);
  const auto mean = [&](const char* name) -> json {
    const ErrorSummary* s = find(summaries, name);
    return s == nullptr || s->rows == 0 ? json(nullptr) : json(s->mean_pct);
  };
  return {{"rows", std::move(rows)}, {"mape_pct", mean("all rows")}, {"mape_holdout_pct", mean("hold-out rows")}};
}

std::string validation_table(const Validation& validation) {
  std::string text = fmt::format("{:<32} {:>12} {:>12} {:<20} {:>9} {:>10}  {:<13} {}\n", "id", "measured", "predicted",
                                 "unit", "error", "noise", "bound by", "use");
  for (const ValidatedRow& r : validation.rows) {
    if (r.skipped()) {
      text += fmt::format("{:<32} {:>12.6g} {:>12} {:<20} skipped: {}\n", r.row.id, r.row.measured, "-", r.row.unit,
                          r.prediction.skipped);
      continue;
    }
    const std::string use = is_network(r) ? fmt::format("closed overlay, measured / predicted = {:.2f}",
                                                        r.row.measured / r.prediction.value)
                                          : r.calibration ? "calibration" : "";
    text += fmt::format("{:<32} {:>12.6g} {:>12.6g} {:<20} {:>+8.2f}% {:>10}  {:<13} {}\n", r.row.id, r.row.measured,
                        r.prediction.value, r.row.unit, r.error_pct(), noise_text(r), r.prediction.bound_by, use);
  }
  text += "\nnoise: scatter that the source itself states, an interval of the measured unit or a share of the value\n";
  text += fmt::format("\n{:<40} {:>5} {:>8} {:>11} {:>11}  {}\n", "absolute error", "rows", "skipped", "mean", "maximum",
                      "worst row");
  for (const ErrorSummary& s : summarize(validation)) {
    if (s.rows == 0)
      text += fmt::format("{:<40} {:>5} {:>8}\n", s.name, 0, s.skipped);
    else
      text += fmt::format("{:<40} {:>5} {:>8} {:>10.2f}% {:>10.2f}%  {}\n", s.name, s.rows, s.skipped, s.mean_pct, s.max_pct,
                          s.worst);
  }
  return text;
}

}  // namespace tessera

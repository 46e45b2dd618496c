#include "sim/result/validation_result.h"

#include "sim/result/json.h"

namespace tessera::result {
namespace {

// null without a value.
template <auto Member>
auto or_null() {
  using Owner = typename member_of<decltype(Member)>::owner;
  return derived<Owner>([](const Owner& owner) {
    const std::optional<double>& number = owner.*Member;
    return number ? Value(*number) : Value(Null{});
  });
}
}  // namespace

const std::vector<Metric<ValidationResult>>& validation_metrics() {
  using V = ValidationResult;
  static const std::vector<Metric<V>> table{
      {"mape_pct", "%", "Mean absolute error of the rows; whole networks and the open engine count apart.",
       "mean of |error_pct|", or_null<&V::mape_pct>()},
      {"mape_holdout_pct", "%", "The same of rows that nothing was fitted to.", "mean of |error_pct|",
       or_null<&V::mape_holdout_pct>()},
      {"rows", "", "One entry per row of the file (see rows[].*).", "given", {}},
  };
  return table;
}

const std::vector<Metric<ValidatedRowResult>>& validated_row_metrics() {
  using R = ValidatedRowResult;
  static const std::vector<Metric<R>> table{
      {"id", "", "The row.", "given", field<&R::id>()},
      {"group", "", "Who measured it, on which machine.", "given", field<&R::group>()},
      {"class", "", "What kind of thing was measured.", "given", field<&R::row_class>()},
      {"measured", "", "The measured figure, in the row's unit.", "given", field<&R::measured>()},
      {"predicted", "", "The predicted one; null where the row is skipped.", "simulated or computed",
       or_null<&R::predicted>()},
      {"unit", "", "Of both.", "given", field<&R::unit>()},
      {"error_pct", "%", "How much the prediction is above the measured figure.", "100 x (predicted / measured - 1)",
       or_null<&R::error_pct>()},
      {"bound_by", "", "What limits the prediction.", "simulated", field<&R::bound_by>()},
      {"calibration", "", "Whether a number of the model was fitted to the row.", "given", field<&R::calibration>()},
      {"noise", "", "The scatter that the source itself states.", "given", field<&R::noise>()},
      {"within_noise", "", "Whether the error lies within it.", "computed", field<&R::within_noise>()},
      {"device", "", "The machine of the prediction.", "given", field<&R::device>()},
      {"assumed", "", "What was assumed for lack of a statement.", "given", field<&R::assumed>()},
      {"extrapolated", "", "What lies outside the shapes that the model was fitted to.", "computed",
       field<&R::extrapolated>()},
      {"skipped", "", "Why there is no prediction.", "given", field<&R::skipped>()},
  };
  return table;
}

std::string json_text(const ValidationResult& result) {
  nlohmann::json object;
  write_metrics(result, validation_metrics(), object);
  object["rows"] = nlohmann::json::array();
  for (const ValidatedRowResult& row : result.rows)
    write_metrics(row, validated_row_metrics(), object["rows"].emplace_back());
  return object.dump(1) + "\n";
}

}  // namespace tessera::result

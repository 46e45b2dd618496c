#include "explore/space/axis.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace tessera::explore {
namespace {

using Json = nlohmann::json;
constexpr std::size_t max_values = 100000;
constexpr const char* legal_range =
    "a list of values, or a range {\"from\", \"to\"} with one of \"step\", \"count\", \"factor\"";

// 0.1 * 3 is written 0.3: twelve significant digits are more than any axis means.
Json tidy(double value, bool whole) {
  const double rounded = std::strtod(fmt::format("{:.12g}", value).c_str(), nullptr);
  if (whole && rounded == std::floor(rounded)) return static_cast<std::int64_t>(rounded);
  return rounded;
}

std::vector<Json> range(const Json& spec, const std::string& where, std::vector<Problem>& problems) {
  const auto problem = [&](const std::string& key, const std::string& what, const std::string& legal) {
    problems.push_back({"", key.empty() ? where : where + "." + key, what, legal});
  };
  const std::size_t before = problems.size();
  std::string stride;
  for (const auto& [key, value] : spec.items()) {
    if (key != "from" && key != "to" && key != "step" && key != "count" && key != "factor") {
      const std::string near = nearest_name(key, {"from", "to", "step", "count", "factor"});
      problem(key, "unknown key", near.empty() ? legal_range : "did you mean '" + near + "'?");
    } else if (!value.is_number()) {
      problem(key, fmt::format("{} is not a number", value.dump()), "a number");
    }
    if (key == "step" || key == "count" || key == "factor") {
      if (!stride.empty()) problem("", fmt::format("both \"{}\" and \"{}\" are given", stride, key), legal_range);
      stride = key;
    }
  }
  for (const char* key : {"from", "to"})
    if (!spec.contains(key)) problem("", fmt::format("\"{}\" is missing", key), legal_range);
  if (stride.empty()) problem("", "no stride is given", legal_range);
  if (problems.size() != before) return {};

  const double from = spec["from"], to = spec["to"];
  const bool whole = spec["from"].is_number_integer() && (stride == "count" || spec[stride].is_number_integer());
  std::vector<Json> values;
  if (stride == "step") {
    const double step = spec["step"];
    if (step <= 0)
      problem("step", fmt::format("{} is not positive", step), "> 0; \"from\" is the smaller end");
    else if (to < from)
      problem("to", fmt::format("{} is below \"from\" {}", to, from), "at least \"from\"");
    else if ((to - from) / step > static_cast<double>(max_values))
      problem("step", "the range has too many values", fmt::format("at most {}", max_values));
    else
      for (int i = 0; from + i * step <= to + 1e-9 * step; ++i) values.push_back(tidy(from + i * step, whole));
  } else if (stride == "count") {
    const double count = spec["count"];
    if (count < 2 || count > static_cast<double>(max_values) || count != std::floor(count))
      problem("count", fmt::format("{} values", count), fmt::format("a whole number from 2 to {}", max_values));
    else
      for (int i = 0; i < count; ++i) values.push_back(tidy(from + (to - from) * i / (count - 1), whole));
  } else {
    const double factor = spec["factor"];
    if (factor <= 1)
      problem("factor", fmt::format("{} does not grow", factor), "> 1");
    else if (from <= 0)
      problem("from", fmt::format("{} has no ratios", from), "> 0 with \"factor\"");
    else if (to < from)
      problem("to", fmt::format("{} is below \"from\" {}", to, from), "at least \"from\"");
    else if (std::log(to / from) / std::log(factor) > static_cast<double>(max_values))
      problem("factor", "the range has too many values", fmt::format("at most {}", max_values));
    else
      for (double v = from; v <= to * (1 + 1e-9); v *= factor) values.push_back(tidy(v, whole));
  }
  return values;
}

}  // namespace

std::vector<Json> axis_values(const Json& spec, const std::string& where, std::vector<Problem>& problems) {
  if (spec.is_object()) return range(spec, where, problems);
  if (!spec.is_array()) {
    problems.push_back({"", where, spec.dump() + " is no axis", legal_range});
    return {};
  }
  if (spec.empty()) problems.push_back({"", where, "the axis has no values", "at least one"});
  return spec.get<std::vector<Json>>();
}

}  // namespace tessera::explore

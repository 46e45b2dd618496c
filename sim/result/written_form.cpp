#include "sim/result/written_form.h"

#include <fmt/format.h>

#include "sim/result/json.h"

namespace tessera::result {
namespace {
using nlohmann::json;

constexpr const char* legal = "what `tessera run` writes: run it again";

const char* kind_of(const json& value) { return value.is_number() ? "number" : value.type_name(); }

class FormCheck {
 public:
  explicit FormCheck(const std::string& file) : file_(file) {}

  // Every key of `form` is in `given`, and of its kind; lists that are not empty there are as long.
  void compare(const json& given, const json& form, const std::string& path) {
    if (std::string(kind_of(given)) != kind_of(form)) return refuse(path, given, kind_of(form));
    if (form.is_array() && !form.empty()) {
      if (given.size() != form.size())
        return problems.push_back(
            {file_, path, fmt::format("has {} elements", given.size()), fmt::format("{}: {}", form.size(), legal)});
      for (std::size_t i = 0; i < form.size(); ++i) compare(given[i], form[i], fmt::format("{}[{}]", path, i));
    }
    if (!form.is_object()) return;
    for (const auto& [key, value] : form.items()) {
      const std::string at = path.empty() ? key : path + "." + key;
      if (value.is_null()) continue;  // may be missing
      if (!given.contains(key))
        problems.push_back({file_, at, "is missing", legal});
      else
        compare(given[key], value, at);
    }
  }

  void compare_list(const json& given, const json& form, const std::string& path) {
    for (std::size_t i = 0; i < given.size(); ++i) compare(given[i], form, fmt::format("{}[{}]", path, i));
  }

  void refuse(const std::string& path, const json& given, const char* wanted) {
    problems.push_back(
        {file_, path, fmt::format("is of the kind {}", kind_of(given)), fmt::format("{}: {}", wanted, legal)});
  }

  std::vector<Problem> problems;

 private:
  const std::string& file_;
};

}  // namespace

std::vector<Problem> unlike_a_result(const json& given, const std::string& file) {
  FormCheck check(file);
  check.compare(given, to_json(RunResult{}), "");
  if (!check.problems.empty()) return check.problems;
  if (const auto sparsity = given.find("sparsity"); sparsity != given.end() && !sparsity->is_null()) {
    RunResult masked;
    masked.sparsity.emplace().block = {8, 8};
    masked.sparsity->by_layer.emplace_back().block = {8, 8};
    json form = to_json(masked)["sparsity"];
    const json layer_form = form["by_layer"][0];
    form["by_layer"] = json::array();
    check.compare(*sparsity, form, "sparsity");
    if (check.problems.empty()) check.compare_list((*sparsity)["by_layer"], layer_form, "sparsity.by_layer");
  }
  json layer;
  write_metrics(LayerResult{}, layer_metrics(), layer);
  int densities = 0;
  for (const char* density : {"dense", "sparse"}) {
    if (!given.contains(density) || given[density].is_null()) continue;
    ++densities;
    check.compare(given[density], to_json(DensityResult{}), density);
    if (!check.problems.empty()) continue;
    const json& layers = given[density]["layers"];
    check.compare_list(layers, layer, std::string(density) + ".layers");
    if (layers.empty()) check.problems.push_back({file, std::string(density) + ".layers", "is empty", legal});
  }
  if (densities == 0) check.problems.push_back({file, "", "has neither dense nor sparse", legal});
  return check.problems;
}

}  // namespace tessera::result

#include "sim/designs/open_engine/variant_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "sim/base/json_file.h"

namespace tessera::designs::open_engine {

Expected<Variant> load_variant(const std::string& file, const std::string& name) {
  const Expected<nlohmann::json> document = read_json(file);
  if (!document) return document.failure();
  const auto found = document->find(name);
  if (found == document->end() || !found->is_object()) {
    std::vector<std::string> names;
    for (const auto& [key, value] : document->items())
      if (value.is_object()) names.push_back(key);
    return fail(ExitCode::bad_input, {file, name, "is no variant", fmt::format("{}", fmt::join(names, ", "))});
  }
  static const std::map<std::string, Variant::Grain> grains{
      {"packet", Variant::Grain::packet}, {"round", Variant::Grain::round}, {"run", Variant::Grain::run}};
  Variant variant;
  const std::map<std::string, bool*> flags{
      {"balanced", &variant.balanced},           {"folds", &variant.folds},
      {"joins_weights", &variant.joins_weights}, {"trims", &variant.trims},
      {"joins_round", &variant.joins_round},     {"older_kernel", &variant.older_kernel}};
  struct Range {
    int* value;
    int least, most;
  };
  const std::map<std::string, Range> numbers{{"token_every", {&variant.token_every, 1, 4}},
                                             {"drain_rounds", {&variant.drain_rounds, 1, 16}},
                                             {"weight_buffers", {&variant.weight_buffers, 1, 2}}};
  Failure failure;
  for (const auto& [key, value] : found->items()) {
    const auto flag = flags.find(key);
    const auto number = numbers.find(key);
    if (flag != flags.end() && value.is_boolean())
      *flag->second = value.get<bool>();
    else if (key == "grain" && value.is_string() && grains.count(value.get<std::string>()) > 0)
      variant.grain = grains.at(value.get<std::string>());
    else if (number != numbers.end() && value.is_number_integer() && value >= number->second.least &&
             value <= number->second.most)
      *number->second.value = value.get<int>();
    else if (key != "source")
      failure.problems.push_back({file, name + "." + key, "is " + value.dump(),
                                  "grain packet, round or run; drain_rounds 1 to 16; token_every 1 to 4; "
                                  "weight_buffers 1 or 2; balanced, folds, "
                                  "joins_round, joins_weights, trims, older_kernel true or false; source"});
  }
  if (!failure.problems.empty()) return failure;
  return variant;
}

}  // namespace tessera::designs::open_engine

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
  const std::map<std::string, bool*> flags{{"balanced", &variant.balanced},
                                           {"folds", &variant.folds},
                                           {"joins_weights", &variant.joins_weights},
                                           {"trims", &variant.trims},
                                           {"repeats_fifth_group", &variant.repeats_fifth_group}};
  Failure failure;
  for (const auto& [key, value] : found->items()) {
    const auto flag = flags.find(key);
    if (flag != flags.end() && value.is_boolean())
      *flag->second = value.get<bool>();
    else if (key == "grain" && value.is_string() && grains.count(value.get<std::string>()) > 0)
      variant.grain = grains.at(value.get<std::string>());
    else if (key == "token_every" && value.is_number_integer() && value >= 1 && value <= 4)
      variant.token_every = value.get<int>();
    else if (key != "source")
      failure.problems.push_back(
          {file, name + "." + key, "is " + value.dump(),
           "grain packet, round or run; token_every 1 to 4; balanced, folds, joins_weights, trims, "
           "repeats_fifth_group true or false; source"});
  }
  if (!failure.problems.empty()) return failure;
  return variant;
}

}  // namespace tessera::designs::open_engine

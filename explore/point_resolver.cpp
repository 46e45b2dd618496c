#include "explore/point_resolver.h"

#include <filesystem>

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

// Whether a value is a path, which counts from the folder of the sweep; what `list` prints are names.
bool names_a_file(const std::string& path, const Json& value) {
  if ((path == "network" || path == "hardware") && value.is_string() &&
      value.get<std::string>().find_first_of("/.") == std::string::npos)
    return false;
  return (path == "network" || path == "hardware" || path == "sparsity.mask_file" || path == "sparsity.weights" ||
          path == "sparsity.gradients") &&
         value.is_string();
}

std::string first_key(const std::string& path) { return path.substr(0, path.find('.')); }

std::size_t size_of(const run::JsonParts& parts) {
  std::size_t bytes = 0;
  for (const auto& [name, text] : parts) bytes += name.size() + text.size();
  return bytes;
}

}  // namespace

const ResolvedHalf& HalfCache::get(const Overrides& overrides,
                                   const std::function<ResolvedHalf(const Overrides&)>& make) {
  constexpr std::size_t most_bytes = 64 << 20;
  std::string name;
  for (const auto& [path, value] : overrides) name += Json(path).dump() + value.dump();
  const auto found = halves_.find(name);
  if (found != halves_.end()) return found->second;
  ResolvedHalf half = make(overrides);
  const std::size_t bytes = name.size() + size_of(half.config) + size_of(half.content);
  if (bytes_ + bytes > most_bytes) {
    halves_.clear();
    bytes_ = 0;
  }
  bytes_ += bytes;
  return halves_[name] = std::move(half);
}

Expected<run::RunConfig> PointResolver::load(const Overrides& overrides) const {
  std::vector<std::string> sets;
  for (const auto& [path, value] : overrides) {
    const Json set =
        names_a_file(path, value) ? Json(fs::absolute(fs::path(folder_) / value.get<std::string>()).string()) : value;
    sets.push_back(path + "=" + set.dump());
  }
  return run::load_run_config(base_, sets);
}

Expected<ResolvedPoint> PointResolver::resolve_whole(const Overrides& overrides) const {
  const Expected<run::RunConfig> config = load(overrides);
  if (!config) return config.failure();
  return ResolvedPoint{config->resolved.dump(), content_hash(*config, run::Density::sparse),
                       content_hash(*config, run::Density::dense)};
}

ResolvedHalf PointResolver::machine_half(const Overrides& overrides) const {
  Overrides without = overrides;
  without.emplace_back("sparsity", Json::object());  // not the base's: its masks would be made for nothing
  const Expected<run::RunConfig> config = load(without);
  if (!config) return {};
  ResolvedHalf half{true, run::parts_of(config->resolved), content_parts(*config, run::Density::dense), ""};
  half.baseline_key = run::content_hash(half.content);
  return half;
}

ResolvedHalf PointResolver::mask_half(const Overrides& overrides) const {
  const Expected<run::RunConfig> config = load(overrides);
  if (!config) return {};
  ResolvedHalf half{true, {}, {}, ""};
  half.config["sparsity"] = config->resolved["sparsity"].dump();
  half.content["masks"] = content_parts(*config, run::Density::sparse)["masks"];
  return half;
}

Expected<ResolvedPoint> PointResolver::resolve(const Overrides& overrides) {
  Overrides of_machine, of_masks;
  for (const auto& override : overrides) {
    const std::string section = first_key(override.first);
    if (section.find('"') != std::string::npos) return resolve_whole(overrides);
    if (section != "sparsity") of_machine.push_back(override);
    if (section == "sparsity" || section == "network") of_masks.push_back(override);
  }
  const ResolvedHalf& machine = machines_.get(of_machine, [this](const Overrides& o) { return machine_half(o); });
  const ResolvedHalf& masks = masks_.get(of_masks, [this](const Overrides& o) { return mask_half(o); });
  if (!machine.legal || !masks.legal) return resolve_whole(overrides);
  run::JsonParts config = machine.config, content = machine.content;
  config["sparsity"] = masks.config.at("sparsity");
  content["masks"] = masks.content.at("masks");
  return ResolvedPoint{run::text_of(config), run::content_hash(content), machine.baseline_key};
}

}  // namespace tessera::explore

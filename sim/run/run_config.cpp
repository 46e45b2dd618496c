#include "sim/run/run_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>

#include "sim/base/input_file.h"
#include "sim/base/phase.h"
#include "sim/config/document.h"
#include "sim/config/energy_keys.h"
#include "sim/config/hardware.h"
#include "sim/config/named_file.h"
#include "sim/config/validate.h"
#include "sim/network/network_file.h"
#include "sim/run/batch.h"
#include "sim/run/calibration.h"
#include "sim/run/config_folder.h"
#include "sim/run/conflicting_keys.h"
#include "sim/run/published.h"
#include "sim/run/run_defaults.h"
#include "sim/run/run_rule.h"
#include "sim/schedule/registry.h"
#include "sim/sparsity/importance_masks.h"

namespace tessera::run {
namespace {
using nlohmann::json;
using Masks = std::vector<std::optional<sparsity::BlockMask>>;

// Parts of a config that may be a file, or a name of `tessera list`.
std::vector<config::Reference> references() {
  return {{"network", config_folder() + "/networks"}, {"hardware", config_folder() + "/hardware"}};
}

sparsity::MaskSpec read_sparsity(const json& sparsity) {
  sparsity::MaskSpec spec;
  spec.bc = sparsity["block"][0].get<int>();
  spec.bi = sparsity["block"][1].get<int>();
  spec.ratio = sparsity.value("ratio", spec.ratio);
  spec.pattern = sparsity.value("pattern", spec.pattern);
  spec.seed = sparsity.value("seed", spec.seed);
  spec.first_dense = sparsity["first_dense"].get<bool>();
  spec.exclude = sparsity.value("exclude", std::vector<std::string>{});
  if (sparsity.contains("importance"))
    spec.importance = sparsity::find_importance(sparsity["importance"].get<std::string>());
  const std::string scope = sparsity.value("scope", "layer");
  spec.scope = scope == "global" ? sparsity::MaskScope::global
               : scope == "n_m"  ? sparsity::MaskScope::n_m
                                 : sparsity::MaskScope::layer;
  spec.n_m = sparsity.value("n_m", spec.n_m);
  const json layers = sparsity.value("layers", json::object());
  for (const auto& [name, given] : layers.items()) {
    sparsity::MaskOverride& layer = spec.layers[name];
    if (given.contains("block")) {
      layer.bc = given["block"][0].get<int>();
      layer.bi = given["block"][1].get<int>();
    }
    if (given.contains("ratio")) layer.ratio = given["ratio"].get<double>();
    if (given.contains("pattern")) layer.pattern = given["pattern"].get<std::string>();
    if (given.contains("seed")) layer.seed = given["seed"].get<std::uint64_t>();
  }
  return spec;
}

schedule::ScheduleSpec read_schedule(const json& schedule) {
  schedule::ScheduleSpec spec;
  spec.policy = schedule["policy"].get<std::string>();
  spec.search = schedule::find_search(schedule["search"].get<std::string>());
  spec.balance = schedule["balance"].get<bool>();
  spec.depth_first = schedule["depth_first"].get<bool>();
  for (const json& d : schedule.value("fusion_groups", json::array()))
    spec.fusion_groups.push_back({d["first"].get<std::string>(), d["last"].get<std::string>(), d["tiles"].get<int>()});
  const json layers = schedule.value("layers", json::object());
  for (const auto& [name, given] : layers.items()) spec.layers[name] = mapping::read_layer_mapping(given);
  return spec;
}

// A network's paths name the layers too: layers[2] 'conv'.kernel
std::string without_names(const std::string& path) {
  std::string plain;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t open = path.find(" '", at);
    const std::size_t close = open == std::string::npos ? open : path.find('\'', open + 2);
    if (close == std::string::npos) return plain + path.substr(at);
    plain += path.substr(at, open - at);
    at = close + 1;
  }
  return plain;
}

// Second stage: what the JSON means. Collects the problems that show only here.
class Resolver {
 public:
  Resolver(config::Document document, const std::string& name, const sparsity::WeightsByLayer* weights)
      : document_(std::move(document)), name_(name), weights_(weights) {
    write_plainly(document_.value, run_rule());
  }

  Expected<RunConfig> resolve() {
    failure_.problems = document_.problems;
    if (document_.value.is_null() && !failure_.problems.empty()) return failure_;
    add(validate(document_, run_rule()));
    std::optional<network::Network> network = read_network();
    check_name();
    // A file that could not be read may hold what stands beside a key, or what it lacks.
    if (!document_.value.is_object() || !document_.problems.empty()) return failure_;

    // What only shows with the meaning of a part is reported with the rest, if the part itself can be read.
    const bool array = sound("hardware"), masks = network && sound("sparsity"), schedule = network && sound("schedule");
    replace_generator(document_);
    add(conflicting_keys(document_, network ? &*network : nullptr));
    complete(document_.value, name_);
    RunConfig config;
    const cost::LatencyModel* latency_model = nullptr;
    if (array) {
      take(read_hardware(document_, "hardware"), config.array, "");
      if (document_.value["accounting"] == "published") use_published_machine(config.array);
      const bool kernels = settle_kernels(config.array);
      if (document_.value["accounting"] != "published" && !config.array.name.empty())
        settle_calibration(document_, config.array);
      if (kernels) take(open_latency_model(config.array.kernels), latency_model, "");
    }
    if (network) take_network(std::move(*network), array, config);
    if (masks) {
      config.mask_spec = read_sparsity(document_.value["sparsity"]);
      for (const auto& [key, file] : {std::pair{"mask_file", &config.mask_spec.file},
                                      {"weights", &config.mask_spec.weights},
                                      {"gradients", &config.mask_spec.gradients}})
        *file = path_of(std::string("sparsity.") + key, document_.value["sparsity"].value(key, ""));
      enter_phase("making masks");
      take(make_masks(config.network, config.mask_spec), config.masks, "sparsity");
      if (!config.mask_spec.file.empty() && sound("sparsity")) follow_blocks(config);
      if (config.mask_spec.importance && sound("sparsity")) choose_by_importance(config);
    }
    if (schedule) {
      config.schedule = read_schedule(document_.value["schedule"]);
      if (document_.value["schedule"].contains("mapping")) read_mapping(config);
      check_schedule_layers(config);
      repeat_forced(config);
    }
    // A mapping that could not be read has been reported.
    const bool unread = schedule && document_.value["schedule"].contains("mapping") && !config.schedule.mapping;
    if (latency_model != nullptr && schedule && !unread && sound("schedule") && sound("sparsity"))
      add(located(planning_problems(config, *latency_model)));
    if (!failure_.problems.empty()) return failure_;
    config.name = document_.value["name"].get<std::string>();
    config.accounting = document_.value["accounting"] == "published" ? Accounting::published : Accounting::physical;
    config.fidelity =
        document_.value["fidelity"] == "transaction" ? exec::Fidelity::transaction : exec::Fidelity::burst;
    config.seed = document_.value["seed"].get<std::uint64_t>();
    for (const auto& [key, file] : {std::pair{"mask_file", config.mask_spec.file},
                                    {"weights", config.mask_spec.weights},
                                    {"gradients", config.mask_spec.gradients}})
      if (!file.empty()) document_.value["sparsity"][key] = std::filesystem::absolute(file).string();
    if (config.accounting == Accounting::physical) config.energy = config::read_energy(document_.value["hardware"]);
    config.resolved = std::move(document_.value);
    return config;
  }

 private:
  // A file that a key names, from the folder of the document that says so; empty stays empty.
  std::string path_of(const std::string& key, const std::string& given) const {
    if (given.empty()) return "";
    return (std::filesystem::path(document_.origin(key).folder) / given).lexically_normal().string();
  }

  // A mask file that tells its block says what the config's block is.
  void follow_blocks(RunConfig& config) {
    const sparsity::BlockMask* first = nullptr;
    for (const auto& mask : config.masks) {
      if (!mask) continue;
      if (first != nullptr && (mask->bc != first->bc || mask->bi != first->bi)) return;
      first = &*mask;
    }
    if (first == nullptr || !config.mask_spec.layers.empty()) return;
    config.mask_spec.bc = first->bc;
    config.mask_spec.bi = first->bi;
    document_.value["sparsity"]["block"] = {first->bc, first->bi};
  }

  void take_network(network::Network network, bool array, RunConfig& config) {
    config.network = std::move(network);
    if (array && sound("batch")) config.images = document_.value.value("batch", 1);
    add(located(batch_problems(config)));
  }

  static std::vector<Problem> planning_problems(const RunConfig& config, const cost::LatencyModel& latency_model) {
    const network::Batch batch = batch_of(config);
    return schedule_problems(batch.network, masks_of(config, batch), latency_model, config.schedule);
  }

  void choose_by_importance(RunConfig& config) {
    const sparsity::MaskSpec& spec = config.mask_spec;
    sparsity::WeightsByLayer weights, gradients;
    if (!spec.weights.empty())
      take(sparsity::read_weights(spec.weights), weights, "sparsity");
    else if (weights_ == nullptr)
      add(located({{"", "sparsity.importance", "is given without weights to go by",
                    "legal: with sparsity.weights, with --data of the command line, or for an ONNX file"}}));
    const bool derived = needs_gradients(*spec.importance);
    if (derived && spec.gradients.empty())
      add(located({{"", "sparsity.importance",
                    fmt::format("is {} without gradients", sparsity::importance_name(*spec.importance)),
                    "legal: with sparsity.gradients"}}));
    else if (derived)
      take(sparsity::read_weights(spec.gradients), gradients, "sparsity");
    if (!sound("sparsity")) return;
    std::vector<Problem> problems = choose_blocks(config.network, spec, spec.weights.empty() ? *weights_ : weights,
                                                  derived ? &gradients : nullptr, config.masks);
    for (Problem& problem : problems) problem.path = "sparsity." + problem.path;
    add(located(std::move(problems)));
  }

  void add(std::vector<Problem> problems) {
    for (Problem& problem : problems) failure_.problems.push_back(std::move(problem));
  }

  // Whether nothing is wrong with a part of the config.
  bool sound(const std::string& part) const {
    return std::none_of(failure_.problems.begin(), failure_.problems.end(), [&](const Problem& problem) {
      return problem.path == part || problem.path.rfind(part + ".", 0) == 0;
    });
  }

  // The result folder carries the name.
  void check_name() {
    const json& given = document_.value;
    if (!given.is_object() || !given.contains("name") || !given["name"].is_string()) return;
    const std::string name = given["name"].get<std::string>();
    const auto unfit = [](char c) {
      return std::strchr("/\\:*?\"<>|", c) != nullptr || std::iscntrl(static_cast<unsigned char>(c)) != 0;
    };
    constexpr std::size_t longest = 100;
    if (name.size() <= longest && name.find_first_of(".-") != 0 && std::none_of(name.begin(), name.end(), unfit))
      return;
    add({{document_.origin("name").file, "name",
          fmt::format("is {}, which no folder can be called", config::show(given["name"])),
          fmt::format(
              "legal: up to {} bytes without / \\ : * ? \" < > | and control characters, not starting with . or -",
              longest)}});
  }

  // Keeps the value, or its problems; those that name no file are about the key `at` of this config.
  template <class T>
  void take(Expected<T> result, T& value, const std::string& at) {
    if (result) {
      value = std::move(*result);
      return;
    }
    for (Problem problem : result.failure().problems) {
      if (problem.file.empty()) {
        problem.path = config::join_path(at, problem.path);
        problem.file = document_.origin(problem.path).file;
      }
      failure_.problems.push_back(std::move(problem));
    }
  }

  std::optional<network::Network> read_network() {
    if (!document_.value.is_object() || !document_.value.contains("network")) return std::nullopt;
    const json& given = document_.value["network"];
    if (given.is_string()) return std::nullopt;  // could not be read: reported when it was tried
    const std::string file = document_.origin("network").file;
    if (!given.is_object()) {
      add({{file, "network", "is " + config::show(given), "legal: an object {...} or the path of a file"}});
      return std::nullopt;
    }
    Expected<network::Network> network = network::parse_network(given, file);
    if (!network) {
      for (Problem problem : network.failure().problems) {
        const std::string at = "network." + without_names(problem.path);
        if (const std::string& from = document_.origin(at).file; from != file) {
          problem.file = from;
          problem.path = "network." + problem.path;
        }
        failure_.problems.push_back(std::move(problem));
      }
      return std::nullopt;
    }
    return std::move(*network);
  }

  // A kernel library given by its path: the array gets its name, the config a path that means the same everywhere.
  bool settle_kernels(arch::ArraySpec& array) {
    json& given = document_.value["hardware"]["kernels"];
    const std::string folder = document_.origin("hardware.kernels").folder, said = given.get<std::string>();
    const std::size_t known = failure_.problems.size();
    array.kernels = said;
    take(latency_model_name(said, folder), array.kernels, "hardware.kernels");
    const std::vector<std::string> shipped = config_names("hardware/kernels");
    if (std::find(shipped.begin(), shipped.end(), array.kernels) != shipped.end())
      given = array.kernels;
    else if (const std::string path = kernel_library_path(said, folder); !path.empty())
      given = std::filesystem::absolute(path).string();
    return failure_.problems.size() == known;
  }

  // The published accounting is the arithmetic of one machine: the generic array becomes it, with its rows, columns and
  // DDR. What was changed in hardware of that name stays.
  void use_published_machine(arch::ArraySpec& array) {
    if (array.name.empty() || array.name == published_machine) return;
    config::Document machine = load_published_machine(document_.value["hardware"], array);
    for (Problem& problem : machine.problems)
      if (problem.file.empty()) problem.file = document_.origin(problem.path).file;
    add(machine.problems);
    if (!machine.problems.empty()) return;
    document_.value["hardware"] = std::move(machine.value);
    take(read_hardware(document_, "hardware"), array, "");
  }

  // Problems that only name a key of this config, with the file that it stands in.
  std::vector<Problem> located(std::vector<Problem> problems) const {
    for (Problem& problem : problems) problem.file = document_.origin(problem.path).file;
    return problems;
  }

  // The file is told in full from here on, wherever it was told from.
  void read_mapping(RunConfig& config) {
    const config::Origin& origin = document_.origin("schedule.mapping");
    std::string file = document_.value["schedule"]["mapping"].get<std::string>();
    file = (std::filesystem::path(origin.folder) / file).lexically_normal().string();
    const Expected<std::string> text = read_text(file);
    if (!text) return add(text.failure().problems);
    Expected<mapping::ReadMapping> read = mapping::parse_mapping(*text, batch_of(config).network, file);
    if (!read) return add(read.failure().problems);
    config.schedule.mapping = schedule::GivenMapping{file, *text, std::move(*read)};
    document_.value["schedule"]["mapping"] = std::filesystem::absolute(file).string();
  }

  void check_schedule_layers(const RunConfig& config) {
    std::vector<std::string> names;
    for (const network::Layer& layer : config.network.layers) {
      if (ops::is_computed(layer)) names.push_back(layer.name);
    }
    const auto check = [&](const std::string& name, const std::string& path) {
      if (std::find(names.begin(), names.end(), name) != names.end()) return;
      const std::string near = nearest_name(name, names);
      add({{document_.origin(path).file, path, fmt::format("there is no layer called \"{}\"", name),
            near.empty() ? "legal: the name of a layer of the network" : fmt::format("did you mean \"{}\"?", near)}});
    };
    for (const auto& [name, forced] : config.schedule.layers) check(name, "schedule.layers." + name);
    for (std::size_t i = 0; i < config.schedule.fusion_groups.size(); ++i) {
      check(config.schedule.fusion_groups[i].first, fmt::format("schedule.fusion_groups[{}].first", i));
      check(config.schedule.fusion_groups[i].last, fmt::format("schedule.fusion_groups[{}].last", i));
    }
    check_depth_overlaps(config);
  }

  // Layers can be walked together in one way only.
  void check_depth_overlaps(const RunConfig& config) {
    const auto place = [&](const std::string& name) {
      const auto& layers = config.network.layers;
      return std::find_if(layers.begin(), layers.end(), [&](const network::Layer& l) { return l.name == name; }) -
             layers.begin();
    };
    const std::vector<schedule::ForcedGroup>& groups = config.schedule.fusion_groups;
    for (std::size_t j = 1; j < groups.size(); ++j)
      for (std::size_t i = 0; i < j; ++i) {
        if (place(groups[i].last) < place(groups[j].first) || place(groups[j].last) < place(groups[i].first)) continue;
        const std::string path = fmt::format("schedule.fusion_groups[{}]", j);
        add({{document_.origin(path).file, path,
              fmt::format("is {} to {}, which shares layers with schedule.fusion_groups[{}] ({} to {})",
                          groups[j].first, groups[j].last, i, groups[i].first, groups[i].last),
              "legal: groups that share no layer"}});
      }
  }

  config::Document document_;
  std::string name_;
  const sparsity::WeightsByLayer* weights_;
  Failure failure_;
};
}  // namespace

const char* accounting_name(Accounting a) { return a == Accounting::published ? "published" : "physical"; }
const char* fidelity_name(exec::Fidelity f) { return f == exec::Fidelity::transaction ? "transaction" : "burst"; }

Expected<RunConfig> load_run_config(const std::string& path, const std::vector<std::string>& sets,
                                    const sparsity::WeightsByLayer* weights) {
  const Expected<std::string> file = config::named_file(path, "", config_folder() + "/runs");
  if (!file) return file.failure();
  return Resolver(config::load_document(*file, references(), sets), std::filesystem::path(path).stem().string(),
                  weights)
      .resolve();
}

Expected<RunConfig> make_run_config(const json& document, const std::string& folder, const std::string& name,
                                    const std::vector<std::string>& sets, const sparsity::WeightsByLayer* weights) {
  return Resolver(config::make_document(document, {name, folder}, references(), sets), name, weights).resolve();
}

}  // namespace tessera::run

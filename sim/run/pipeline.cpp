#include "sim/run/pipeline.h"

#include <fmt/format.h>

#include "sim/base/hash.h"
#include "sim/base/json_file.h"
#include "sim/base/phase.h"
#include "sim/config/document.h"
#include "sim/config/hardware.h"
#include "sim/lower/lower.h"
#include "sim/lower/needs.h"
#include "sim/program/hash.h"
#include "sim/program/text.h"
#include "sim/reference/reference.h"
#include "sim/reference/side_by_side.h"
#include "sim/run/activity.h"
#include "sim/run/batch.h"
#include "sim/run/collect_result.h"
#include "sim/run/config_folder.h"
#include "sim/run/control_cost.h"
#include "sim/run/external_program.h"
#include "sim/run/functional.h"
#include "sim/run/functional_memory.h"
#include "sim/run/kernel_footing.h"
#include "sim/run/program_memory.h"
#include "sim/run/published.h"
#include "sim/run/remembered.h"
#include "sim/run/routing.h"
#include "sim/run/simulated_trials.h"
#include "sim/run/sparsity_result.h"
#include "sim/verify/verify.h"

namespace tessera::run {
namespace {
using nlohmann::json;

std::vector<std::optional<sparsity::BlockMask>> masks_of(const RunConfig& config, Density density,
                                                         const network::Batch& batch) {
  if (density == Density::sparse) return masks_of(config, batch);
  return std::vector<std::optional<sparsity::BlockMask>>(batch.network.layers.size());
}

std::vector<std::optional<sparsity::BlockMask>> masks_of(const RunConfig& config, Density density) {
  return masks_of(config, density, batch_of(config));
}

// Data of a functional run before the simulation, and its judgement after.
struct FunctionalRun {
  exec::DdrImage image;
  reference::NetworkData data;

  static Expected<FunctionalRun> prepare(const RunConfig& config, const program::Program& program, Density density,
                                         const std::string& file) {
    FunctionalRun run;
    const network::Batch batch = given_batch(config);
    const network::Network& given = batch.network;
    const auto masks = masks_of(config, density, batch);
    if (file.empty()) {
      run.data = reference::make_data(given, masks, config.seed);
    } else {
      const reference::MasksFrom from = config.mask_spec.file.empty() || config.mask_spec.importance
                                            ? reference::MasksFrom::generator
                                            : reference::MasksFrom::file;
      Expected<reference::NetworkData> loaded = load_data(file, given, masks, from, config.seed);
      if (!loaded) return loaded.failure();
      run.data = std::move(*loaded);
    }
    run.data = side_by_side(std::move(run.data), given, batch_of(config).network);
    run.image = program.tensors ? build_ddr_image(program, run.data) : build_end_image(program, run.data);
    return run;
  }

  result::FunctionalCheck compare(const RunConfig& config, const program::Program& program,
                                  const exec::SimResult& sim) const {
    return program.tensors ? check_functional(program, program::EngineMap(config.array), sim,
                                              run_reference(batch_of(config).network, data))
                           : check_end(program, sim, batch_of(config).network, data);
  }
};

// A simulation that is faster than what nothing can beat is wrong, whatever it says; so is one of its layers.
std::optional<Failure> check_bounds(const program::Program& program, const exec::SimResult& sim,
                                    const cost::Bounds& bounds, const arch::ArraySpec& array) {
  Failure wrong{ExitCode::internal, {}};
  const auto check = [&](const std::string& what, const std::string& key, Millicycles time, double bound_us) {
    const double us = to_us(time, array.clock_hz);
    if (us >= bound_us * (1 - 1e-9)) return;
    wrong.problems.push_back({"", key,
                              fmt::format("{} took {:.3f} us, below the lower bound of {:.3f} us", what, us, bound_us),
                              "either the model or the bound is wrong: please report this run"});
  };
  check("the simulation", "bound_us", sim.total, bounds.bound_us());
  for (const program::ProgramLayer& placed : program.layers) {
    const exec::LayerTimes& times = sim.layers[static_cast<std::size_t>(placed.layer.id)];
    if (times.start < 0) continue;  // computed by another layer
    check("layer " + placed.layer.name, "layers[].compute_bound_us", times.end - times.start,
          bounds.layers[static_cast<std::size_t>(placed.layer.id)].compute_us);
  }
  if (wrong.problems.empty()) return std::nullopt;
  return wrong;
}

// The program that a schedule has, or that its mapping says, with the code of its kernels and with controllers.
Expected<program::Program> complete_program(schedule::Schedule& schedule, const network::Network& network,
                                            const SimulatedTrials::Masks& masks, const arch::ArraySpec& array,
                                            const cost::LatencyModel& latency_model, route::KnownPlans& routes) {
  Expected<program::Program> program =
      schedule.mapping ? lower::lower(network, masks, array, *schedule.mapping) : std::move(schedule.program);
  if (!program) return program;
  if (std::vector<Problem> too_long = lower::too_long_transfers(*program, array); !too_long.empty())
    return Failure{ExitCode::does_not_fit, std::move(too_long)};
  program = place_code(std::move(*program), array, latency_model);
  if (!program) return program;
  const std::vector<Millicycles> durations = kernel_durations(*program, latency_model);
  return with_controllers(std::move(*program), array, durations, &routes);
}

// What the same run had before, if it is still there: its schedule, and how its streams go.
class Before {
 public:
  Before(const RunConfig& config, Density density, bool wanted) : config_(config), density_(density), wanted_(wanted) {}

  std::optional<schedule::Schedule> schedule(const network::Network& network, const SimulatedTrials::Masks& masks,
                                             const cost::LatencyModel& latency_model) {
    if (wanted_) text_ = remembered(config_, density_, Remembered::mapping);
    if (!text_) return std::nullopt;
    Expected<mapping::ReadMapping> read = mapping::parse_mapping(*text_, network, "");
    if (!read) return std::nullopt;
    schedule::ScheduleSpec spec;
    spec.policy = "mapping";
    spec.mapping = schedule::GivenMapping{"", *text_, std::move(*read)};
    Expected<schedule::Schedule> again = schedule::decide_schedule(network, masks, config_.array, latency_model, spec);
    if (!again) return std::nullopt;
    return std::move(*again);
  }
  void read(route::KnownPlans& routes) {
    if (wanted_) routes_ = remembered(config_, density_, Remembered::routes);
    if (routes_) routes.read(*routes_);
  }
  // What is not there yet.
  void keep(const std::optional<mapping::Mapping>& mapping, const network::Network& network,
            const route::KnownPlans& routes) const {
    if (!wanted_) return;
    if (mapping)
      if (const std::string text = write_mapping(*mapping, network); text != text_)
        remember(config_, density_, Remembered::mapping, text);
    if (const std::optional<std::string> planned = routes.written(); planned && planned != routes_)
      remember(config_, density_, Remembered::routes, *planned);
  }

 private:
  const RunConfig& config_;
  Density density_;
  bool wanted_;
  std::optional<std::string> text_, routes_;
};

}  // namespace

const char* density_name(Density d) { return d == Density::dense ? "dense" : "sparse"; }

Expected<Plan> make_plan(const RunConfig& config, Density density, const PlanOptions& options) {
  if (config.accounting == Accounting::published) return make_published_plan(config, masks_of(config, density));
  const Expected<const cost::LatencyModel*> latency_model = latency_model_of(config.array);
  if (!latency_model) return latency_model.failure();
  if (std::vector<Problem> missing = lower::missing_resources(config.array); !missing.empty())
    return Failure{ExitCode::does_not_fit, std::move(missing)};
  const auto masks = masks_of(config, density);
  enter_phase("scheduling");
  const network::Batch batch = batch_of(config);
  route::KnownPlans routes;
  SimulatedTrials trials(batch.network, masks, config.array, **latency_model, options.dense, &routes);
  Before before(config, density, options.remembered);
  before.read(routes);
  std::optional<schedule::Schedule> again = before.schedule(batch.network, masks, **latency_model);
  Expected<schedule::Schedule> schedule =
      again ? std::move(*again)
            : schedule::decide_schedule(batch.network, masks, config.array, **latency_model, config.schedule, &trials);
  if (!schedule) return schedule.failure();
  std::optional<SimulatedTrials::Made> made;
  if (schedule->mapping) {
    made = trials.take(*schedule->mapping);
    if (options.dense != nullptr && density == Density::dense) {
      DenseMapping decided{write_mapping(*schedule->mapping, batch.network), {}};
      if (made)
        for (const exec::LayerTimes& layer : made->result.layers) decided.ends.push_back(layer.end);
      options.dense->tell(told(decided));
    }
  }
  Plan plan;
  if (made) {
    schedule->program = std::move(made->program);
    plan.simulated = std::move(made->result);
  } else {
    Expected<program::Program> program =
        complete_program(*schedule, batch.network, masks, config.array, **latency_model, routes);
    if (!program) return program.failure();
    schedule->program = std::move(*program);
  }
  plan.schedule = std::move(*schedule);
  plan.durations = kernel_durations(plan.schedule.program, **latency_model);
  enter_phase("verifying");
  const bool routed = options.routed || config.array.controller.mechanism != arch::ControlMechanism::none;
  if (std::optional<Failure> wrong =
          verify::verify(plan.schedule.program, config.array, &plan.routes, routed, &routes)) {
    const bool given = config.schedule.mapping.has_value();  // what is wrong with it is the user's
    if (wrong->code == ExitCode::does_not_fit) return std::move(*wrong);
    wrong->code = given ? ExitCode::bad_input : ExitCode::internal;
    wrong->problems.insert(wrong->problems.begin(),
                           {given ? config.schedule.mapping->file : "", "schedule." + config.schedule.policy,
                            "the verifier refuses this schedule", ""});
    return std::move(*wrong);
  }
  before.keep(plan.schedule.mapping, batch.network, routes);
  enter_phase("computing bounds");
  plan.bounds = analytic_bounds(batch.network, masks, config.array, **latency_model, !plan.schedule.program.tensors);
  return plan;
}

Density program_density(const program::Program& program) {
  return has_zero_blocks(program) ? Density::sparse : Density::dense;
}

Expected<Plan> plan_from_program(const RunConfig& config, const std::string& file) {
  const Expected<const cost::LatencyModel*> latency_model = latency_model_of(config.array);
  if (!latency_model) return latency_model.failure();
  enter_phase("reading the program");
  const Expected<std::string> text = read_text(file);
  if (!text) return text.failure();
  Expected<program::Program> program = program::parse_program(*text, config.array, file);
  if (!program) return program.failure();
  route::Plan routes;
  Failure wrong;
  if (std::optional<Problem> other = other_network(*program, batch_of(config).network))
    wrong.problems.push_back(std::move(*other));
  if (program->accounting != accounting_name(config.accounting))
    wrong.problems.push_back({"", "accounting",
                              fmt::format("the program was made for {}, the config says {}", program->accounting,
                                          accounting_name(config.accounting)),
                              "legal: the accounting that the program was dumped with"});
  enter_phase("verifying");
  if (wrong.problems.empty()) wrong = verify::verify(*program, config.array, &routes).value_or(Failure{});
  if (wrong.problems.empty())
    if (std::optional<Problem> without = call_without_kernel(*program, **latency_model))
      wrong.problems.push_back(std::move(*without));
  for (Problem& problem : wrong.problems)
    if (problem.file.empty()) problem.file = file;
  if (!wrong.problems.empty()) return wrong;
  Plan plan;
  plan.routes = std::move(routes);
  plan.schedule.program = std::move(*program);
  plan.durations = kernel_durations(plan.schedule.program, **latency_model);
  const auto masks = masks_of(config, program_density(plan.schedule.program));
  if (config.accounting == Accounting::physical) {
    if (std::optional<Problem> other = other_masks(plan.schedule.program, masks)) {
      other->file = file;
      return fail(ExitCode::bad_input, std::move(*other));
    }
    plan.bounds =
        analytic_bounds(batch_of(config).network, masks, config.array, **latency_model, !plan.schedule.program.tensors);
  }
  return plan;
}

Expected<result::DensityResult> simulate_plan(const RunConfig& config, const Plan& plan, Density density,
                                              const RunOptions& options) {
  const program::Program& program = plan.schedule.program;
  exec::SimOptions sim_options;
  sim_options.fidelity = config.fidelity;
  sim_options.functional = options.functional;
  sim_options.trace = options.trace;
  std::optional<FunctionalRun> functional;
  if (options.functional && !program.tensors) {
    if (std::optional<Problem> none = without_data(program)) return fail(ExitCode::bad_input, std::move(*none));
    const HostBytes judged = judged_bytes(program);
    sim_options.host_address = judged.address;
    sim_options.host_bytes = judged.bytes;
  }
  if (options.functional) {
    if (std::optional<Failure> large = too_much_functional_memory(program, config.array)) return std::move(*large);
    if (std::optional<Problem> other = other_masks(program, masks_of(config, density)))
      return fail(ExitCode::bad_input, std::move(*other));
    enter_phase("computing the reference");
    Expected<FunctionalRun> prepared = FunctionalRun::prepare(config, program, density, options.data);
    if (!prepared) return prepared.failure();
    functional = std::move(*prepared);
  }
  enter_phase("simulating");
  const bool known =
      plan.simulated && !functional && options.trace == nullptr && sim_options.fidelity == exec::Fidelity::transaction;
  const Expected<exec::SimResult> sim = known ? *plan.simulated
                                              : simulate(program, config.array, plan.durations, sim_options,
                                                         functional ? functional->image : exec::DdrImage{});
  if (!sim) return sim.failure();
  if (plan.bounds) {
    if (std::optional<Failure> failure = check_bounds(program, *sim, *plan.bounds, config.array)) return *failure;
  }
  result::DensityResult result =
      density_result(plan.schedule, config.array, *sim, plan.bounds ? &*plan.bounds : nullptr);
  if (config.images > 1) result.images = image_results(config, *sim);
  if (config.accounting == Accounting::physical) {
    const Expected<const cost::LatencyModel*> latency_model = latency_model_of(config.array);
    if (!latency_model) return latency_model.failure();
    add_kernel_footing(result, program, **latency_model, plan.durations);
    result.program_memory = program_memory(program, config.array);
    if (!plan.routes.sets.empty()) result.routing = routing_result(program, config.array, plan.routes);
    result.control = control_cost(program, config.array);
    add_layer_control(result, program, config.array);
    if (options.control) add_serial_estimate(*result.control, program, config.array, plan.durations);
    add_energy(result, program, config.array, config.energy ? &*config.energy : nullptr);
  }
  enter_phase("comparing with the reference");
  if (functional) result.functional = functional->compare(config, program, *sim);
  return result;
}

Expected<result::DensityResult> run_density(const RunConfig& config, Density density, const RunOptions& options) {
  const Expected<Plan> plan = make_plan(config, density, {options.routed, false, options.dense});
  if (!plan) return plan.failure();
  return simulate_plan(config, *plan, density, options);
}

result::RunResult make_result(const RunConfig& config, std::optional<result::DensityResult> dense,
                              std::optional<result::DensityResult> sparse, const std::string& program_file) {
  result::RunResult run;
  run.name = config.name;
  run.network = config.network.name;
  run.accounting = accounting_name(config.accounting);
  run.fidelity = fidelity_name(config.fidelity);
  if (config.images > 1) run.batch = config.images;
  run.hardware = hardware_result(config);
  run.dense = std::move(dense);
  run.sparse = std::move(sparse);
  if (program_file.empty()) {
    run.policy = config.schedule.policy;
    run.sparsity = sparsity_result(config);
    if (run.sparse) add_zero_shares(*run.sparse, *run.sparsity);
  } else {
    run.program = result::ProgramFile{program_file, (run.dense ? run.dense : run.sparse)->program_hash};
  }
  return run;
}

JsonParts parts_of(const json& object) {
  JsonParts parts;
  for (const auto& [key, value] : object.items()) parts[key] = value.dump();
  return parts;
}

std::string text_of(const JsonParts& parts) {
  std::string text;
  for (const auto& [key, value] : parts) text += (text.empty() ? "{" : ",") + json(key).dump() + ":" + value;
  return text.empty() ? "{}" : text + "}";
}

JsonParts content_parts(const RunConfig& config, Density density) {
  json network = config.resolved["network"];
  network.erase("$schema");
  network.erase("name");
  network.erase("source");
  const Expected<const cost::LatencyModel*> latency_model = latency_model_of(config.array);
  json schedule = config.resolved["schedule"];
  if (config.schedule.mapping) schedule["mapping"] = program::hash_text(fnv1a(config.schedule.mapping->text));
  json content = {{"network", network},
                  {"hardware", config::hardware_values(config.resolved["hardware"], config.array)},
                  {"kernels", latency_model ? (*latency_model)->fingerprint() : config.array.kernels},
                  {"schedule", schedule},
                  {"accounting", accounting_name(config.accounting)},
                  {"fidelity", fidelity_name(config.fidelity)},
                  {"seed", config.seed}};
  if (config.images > 1) content["batch"] = config.images;
  if (density == Density::sparse) {
    json& masks = content["masks"] = json::array();
    for (const auto& mask : config.masks) {
      if (!mask) {
        masks.push_back(nullptr);
        continue;
      }
      const std::string bits(mask->bits.begin(), mask->bits.end());
      masks.push_back({mask->bc, mask->bi, program::hash_text(fnv1a(bits))});
    }
  }
  return parts_of(content);
}

std::string content_hash(const JsonParts& parts) { return program::hash_text(fnv1a(text_of(parts))); }

std::string content_hash(const RunConfig& config, Density density) {
  return content_hash(content_parts(config, density));
}

}  // namespace tessera::run

#include "sim/run/published.h"

#include <fmt/format.h>

#include "sim/config/hardware.h"
#include "sim/replay/published_program.h"
#include "sim/run/config_folder.h"
#include "sim/verify/verify.h"

namespace tessera::run {

const char* const published_machine = "dalberto2024";

namespace {

bool published_operator(const network::Layer& l) {
  switch (l.op) {
    case network::Op::input:
    case network::Op::conv2d:
    case network::Op::maxpool:
    case network::Op::avgpool:
    case network::Op::add:
    case network::Op::concat:
      return l.groups == 1 && l.window.dh == 1 && l.window.dw == 1 && !l.lookup && l.most == 127 &&
             (l.op != network::Op::add || l.second == l.in);
    default:
      return false;
  }
}

}  // namespace

Expected<Plan> make_published_plan(const RunConfig& config,
                                   const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  Failure unknown{ExitCode::bad_input, {}};
  for (const network::Layer& l : config.network.layers)
    if (!published_operator(l))
      unknown.problems.push_back({"", "accounting",
                                  fmt::format("is \"published\", which knows no {} (layer {})",
                                              l.groups > 1 ? "groups" : op_name(l.op), l.name),
                                  "legal: physical, or convolutions of one group without dilation and tables, pools, "
                                  "additions and concatenations"});
  if (!unknown.problems.empty()) return unknown;
  Expected<program::Program> program = replay::make_published_program(config.network, masks, config.array);
  if (!program) return program.failure();
  if (std::optional<Failure> wrong = verify::verify(*program, config.array)) {
    wrong->code = ExitCode::internal;
    wrong->problems.insert(wrong->problems.begin(),
                           {"", "schedule.published", "the verifier refuses this schedule", ""});
    return std::move(*wrong);
  }
  Plan plan;
  plan.durations = replay::published_durations(*program);
  plan.schedule.program = std::move(*program);
  return plan;
}

config::Document load_published_machine(const nlohmann::json& hardware, const arch::ArraySpec& array) {
  const std::string folder = config_folder() + "/hardware/";
  std::vector<std::string> sets{fmt::format("rows={}", array.rows), fmt::format("cols={}", array.cols)};
  const Expected<arch::ArraySpec> generic = config::load_hardware(folder + "aie2.json", sets);
  std::vector<Problem> lost;
  if (!generic) {
    lost = generic.failure().problems;
  } else {
    arch::ArraySpec with_kernels = *generic;  // which decide what of a hardware file matters
    with_kernels.kernels = array.kernels;
    nlohmann::json usual =
        config::hardware_values(config::load_document(folder + "aie2.json", {}, sets).value, with_kernels);
    usual["kernels"] = generic->kernels;
    const nlohmann::json wanted = config::hardware_values(hardware, array);
    for (const auto& [key, value] : wanted.items()) {
      if (usual.contains(key) && usual[key] == value) continue;
      if (key.rfind("ddr.", 0) == 0) {
        sets.push_back(key + "=" + value.dump());
        continue;
      }
      lost.push_back(
          {"", "hardware." + key,
           fmt::format("is {} with accounting=published, whose machine ({}) has no such choice", value.dump(),
                       published_machine),
           fmt::format("legal: {}, changes of hardware.rows, hardware.cols and hardware.ddr, a hardware that "
                       "extends {}.json, or accounting=physical",
                       usual.contains(key) ? usual[key].dump() : "no such key", published_machine)});
    }
  }
  constexpr std::size_t worth_listing = 3;
  if (lost.size() > worth_listing)
    lost = {
        {"", "hardware.name",
         fmt::format(
             "is \"{}\", which differs in {} keys from aie2.json that accounting=published, whose machine is {}, would "
             "drop: {}, ...",
             array.name, lost.size(), published_machine, lost.front().path),
         "legal: aie2.json with other rows, cols and ddr, a hardware that extends dalberto2024.json, or "
         "accounting=physical"}};
  config::Document machine = config::load_document(folder + published_machine + ".json", {}, sets);
  machine.problems.insert(machine.problems.end(), lost.begin(), lost.end());
  return machine;
}

}  // namespace tessera::run

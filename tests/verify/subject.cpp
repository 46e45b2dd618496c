#include "tests/verify/subject.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "sim/config/hardware.h"
#include "sim/network/batch.h"
#include "sim/network/network_file.h"
#include "sim/reference/reference.h"
#include "sim/run/functional.h"
#include "sim/sparsity/mask_spec.h"
#include "tests/run/isolated.h"

namespace tessera {

arch::ArraySpec generic_array(int rows, int cols, std::vector<std::string> sets) {
  sets.push_back(fmt::format("rows={}", rows));
  sets.push_back(fmt::format("cols={}", cols));
  const Expected<arch::ArraySpec> array = config::load_hardware("configs/hardware/aie2.json", sets);
  if (!array) throw std::runtime_error(describe(array.failure()));
  return *array;
}

Expected<Subject> make_subject(const std::string& name, const std::string& network_json, const arch::ArraySpec& array,
                               double ratio, const schedule::ScheduleSpec& spec, int images) {
  Expected<network::Network> network = network::parse_network(nlohmann::json::parse(network_json), name);
  if (!network) return network.failure();
  sparsity::MaskSpec mask_spec;
  mask_spec.ratio = ratio;
  auto masks = make_masks(*network, mask_spec);
  if (!masks) return masks.failure();
  network::Batch batch = in_batch(*network, images);
  std::vector<std::optional<sparsity::BlockMask>> of_all;
  for (const network::LayerId source : batch.source) of_all.push_back(source < 0 ? std::nullopt : (*masks)[source]);
  network = std::move(batch.network), masks = std::move(of_all);
  const Expected<const cost::LatencyModel*> latency_model = cost::find_latency_model("peak");
  if (!latency_model) return latency_model.failure();
  Expected<schedule::Schedule> schedule = compile::make_schedule(*network, *masks, array, **latency_model, spec);
  if (!schedule) return schedule.failure();
  return Subject{name, *network, std::move(*masks), array, std::move(schedule->program)};
}

std::string functional_objection(const Subject& subject, const program::Program& program) {
  const auto run = [&]() -> Expected<nlohmann::json> {
    const reference::NetworkData data = reference::make_data(subject.network, subject.masks, 1);
    const Expected<const cost::LatencyModel*> latency_model = cost::find_latency_model("peak");
    if (!latency_model) return latency_model.failure();
    exec::SimOptions options;
    options.fidelity = exec::Fidelity::transaction;
    options.functional = true;
    const Expected<exec::SimResult> sim = simulate(program, subject.array, kernel_durations(program, **latency_model),
                                                   options, run::build_ddr_image(program, data));
    if (!sim) return sim.failure();
    const run::FunctionalReport report =
        run::check_functional(program, program::EngineMap(subject.array), *sim, run_reference(subject.network, data));
    nlohmann::json text = nlohmann::json::array();
    for (const auto& line : report.first) text.push_back(line);
    for (const auto& line : report.errors) text.push_back(line);
    if (!report.good() && text.empty()) text.push_back("mismatches");
    return text;
  };
  const Expected<nlohmann::json> answer = isolated(run);
  if (!answer) return describe(answer.failure());
  return answer->empty() ? "" : (*answer)[0].get<std::string>();
}

}  // namespace tessera

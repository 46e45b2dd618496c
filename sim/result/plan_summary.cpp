#include "sim/result/plan_summary.h"

#include "sim/result/json.h"

namespace tessera::result {

const std::vector<Metric<PlanSummary>>& plan_metrics() {
  using P = PlanSummary;
  using B = PlanBounds;
  static const std::vector<Metric<P>> table{
      {"layers", "layers", "Layers of the program, input included.", "counted", field<&P::layers>()},
      {"kernel_calls", "calls", "Kernel calls that differ; a loop makes one often.", "counted",
       field<&P::kernel_calls>()},
      {"ddr_bytes", "B", "DDR that the program lays out.", "counted", field<&P::ddr_bytes>()},
      {"estimate_us", "us", "The scheduler's own estimate, without a simulation.", "sum over layers of the tile search",
       field<&P::bounds, &B::estimate_us>()},
      {"bound_us", "us", "No schedule of the network beats it on this array with these kernels.",
       "max(compute_bound_us, ddr_bound_us)", field<&P::bounds, &B::bound_us>()},
      {"compute_bound_us", "us", "All kernel work spread evenly over all cores.", "kernel cycles / (cores x clock_hz)",
       field<&P::bounds, &B::compute_us>()},
      {"ddr_bound_us", "us", "What every schedule moves through DDR, at its full rate.",
       "max(bytes read / read rate, bytes written / write rate)", field<&P::bounds, &B::ddr_us>()},
      {"alone_bound_us", "us", "The least that the layers take one after another, each alone on the array.",
       "sum over layers", field<&P::bounds, &B::alone_us>()},
      {"critical_path_us", "us", "The longest chain of dependent layers, each at its alone_bound_us.",
       "sum over the chain", field<&P::bounds, &B::critical_path_us>()},
      {"critical_path", "", "The layers of that chain.", "in order", field<&P::bounds, &B::critical_path>()},
  };
  return table;
}

std::string json_text(const PlanSummary& dense, const PlanSummary& sparse) {
  nlohmann::json plans;
  write_metrics(dense, plan_metrics(), plans["dense"]);
  write_metrics(sparse, plan_metrics(), plans["sparse"]);
  return plans.dump(1) + "\n";
}

}  // namespace tessera::result

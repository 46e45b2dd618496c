#include "sim/cli/report_data.h"

#include <cmath>

#include "sim/cli/output.h"
#include "sim/cli/run_report.h"
#include "sim/report/memory_use.h"
#include "sim/report/network_view.h"
#include "sim/report/page.h"

namespace tessera::cli {
using nlohmann::json;

json density_view(const run::RunConfig& config, const run::Plan& plan, const report::Timeline& timeline,
                  const json& result) {
  const auto end = static_cast<Millicycles>(std::llround(result["cycles"].get<double>() * millicycles_per_cycle));
  json view = {{"timeline", timeline.json(config.array)}};
  view["memory"] = memory_use(plan.schedule.program, config.array, timeline.spans(), end);
  return view;
}

json run_view(const run::RunConfig& config, const json& result, const json& views) {
  return {
      {"result", result},
      {"terminal", run_report(result)},
      {"layers", report::graph_view(config.network)},
      {"masks", result.contains("program") ? json::array() : report::mask_view(config.masks)},
      {"machine", report::machine_view(config.array, cost::peak_macs_per_cycle(config.array.tile.core,
                                                                               config.network.layers.back().in_type))},
      {"views", views}};
}

json bare_run_view(const json& result, const std::string& why) {
  return {{"result", result}, {"terminal", run_report(result)}, {"without_views", why}};
}

std::optional<Failure> write_report(const std::string& file, const std::vector<json>& runs, const json& sweep) {
  const Expected<std::string> html = report::page(
      {{"version", TESSERA_VERSION}, {"explanations", report::explanations()}, {"runs", runs}, {"sweep", sweep}});
  if (!html) return html.failure();
  return write_file(file, *html);
}

}  // namespace tessera::cli

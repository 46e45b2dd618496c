#include "sim/cli/report_data.h"

#include "sim/cli/output.h"
#include "sim/cli/run_report.h"
#include "sim/report/memory_use.h"
#include "sim/report/network_view.h"
#include "sim/report/page.h"
#include "sim/result/json.h"
#include "sim/run/batch.h"

namespace tessera::cli {
using nlohmann::json;

namespace {
json parsed(const std::string& text) { return text.empty() ? json() : json::parse(text); }

// Names may be no UTF-8.
std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }
}  // namespace

std::string density_view(const run::RunConfig& config, const run::Plan& plan, const report::Timeline& timeline,
                         Millicycles end) {
  json view = {{"timeline", timeline.json(config.array)}};
  view["memory"] = report::memory_view(report::memory_use(plan.schedule.program, config.array, timeline.spans(), end));
  return text_of(view);
}

std::string run_view(const run::RunConfig& config, const result::RunResult& run, const Views& views) {
  const json view = {
      {"result", to_json(run)},
      {"terminal", run_report(run)},
      {"layers", report::graph_view(batch_of(config).network)},
      {"masks", run.program ? json::array() : report::mask_view(masks_of(config, given_batch(config)))},
      {"machine", report::machine_view(config.array, cost::peak_macs_per_cycle(config.array.tile.core,
                                                                               config.network.layers.back().in_type))},
      {"views", {{"dense", parsed(views.dense)}, {"sparse", parsed(views.sparse)}}}};
  return text_of(view);
}

std::string bare_run_view(const result::RunResult& run, const std::string& why) {
  return text_of({{"result", to_json(run)}, {"terminal", run_report(run)}, {"without_views", why}});
}

std::optional<Failure> write_report(const std::string& file, const std::vector<std::string>& runs,
                                    const std::string& sweep) {
  json list = json::array();
  for (const std::string& run : runs) list.push_back(json::parse(run));
  const Expected<std::string> html = report::page({{"version", TESSERA_VERSION},
                                                   {"explanations", report::explanations()},
                                                   {"runs", std::move(list)},
                                                   {"sweep", parsed(sweep)}});
  if (!html) return html.failure();
  return write_file(file, *html);
}

}  // namespace tessera::cli

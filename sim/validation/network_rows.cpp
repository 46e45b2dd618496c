// Whole networks under closed overlays, side by side with our own schedule of the same network on the same array. The
// overlays' mappings are not public and nothing is tuned to them. A batch is taken as that many images at once, each on
// its share of the columns.
#include <algorithm>
#include <cctype>

#include "sim/run/pipeline.h"
#include "sim/run/run_config.h"
#include "sim/validation/predict.h"

namespace tessera {
namespace {

// File in configs/networks of a row's shape text, or empty.
std::string network_of(const std::string& shape) {
  if (shape.rfind("ResNet50 ", 0) == 0) return "resnet50_classifier";
  if (shape.rfind("ResNet18 ", 0) == 0) return "resnet18_classifier";
  return "";
}

int batch_of(const std::string& shape) {
  const auto at = shape.find("batch ");
  return at == std::string::npos ? 1 : std::max(1, std::atoi(shape.c_str() + at + 6));
}

}  // namespace

Expected<Prediction> predict_network(const MeasuredRow& row, const ValidationSetup& setup, const ArraySpec& array) {
  if (row.workload != "cnn") return skip("no kernel law for workload \"" + row.workload + "\"");
  const std::string network = network_of(row.shape);
  if (network.empty()) return skip("configs/networks does not have this network");
  if (row.unit != "ms") return skip("unit " + row.unit + " of a network row");
  if (row.rows == 0 || row.cols == 0) return skip("rows or cols is not given");
  const GroupDesign& group = setup.groups.at(row.group);
  const nlohmann::json document = {
      {"network", "networks/" + network + ".json"},
      {"hardware",
       {{"extends", "hardware/" + group.hardware}, {"rows", array.rows},
        {"cols", std::max(1, array.cols / batch_of(row.shape))}, {"clock_hz", array.clock_hz}}},
      {"fidelity", "transaction"}};
  auto config = make_run_config(document, setup.config_folder, row.id);
  if (!config) return config.failure();
  auto result = run_density(*config, Density::dense);
  if (!result) {
    if (result.failure().code == ExitCode::does_not_fit) return skip("does not fit: " + describe(result.failure()));
    return result.failure();
  }
  return Prediction{result->at("latency_us").get<double>() / 1e3 + group.number("dispatch_us") / 1e3, "schedule", ""};
}

}  // namespace tessera

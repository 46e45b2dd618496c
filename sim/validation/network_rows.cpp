// Whole networks under closed overlays, side by side with our own schedule of the same network on the same array. The
// overlays' mappings are not public and nothing is tuned to them. A batch is taken as that many images at once, each on
// its share of the columns and of host memory; images beyond one per column wait for the next round.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <regex>
#include <sstream>

#include "sim/run/pipeline.h"
#include "sim/run/run_config.h"
#include "sim/validation/units.h"

namespace tessera::validation {
namespace {

struct NetworkText {
  std::string file;  // in configs/networks; empty: not there
  int batch = 1;
  double gmacs = 0;     // 0: not stated
  std::string unknown;  // the first word that is not understood
};

struct KnownNetwork {
  std::string file;
  int input;  // pixels of height and width
};

// By name without case and punctuation.
const std::map<std::string, KnownNetwork> known = {{"resnet18", {"resnet18_classifier", 224}},
                                                   {"resnet50", {"resnet50_classifier", 224}},
                                                   {"vgg16", {"vgg16_classifier", 224}},
                                                   {"inceptionv3", {"inception_v3_classifier", 299}}};

std::string letters(const std::string& text) {
  std::string kept;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      kept += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return kept;
}

// "ResNet50 int8 224x224 batch 5", "Inception V3 XINT8, 5.7 GMAC".
NetworkText read_shape(const std::string& shape) {
  // A doubt of the source about its own label changes nothing that could be predicted.
  const std::string text = std::regex_replace(shape, std::regex(" ?\\(label doubtful\\)"), "");
  std::istringstream in(std::regex_replace(text, std::regex("[,;=]"), " "));
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  NetworkText found;
  std::size_t at = 0;
  for (const std::size_t count : {2, 1}) {
    if (words.size() < count) continue;
    const auto it = known.find(letters(words[0] + (count == 2 ? words[1] : "")));
    if (it == known.end()) continue;
    found.file = it->second.file;
    at = count;
    for (; at < words.size(); ++at) {
      const std::string word = letters(words[at]), next = at + 1 < words.size() ? words[at + 1] : "";
      const std::string size = fmt::format("{0}x{0}", it->second.input);
      std::smatch number;
      if (word == "int8" || word == "xint8" || word == "i8" || word == size) continue;
      if (word == "batch" && std::regex_match(next, std::regex("[1-9][0-9]{0,3}"))) {
        found.batch = std::stoi(next);
      } else if (std::regex_match(words[at], number, std::regex("[0-9]+(\\.[0-9]+)?")) &&
                 (letters(next) == "gmac" || letters(next) == "gmacs")) {
        found.gmacs = std::stod(words[at]);
      } else {
        found.unknown = words[at];
        return found;
      }
      ++at;
    }
    return found;
  }
  return found;
}

}  // namespace

Expected<Prediction> predict_network(const MeasuredRow& row, const ValidationSetup& setup,
                                     const arch::ArraySpec& array) {
  if (row.workload != "cnn") return skip("no kernel law for workload \"" + row.workload + "\"");
  const NetworkText text = read_shape(row.shape);
  if (text.file.empty()) return skip("configs/networks does not have this network");
  if (!text.unknown.empty()) return skip("\"" + text.unknown + "\" in the shape is not understood");
  if (row.in_type != "i8" || row.out_type != "i8") return skip("networks are int8 here");
  if (row.rows == 0 || row.cols == 0) return skip("rows or cols is not given");
  const GroupDesign& group = setup.groups.at(row.group);
  const int rounds = static_cast<int>(ceil_div(text.batch, array.cols));
  const int at_once = static_cast<int>(ceil_div(text.batch, rounds));
  const arch::DdrSpec& ddr = array.ddr;
  const double gb_per_s = array.clock_hz / 1e9 / at_once;  // of a byte per cycle, shared by the images at once
  const nlohmann::json document = {{"network", "networks/" + text.file + ".json"},
                                   {"hardware",
                                    {{"extends", "hardware/" + group.hardware},
                                     {"rows", array.rows},
                                     {"cols", array.cols / at_once},
                                     {"clock_hz", array.clock_hz},
                                     {"ddr",
                                      {{"read_gb_per_s", ddr.read_bytes_per_cycle * gb_per_s},
                                       {"write_gb_per_s", ddr.write_bytes_per_cycle * gb_per_s}}}}},
                                   {"fidelity", "transaction"}};
  auto config = run::make_run_config(document, setup.config_folder, row.id);
  if (!config) return config.failure();
  auto result = run_density(*config, run::Density::dense);
  if (!result) {
    if (result.failure().code == ExitCode::does_not_fit) return skip("does not fit: " + describe(result.failure()));
    return result.failure();
  }
  const double gmacs = static_cast<double>(result->macs) / 1e9;
  if (text.gmacs > 0 && std::abs(text.gmacs / gmacs - 1) > 0.1)
    return skip(fmt::format("{} GMAC in the shape, {:.3f} in our network", text.gmacs, gmacs));
  Quantities o;
  o.us = rounds * result->latency_us + (group.dispatch ? array.controller.dispatch_us : 0);
  o.images = text.batch;
  return in_unit(row, o, "schedule");
}

}  // namespace tessera::validation

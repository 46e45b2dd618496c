// Whole networks under closed overlays, side by side with our own schedule of the same network on the same array. The
// overlays' mappings are not public and nothing is tuned to them. A batch is taken as that many images at once, each on
// its share of the columns and of host memory, or on as many tiles as the row says that an image has; images beyond one
// per column wait for the next round.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>

#include "sim/base/json_file.h"
#include "sim/run/pipeline.h"
#include "sim/run/run_config.h"
#include "sim/validation/units.h"

namespace tessera::validation {
namespace {

struct NetworkText {
  std::string file;     // in configs/networks; empty: not there
  int batch = 0;        // 0: not stated
  double gmacs = 0;     // 0: not stated
  std::string unknown;  // the first word that is not understood
};

struct KnownNetwork {
  std::string file;
  int input;  // pixels of height and width
};

std::string letters(const std::string& text) {
  std::string kept;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      kept += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return kept;
}

// Those of a folder that end in "_classifier", by the rest of their names without case and punctuation.
std::map<std::string, KnownNetwork> known_networks(const std::string& folder) {
  std::map<std::string, KnownNetwork> known;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string stem = entry.path().stem().string(), ending = "_classifier";
    if (stem.size() <= ending.size() || stem.compare(stem.size() - ending.size(), ending.size(), ending) != 0) continue;
    const Expected<nlohmann::json> file = read_json(entry.path().string());
    if (!file || !file->is_object()) continue;
    const nlohmann::json input = file->value("input", nlohmann::json());
    const bool square = input.is_array() && input.size() == 3 && input[0].is_number_integer() && input[0] == input[1];
    if (square) known[letters(stem.substr(0, stem.size() - ending.size()))] = {stem, input[0].get<int>()};
  }
  return known;
}

// "ResNet50 int8 224x224 batch 5", "Inception V3 XINT8, 5.7 GMAC".
NetworkText read_shape(const std::string& shape, const std::map<std::string, KnownNetwork>& known) {
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

// Where one image runs, how many run at once and how many rounds a batch takes.
struct ImageShare {
  int rows = 0, cols = 0, at_once = 1, rounds = 1;
};

// "DPUCV2DX8G C20B14: 20 tiles per image": the widest block of so many tiles that is as high as a divisor of the rows.
// Without such words, the columns are dealt out.
ImageShare share_of(const MeasuredRow& row, int batch) {
  static const std::regex words(".*: ([1-9][0-9]{0,2}) tiles per image");
  std::smatch found;
  ImageShare s;
  if (std::regex_match(row.core_tile, found, words)) {
    const int tiles = std::stoi(found[1]);
    for (int rows = row.rows; rows >= 1; --rows)
      if (row.rows % rows == 0 && tiles % rows == 0 && tiles / rows <= row.cols) {
        s.rows = rows, s.cols = tiles / rows;
        break;
      }
    s.at_once = s.rows == 0 ? 0 : std::min(batch, (row.rows / s.rows) * (row.cols / s.cols));
    if (s.at_once > 0) s.rounds = static_cast<int>(ceil_div(batch, s.at_once));
    return s;
  }
  s.rounds = static_cast<int>(ceil_div(batch, row.cols));
  s.at_once = static_cast<int>(ceil_div(batch, s.rounds));
  s.rows = row.rows, s.cols = row.cols / s.at_once;
  return s;
}

nlohmann::json share_of_machine(const Subject& s, const ImageShare& share) {
  const arch::DdrSpec& ddr = s.array.ddr;
  const double gb_per_s = s.array.clock_hz / 1e9 / share.at_once;  // of a byte per cycle, shared by the images at once
  nlohmann::json memory = {{"read_gb_per_s", ddr.read_bytes_per_cycle * gb_per_s},
                           {"write_gb_per_s", ddr.write_bytes_per_cycle * gb_per_s}};
  if (ddr.mixed_bytes_per_cycle > 0) memory["mixed_gb_per_s"] = ddr.mixed_bytes_per_cycle * gb_per_s;
  const int bands = s.array.rows / share.rows;  // images one below the other share memory tiles
  return {{"extends", s.hardware_file()}, {"rows", share.rows},
          {"cols", share.cols},           {"memtile_rows", std::max(1, s.array.memtile_rows / bands)},
          {"clock_hz", s.array.clock_hz}, {"ddr", memory}};
}

}  // namespace

Expected<Prediction> predict_network(const Subject& s) {
  const MeasuredRow& row = s.row;
  if (row.workload != "cnn") return skip("no kernel latency model for workload \"" + row.workload + "\"");
  NetworkText text = read_shape(row.shape, known_networks(s.config_folder + "/networks"));
  if (text.file.empty()) return skip("configs/networks does not have this network");
  if (!text.unknown.empty()) return skip("\"" + text.unknown + "\" in the shape is not understood");
  if (row.batch > 0 && text.batch > 0 && row.batch != text.batch)
    return skip(fmt::format("batch {} in the shape, {} in its column", text.batch, row.batch));
  const int batch = std::max({1, row.batch, text.batch});
  if (row.in_type != "i8" || row.out_type != "i8") return skip("networks are int8 here");
  if (row.rows == 0 || row.cols == 0) return skip("rows or cols is not given");
  const ImageShare share = share_of(row, batch);
  if (share.at_once == 0) return skip("the tiles per image are no block of the array");
  nlohmann::json document = {{"network", "networks/" + text.file + ".json"},
                             {"hardware", share_of_machine(s, share)},
                             {"fidelity", "transaction"}};
  if (!row.kernels.empty()) document["hardware"]["kernels"] = row.kernels;
  auto config = run::make_run_config(document, s.config_folder, row.id);
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
  o.us = share.rounds * result->latency_us + s.dispatch_us();
  o.images = batch;
  return in_unit(row, o, "schedule");
}

}  // namespace tessera::validation

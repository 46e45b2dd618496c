#include "tests/replay/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/config/hardware.h"
#include "tests/run/isolated.h"

namespace tessera::published {
namespace {
using nlohmann::json;

const char* const folder = "tests/golden/published/";

std::string edit_times(const std::string& text, const std::function<void(json&, const std::string&)>& edit) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    json layer = json::parse(line);
    for (const char* key : {"load_us", "loadw_us", "write_us", "start_us", "end_us"}) edit(layer, key);
    for (json& pass : layer["passes"])
      for (const char* key : {"loadfm_us", "loadwm_us", "comp_us", "writefm_us"}) edit(pass, key);
    out += layer.dump() + "\n";
  }
  return out;
}

class Judge {
 public:
  void lane(const std::string& where, const json& theirs, const json& ours, const char* key) {
    check(where + "." + key, theirs[key].get<double>(), ours[key].get<double>(), 1e-3);
  }
  void check(const std::string& where, double theirs, double ours, double slack_us) {
    const double error = std::abs(ours - theirs);
    if (error > std::max(1e-3 * theirs, slack_us)) found.push_back(fmt::format("{}: {} for {}", where, ours, theirs));
  }
  std::vector<std::string> found;
};

}  // namespace

std::vector<std::string> trace_paths() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".jsonl") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string line_of(const std::string& text, int line) {
  std::istringstream lines(text);
  std::string content;
  for (int i = 0; i < line; ++i) std::getline(lines, content);
  return content;
}

std::string with_line(const std::string& text, int line, const std::string& replacement) {
  std::istringstream lines(text);
  std::string out;
  int at = 0;
  for (std::string content; std::getline(lines, content);) out += (++at == line ? replacement : content) + "\n";
  return out;
}

arch::ArraySpec machine(int rows, int cols) {
  const Expected<arch::ArraySpec> array = config::load_hardware(
      "configs/hardware/dalberto2024.json", {fmt::format("rows={}", rows), fmt::format("cols={}", cols)});
  if (!array) throw std::runtime_error(describe(array.failure()));
  return *array;
}

json replay(const std::string& text, const std::string& name, replay::ReplayAccounting accounting) {
  const Expected<replay::TraceFile> file = read_trace(text, name, replay::parse_trace_name(name));
  if (!file) throw std::runtime_error(describe(file.failure()));
  const arch::ArraySpec array = machine(file->trace.rows, file->trace.cols);
  const Expected<json> result = isolated([&]() -> Expected<json> {
    const Expected<result::ReplayResult> replayed = replay_trace(file->trace, array, accounting);
    if (!replayed) return replayed.failure();
    return json::parse(json_text(*replayed));
  });
  if (!result) throw std::runtime_error(describe(result.failure()));
  return *result;
}

std::string without_times(const std::string& text) {
  return edit_times(text, [](json& object, const std::string& key) { object.erase(key); });
}

std::string with_zero_times(const std::string& text) {
  return edit_times(text, [](json& object, const std::string& key) { object[key] = 0.0; });
}

std::vector<std::string> differences(const std::string& text, const json& replay) {
  Judge judge;
  std::istringstream lines(text);
  std::size_t i = 0;
  double end = 0;
  for (std::string line; std::getline(lines, line); ++i) {
    const json theirs = json::parse(line);
    const json& ours = replay["layers"][i];
    const std::string name = theirs["layer"].get<std::string>();
    if (ours["layer"] != name) judge.found.push_back("layer " + name + " is called " + ours["layer"].dump());
    for (const char* key : {"load_us", "loadw_us", "write_us"}) judge.lane(name, theirs, ours, key);
    if (theirs["passes"].size() != ours["passes"].size()) {
      judge.found.push_back(name + ": other passes");
      continue;
    }
    for (std::size_t p = 0; p < theirs["passes"].size(); ++p)
      for (const char* key : {"loadfm_us", "loadwm_us", "comp_us", "writefm_us"})
        judge.lane(fmt::format("{}.passes[{}]", name, p), theirs["passes"][p], ours["passes"][p], key);
    end = theirs["end_us"].get<double>();
    judge.check(name + ".end_us", end, ours["end_us"].get<double>(), 0);
  }
  judge.check("latency_us", end, replay["latency_us"].get<double>(), 0);
  return judge.found;
}

std::vector<Total> totals() {
  std::vector<Total> all;
  std::istringstream lines(read_file(std::string(folder) + "totals.csv"));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::string network, rows, cols, dense, sparse;
    std::getline(cells, network, ',');
    std::getline(cells, rows, ',');
    std::getline(cells, cols, ',');
    std::getline(cells, dense, ',');
    std::getline(cells, sparse, ',');
    const auto us = [](const std::string& cell) { return cell.find("failed") == 0 ? 0.0 : std::stod(cell); };
    all.push_back({network, std::stoi(rows), 1, us(dense)});
    all.push_back({network, std::stoi(rows), 0.5, us(sparse)});
  }
  return all;
}

}  // namespace tessera::published

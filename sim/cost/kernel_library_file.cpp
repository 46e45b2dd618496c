// Reading a kernel library: strict, every problem in one pass.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <tuple>

#include "sim/base/json_file.h"
#include "sim/cost/fitted_model.h"
#include "sim/cost/latency_model_registry.h"

namespace tessera::cost {
namespace {

using nlohmann::json;

class Reader {
 public:
  Reader(std::string file, Failure& failure) : file_(std::move(file)), failure_(failure) {}

  void problem(const std::string& path, const std::string& what, const std::string& legal) {
    failure_.problems.push_back({file_, path, what, legal});
  }
  void number(const json& object, const std::string& path, const char* key, double& value) {
    const auto it = object.find(key);
    if (it == object.end() || !it->is_number() || !(it->get<double>() >= 0 && it->get<double>() <= most))
      return problem(path + "." + key, it == object.end() ? "missing" : it->dump(), "a number from 0 to 1e9");
    value = it->get<double>();
  }
  void rate(const json& object, const std::string& path, const char* key, double& value) {
    number(object, path, key, value);
    if (!(value > 0)) problem(path + "." + key, "not positive", "elements per cycle, above 0");
  }
  void positive(const json& object, const std::string& path, const char* key, int& value) {
    const auto it = object.find(key);
    if (it == object.end() || !it->is_number_integer() || !(*it >= 1 && *it <= most))
      return problem(path + "." + key, it == object.end() ? "missing" : it->dump(), "a whole number from 1 to 1e9");
    value = it->get<int>();
  }
  void text(const json& object, const std::string& path, const char* key, std::string& value) {
    const auto it = object.find(key);
    if (it == object.end() || !it->is_string())
      return problem((path.empty() ? "" : path + ".") + key, it == object.end() ? "missing" : it->dump(), "a text");
    value = it->get<std::string>();
  }
  // "code": {"bytes": 1600, "source": "..."}, if it is there
  void code(const json& object, const std::string& path, const char* key, Bytes& bytes) {
    const auto it = object.find(key);
    if (it == object.end()) return;
    const std::string at = path + "." + key;
    if (!it->is_object()) return problem(at, it->dump(), "an object with bytes and source");
    known(*it, at, {"bytes", "source"});
    int count = 0;
    std::string source;
    positive(*it, at, "bytes", count);
    text(*it, at, "source", source);
    bytes = count;
  }
  // What an entry says of its measured rows: the error of each in percent, shapes, what was left out; if it is there.
  void evidence(const json& object, const std::string& path, std::string& range) {
    std::string ignored;
    for (const char* key : {"source", "left_out"})
      if (object.contains(key)) text(object, path, key, ignored);
    if (object.contains("range")) text(object, path, "range", range);
    const auto rows = object.find("residual_pct");
    if (rows == object.end()) return;
    const char* legal = "{\"row\": percent, ...}";
    if (!rows->is_object()) return problem(path + ".residual_pct", rows->dump(), legal);
    for (const auto& [row, error] : rows->items())
      if (!error.is_number()) problem(path + ".residual_pct." + row, error.dump(), legal);
  }
  void known(const json& object, const std::string& path, const std::vector<std::string>& keys) {
    for (const auto& [key, value] : object.items())
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        problem(path + "." + key, "unknown key", nearest_name(key, keys));
  }

 private:
  std::string file_;
  Failure& failure_;
  static constexpr double most = 1e9;  // of anything: no kernel has more
};

// Whether an entry was fitted to measured rows.
bool names_rows(const json& entry) {
  return entry.contains("residual_pct") && entry["residual_pct"].is_object() && !entry["residual_pct"].empty();
}

void read_gemm(Reader& r, const json& entry, const std::string& path, FittedModel& latency_model) {
  if (!entry.is_object()) return r.problem(path, "not an object", "an object");
  r.known(entry, path, kernel_library_keys().gemm);
  std::string in, out;
  GemmCoefficients c;
  r.text(entry, path, "in", in);
  r.text(entry, path, "out", out);
  const auto block = entry.find("block");
  if (block == entry.end() || !block->is_object()) {
    r.problem(path + ".block", "missing", "an object with m, n, k");
  } else {
    r.positive(*block, path + ".block", "m", c.bm);
    r.positive(*block, path + ".block", "n", c.bn);
    r.positive(*block, path + ".block", "k", c.bk);
  }
  r.number(entry, path, "prologue", c.prologue);
  r.number(entry, path, "per_block", c.per_block);
  r.number(entry, path, "inner", c.inner);
  r.code(entry, path, "code", c.code);
  r.evidence(entry, path, c.range);
  c.fitted = names_rows(entry);
  std::optional<network::ElementType> types[2];
  for (const auto& [key, name, type] : {std::tuple{"in", in, &types[0]}, {"out", out, &types[1]}}) {
    *type = network::find_type(name);
    if (!*type && !name.empty())
      r.problem(path + "." + key, "unknown type " + name, "i8, i16, i32, bf16, bfp16 or f32");
  }
  if (types[0] && types[1] && !latency_model.gemm.emplace(std::pair{*types[0], *types[1]}, c).second)
    r.problem(path, "types given twice", "one entry per pair of types");
}

void read_conv(Reader& r, const json& entry, const std::string& path, ConvCoefficients& c) {
  if (!entry.is_object()) return r.problem(path, "not an object", "an object");
  r.known(entry, path, kernel_library_keys().conv);
  r.positive(entry, path, "row_pixels", c.row_pixels);
  r.number(entry, path, "prologue", c.prologue);
  r.number(entry, path, "load", c.load);
  r.number(entry, path, "store", c.store);
  r.number(entry, path, "finish", c.finish);
  r.number(entry, path, "residual", c.residual);
  r.number(entry, path, "inner", c.inner);
  if (entry.contains("tap")) r.number(entry, path, "tap", c.tap);
  if (entry.contains("layout")) {
    const json& layout = entry["layout"];
    if (layout != "direct" && layout != "im2col")
      r.problem(path + ".layout", layout.dump(), "\"direct\" or \"im2col\"");
    c.im2col = layout == "im2col";
  }
  r.code(entry, path, "code", c.code);
  r.evidence(entry, path, c.range);
  c.fitted = names_rows(entry);
}

// "3x3", "3x3 strided" or "strided"
std::optional<WindowKind> parse_window_kind(const std::string& text) {
  WindowKind kind;
  int end = 0;
  if (text == "strided") return WindowKind{0, 0, true};
  if (std::sscanf(text.c_str(), "%3dx%3d%n", &kind.height, &kind.width, &end) != 2 || kind.height < 1 || kind.width < 1)
    return std::nullopt;
  const std::string rest = text.substr(static_cast<std::size_t>(end));
  kind.strided = rest == " strided";
  if (!rest.empty() && !kind.strided) return std::nullopt;
  return kind;
}

// {"3x3": ...}
void read_windows(Reader& r, const json& windows, FittedModel& latency_model) {
  if (!windows.is_object()) return r.problem("conv_by_window", "not an object", "an object");
  for (const auto& [window, entry] : windows.items()) {
    const std::string path = "conv_by_window." + window;
    const std::optional<WindowKind> kind = parse_window_kind(window);
    if (!kind) {
      r.problem(path, "no window", "height x width, such as \"3x3\" or \"3x3 strided\", or \"strided\"");
      continue;
    }
    read_conv(r, entry, path, latency_model.conv_by_window[*kind]);
  }
}

void read_elementwise(Reader& r, const json& entry, ElementwiseCoefficients& c) {
  if (!entry.is_object()) return r.problem("elementwise", "not an object", "an object");
  r.known(entry, "elementwise", kernel_library_keys().elementwise);
  r.number(entry, "elementwise", "prologue", c.prologue);
  r.rate(entry, "elementwise", "per_cycle", c.per_cycle);
  r.rate(entry, "elementwise", "pool_per_cycle", c.pool_per_cycle);
  r.code(entry, "elementwise", "code", c.code);
  r.code(entry, "elementwise", "pool_code", c.pool_code);
}

// {"depthwise": ...}
void read_operators(Reader& r, const json& entries, FittedModel& latency_model) {
  if (!entries.is_object()) return r.problem("operators", "not an object", "an object");
  std::vector<std::string> names;
  for (int k = 0; k < ops::kernel_kinds; ++k) names.emplace_back(kernel_name(static_cast<program::KernelKind>(k)));
  for (const auto& [name, entry] : entries.items()) {
    const std::string path = "operators." + name;
    const auto kind = std::find(names.begin(), names.end(), name);
    if (kind == names.end()) {
      r.problem(path, "unknown kernel", nearest_name(name, names));
      continue;
    }
    if (!entry.is_object()) {
      r.problem(path, "not an object", "an object");
      continue;
    }
    r.known(entry, path, {"prologue", "per_cycle", "code", "source"});
    OperatorCoefficients& c = latency_model.operators[static_cast<program::KernelKind>(kind - names.begin())];
    std::string source;
    r.number(entry, path, "prologue", c.prologue);
    r.rate(entry, path, "per_cycle", c.per_cycle);
    r.text(entry, path, "source", source);
    r.code(entry, path, "code", c.code);
  }
}

// What a library charges, without what it says about that.
json coefficients_of(json part) {
  if (part.is_object())
    for (const char* key : {"$schema", "name", "says", "source", "range", "residual_pct"}) part.erase(key);
  if (part.is_structured())
    for (json& inner : part) inner = coefficients_of(inner);
  return part;
}

Failure read_library(const std::string& file, FittedModel& latency_model) {
  Failure failure;
  Reader r(file, failure);
  const Expected<json> content = read_json(file);
  if (!content) return content.failure();
  const json& root = *content;
  if (!root.is_object()) {
    r.problem("", "no JSON object", "a JSON object");
    return failure;
  }
  r.known(root, "", kernel_library_keys().top);
  std::string says;
  r.text(root, "", "name", latency_model.name);
  if (root.contains("says")) r.text(root, "", "says", says);
  if (root.contains("gemm") && !root["gemm"].is_array()) r.problem("gemm", root["gemm"].dump(), "a list of entries");
  if (root.contains("gemm") && root["gemm"].is_array())
    for (std::size_t i = 0; i < root["gemm"].size(); ++i)
      read_gemm(r, root["gemm"][i], "gemm[" + std::to_string(i) + "]", latency_model);
  if (root.contains("conv")) read_conv(r, root["conv"], "conv", latency_model.conv.emplace());
  if (root.contains("conv_by_window")) read_windows(r, root["conv_by_window"], latency_model);
  if (!latency_model.conv && !latency_model.conv_by_window.empty())
    r.problem("conv", "missing", "the kernels of all other windows");
  if (root.contains("elementwise")) read_elementwise(r, root["elementwise"], latency_model.elementwise.emplace());
  if (root.contains("store_bytes_per_cycle")) r.positive(root, "", "store_bytes_per_cycle", latency_model.store_bytes);
  if (root.contains("operators")) read_operators(r, root["operators"], latency_model);
  latency_model.coefficients = coefficients_of(root).dump();
  return failure;
}

}  // namespace

const LibraryKeys& kernel_library_keys() {
  static const LibraryKeys keys = {{"$schema", "name", "says", "gemm", "conv", "conv_by_window", "elementwise",
                                    "store_bytes_per_cycle", "operators"},
                                   {"in", "out", "block", "prologue", "per_block", "inner", "peak", "code", "source",
                                    "range", "residual_pct", "left_out"},
                                   {"row_pixels", "prologue", "load", "store", "finish", "residual", "tap", "inner",
                                    "layout", "code", "source", "range", "residual_pct", "left_out"},
                                   {"prologue", "per_cycle", "pool_per_cycle", "code", "pool_code", "source"}};
  return keys;
}

Expected<const FittedModel*> load_kernel_library(const std::string& file, const std::vector<std::string>& taken) {
  static std::map<std::string, std::unique_ptr<FittedModel>> loaded;
  const auto known = loaded.find(file);
  if (known != loaded.end()) return known->second.get();
  auto latency_model = std::make_unique<FittedModel>();
  Failure failure = read_library(file, *latency_model);
  const auto other = latency_model_registry().find(latency_model->name);
  const bool differs =
      other != latency_model_registry().end() && other->second->fingerprint() != latency_model->fingerprint();
  if (differs || std::find(taken.begin(), taken.end(), latency_model->name) != taken.end())
    failure.problems.push_back({file, "name", "\"" + latency_model->name + "\" is the name of another library",
                                "legal: a name that `tessera list kernels` does not show"});
  if (!failure.problems.empty()) return failure;
  const FittedModel* result = latency_model.get();
  latency_model_registry().emplace(latency_model->name, result);
  loaded.emplace(file, std::move(latency_model));
  return result;
}

Expected<const LatencyModel*> find_or_load_latency_model(const std::string& name, const std::string& directory) {
  const auto& registry = latency_model_registry();
  const auto it = registry.find(name);
  if (it != registry.end()) return it->second;
  const std::string file = directory + "/" + name + ".json";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    return find_latency_model(name);  // its failure names the latency models there are
  auto latency_model = load_kernel_library(file);
  if (!latency_model) return latency_model.failure();
  return static_cast<const LatencyModel*>(*latency_model);
}

}  // namespace tessera::cost

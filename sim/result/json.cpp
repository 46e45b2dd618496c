#include "sim/result/json.h"

namespace tessera::result {
namespace {
using nlohmann::json;

struct ToJson {
  json operator()(std::monostate) const { return nullptr; }
  json operator()(Null) const { return nullptr; }
  json operator()(const Echo& echo) const { return json::parse(echo.json); }
  template <class T>
  json operator()(const T& value) const {
    return value;
  }
};

template <class T>
Value list_of(const json& list) {
  return list.get<std::vector<T>>();
}

DensityResult density_of(const json& object) {
  DensityResult density;
  read_metrics(object, density_metrics(), density);
  for (const json& layer : object.value("layers", json::array()))
    read_metrics(layer, layer_metrics(), density.layers.emplace_back());
  for (const json& image : object.value("images", json::array()))
    read_metrics(image, image_metrics(), density.images.emplace_back());
  return density;
}
}  // namespace

json json_of(const Value& value) { return std::visit(ToJson{}, value); }

Value value_of(const json& j) {
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number_unsigned() && j.get<std::uint64_t>() > INT64_MAX) return j.get<std::uint64_t>();
  if (j.is_number_integer()) return j.get<std::int64_t>();
  if (j.is_number()) return j.get<double>();
  if (j.is_string()) return j.get<std::string>();
  if (j.is_array() && !j.empty() && j[0].is_number_integer()) return list_of<std::int64_t>(j);
  if (j.is_array() && (j.empty() || j[0].is_string())) return list_of<std::string>(j);
  return j.is_null() ? Value(Null{}) : Value(Echo{j.dump()});
}

json to_json(const DensityResult& density) {
  json object;
  write_metrics(density, density_metrics(), object);
  json& layers = object["layers"] = json::array();
  for (const LayerResult& layer : density.layers) write_metrics(layer, layer_metrics(), layers.emplace_back());
  for (const ImageResult& image : density.images)
    write_metrics(image, image_metrics(), object["images"].emplace_back());
  return object;
}

json to_json(const RunResult& run) {
  json object;
  write_metrics(run, run_metrics(), object);
  object["dense"] = run.dense ? to_json(*run.dense) : json();
  object["sparse"] = run.sparse ? to_json(*run.sparse) : json();
  if (!run.sparsity) return object;
  json& layers = object["sparsity"]["by_layer"] = json::array();
  for (const LayerZeros& layer : run.sparsity->by_layer) write_metrics(layer, zeros_metrics(), layers.emplace_back());
  return object;
}

std::string json_text(const RunResult& run) { return to_json(run).dump(1) + "\n"; }

std::string pack(const DensityResult& density) {
  const std::vector<std::uint8_t> bytes = json::to_cbor(to_json(density));
  return {bytes.begin(), bytes.end()};
}

DensityResult unpack(const std::string& bytes) { return density_of(json::from_cbor(bytes)); }

RunResult run_of(const json& object) {
  RunResult run;
  read_metrics(object, run_metrics(), run);
  if (object.value("dense", json()).is_object()) run.dense = density_of(object["dense"]);
  if (object.value("sparse", json()).is_object()) run.sparse = density_of(object["sparse"]);
  if (!run.sparsity) return run;
  if (object["sparsity"].contains("layers")) run.sparsity->layers = object["sparsity"]["layers"].dump();
  for (const json& layer : object["sparsity"].value("by_layer", json::array()))
    read_metrics(layer, zeros_metrics(), run.sparsity->by_layer.emplace_back());
  return run;
}

SparsityResult given_sparsity(const json& part) {
  RunResult run;
  read_metrics({{"sparsity", part}}, run_metrics(), run);
  SparsityResult given = run.sparsity.value_or(SparsityResult{});
  if (part.contains("layers")) given.layers = part["layers"].dump();
  return given;
}

void read_origin(const json& part, HardwareResult& hardware) {
  json origin;
  for (const char* key : {"calibration", "changed_from"})
    if (part.contains(key)) origin[key] = part[key];
  RunResult run;
  read_metrics({{"hardware", origin}}, run_metrics(), run);
  hardware.calibration = run.hardware.calibration;
  hardware.changed_from = run.hardware.changed_from;
}

}  // namespace tessera::result

#include "sim/run/file_schemas.h"

#include <map>
#include <string>
#include <vector>

#include "sim/config/validate.h"
#include "sim/cost/fitted_model.h"
#include "sim/network/layer_reader.h"

namespace tessera::run {
namespace {
using config::Rule;
using nlohmann::ordered_json;
using Rules = std::map<std::string, Rule>;

constexpr double most = 1e9;

Rule count(const std::string& meaning, const std::string& unit = "") { return Rule::integer(meaning, 1, most, unit); }
Rule cycles(const std::string& meaning) { return Rule::number(meaning, 0, most, "cycles"); }
Rule code(const std::string& which) {
  return Rule::object(
      "bytes of program memory " + which + ", with its share of the loop that calls it; absent: not stated",
      {{"bytes", count("", "B")}, {"source", Rule::text("where the number comes from")}}, {"bytes", "source"});
}
Rule element_type(const std::string& meaning) { return Rule::choice(meaning, {"i8", "i16", "i32", "bf16", "f32"}); }

// Keys without a rule here may hold anything that their reader takes.
const Rules& layer_rules() {
  static const Rules rules = {
      {"name", Rule::text("of its own")},
      {"inputs", Rule::anything("name of a layer or \"input\", or a list of them; absent: the layer before")},
      {"channels", count("of the output")},
      {"kernel", Rule::anything("side, or [height, width]")},
      {"stride", Rule::anything("for both sides, or [vertical, horizontal]")},
      {"padding", Rule::anything("zeros: for all sides, [vertical, horizontal], or [top, left, bottom, right]")},
      {"relu", Rule::boolean("whether negative results become 0")},
      {"shift",
       Rule::anything("bits by which sums are shifted right into int8; absent: as many as their size asks for")},
      {"global", Rule::boolean("whether the window is the whole map")},
      {"m", count("rows of the first matrix and of the product")},
      {"n", count("columns of the second matrix and of the product")},
      {"k", count("columns of the first matrix, rows of the second")},
      {"in_type", element_type("of the factors")},
      {"out_type", element_type("of the product")},
      {"groups", Rule::anything("of a grouped convolution")},
      {"dilation", Rule::anything("distance of the taps of the kernel")}};
  return rules;
}

const Rules& library_rules() {
  static const Rules rules = {
      {"in", element_type("of the factors")},
      {"out", element_type("of the product")},
      {"block", Rule::object("that the kernel computes at a time",
                             {{"m", count("", "rows")}, {"n", count("", "columns")}, {"k", count("", "steps")}},
                             {"m", "n", "k"})},
      {"prologue", cycles("of every call")},
      {"per_block", cycles("per block of the product, beside its steps")},
      {"inner", cycles("per step of k of a block (gemm); per 8 pixels, present 8x8 block and tap (conv)")},
      {"peak", cycles("per step of k of a block at best; a note")},
      {"row_pixels", count("that are worked together in a row", "pixels")},
      {"load", cycles("per 8 pixels x 8 channels of partial sums from memory")},
      {"store", cycles("the same, to memory")},
      {"finish", cycles("instead of store in the last call: requantize and write int8")},
      {"residual", cycles("per 8 x 8 outputs of a fused addition")},
      {"tap", cycles("per 8 x 8 outputs and tap, outside of the innermost loop; 0 if absent")},
      {"layout", Rule::choice("of what the kernel reads: pixels as they stand in memory, or windows that the DMA lays "
                              "side by side, whose expanded stream is not modelled: such a kernel is refused for "
                              "windows other than 1x1 with stride 1",
                              {"direct", "im2col"})},
      {"per_cycle", Rule::number("of additions and copies", 0, most, "elements/cycle")},
      {"pool_per_cycle", Rule::number("of pools, times taps", 0, most, "elements/cycle")},
      {"code", code("of the kernel, of each where the entry is for several")},
      {"pool_code", code("of each kernel of pools")},
      {"source", Rule::text("where the numbers come from")},
      {"range", Rule::text("shapes that were measured: \"m 32..64 k 32..128 n 32..64\", or \"64 -> 256 channels, 32 "
                           "pixels per row\"; outside of them a run says extrapolated")},
      {"residual_pct",
       Rule::map("measured rows by id, and how far the numbers are from them", Rule::number("", -100, 1000, "%"))},
      {"left_out", Rule::text("rows that were not used, and why")}};
  return rules;
}

ordered_json object_of(const std::vector<std::string>& keys, const Rules& rules,
                       const std::vector<std::string>& required) {
  Rule rule = Rule::object("", {});
  for (const std::string& key : keys) {
    const auto known = rules.find(key);
    rule.keys.emplace_back(key, known == rules.end() ? Rule::anything("") : known->second);
  }
  ordered_json schema = json_schema(rule, "");
  for (const char* key : {"$schema", "title"}) schema.erase(key);
  schema["properties"].erase("extends");
  schema["required"] = required;
  return schema;
}

ordered_json file_schema(const char* title, ordered_json properties, const std::vector<std::string>& required) {
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", title},
          {"type", "object"},
          {"additionalProperties", false},
          {"required", required},
          {"properties", std::move(properties)}};
}

ordered_json text(const char* description) { return {{"type", "string"}, {"description", description}}; }

}  // namespace

ordered_json network_schema() {
  ordered_json layers = ordered_json::array();
  for (const auto& [op, keys] : network::layer_keys()) {
    std::vector<std::string> all = {"name", "op", "inputs"};
    all.insert(all.end(), keys.begin(), keys.end());
    layers.push_back(object_of(all, layer_rules(), {"name", "op"}));
    layers.back()["properties"]["op"] = {{"const", op}};
  }
  const ordered_json side = {{"type", "integer"}, {"minimum", 1}};
  const ordered_json properties = {
      {"$schema", text("schema for editors")},
      {"name", text("of the network in results")},
      {"source", text("where it comes from")},
      {"input",
       {{"type", "array"},
        {"minItems", 3},
        {"maxItems", 3},
        {"items", side},
        {"description", "[height, width, channels]; absent only where the first layer is a gemm with m, n and k"}}},
      {"layers", {{"type", "array"}, {"minItems", 1}, {"items", {{"oneOf", layers}}}}}};
  return file_schema("Tessera network file", properties, {"name", "layers"});
}

ordered_json kernel_library_schema() {
  const cost::LibraryKeys& keys = cost::kernel_library_keys();
  const ordered_json conv =
      object_of(keys.conv, library_rules(), {"row_pixels", "prologue", "load", "store", "finish", "residual", "inner"});
  const std::map<std::string, ordered_json> parts = {
      {"$schema", text("schema for editors")},
      {"name", text("under which hardware.kernels and results know it")},
      {"says", text("what was measured, and with which compiler")},
      {"gemm",
       {{"type", "array"},
        {"items", object_of(keys.gemm, library_rules(), {"in", "out", "block", "prologue", "per_block", "inner"})}}},
      {"conv", conv},
      {"conv_by_window",
       {{"type", "object"},
        {"description",
         "other kernels for some windows: \"3x3\"; \"3x3 strided\" or \"strided\" where the horizontal stride is above "
         "1"},
        {"additionalProperties", false},
        {"patternProperties", {{"^([1-9][0-9]{0,2}x[1-9][0-9]{0,2}( strided)?|strided)$", conv}}}}},
      {"elementwise", object_of(keys.elementwise, library_rules(), {"prologue", "per_cycle", "pool_per_cycle"})}};
  ordered_json properties = ordered_json::object();
  for (const std::string& key : keys.top) {
    const auto known = parts.find(key);
    properties[key] = known == parts.end() ? ordered_json::object() : known->second;
  }
  return file_schema("Tessera kernel library", properties, {"name"});
}

}  // namespace tessera::run

#include "sim/mapping/rules.h"

#include <array>
#include <utility>

namespace tessera::mapping {
namespace {
using config::Rule;
using nlohmann::json;

constexpr const char* stationary_names[] = {"input", "weights"};  // by LayerMapping::weights_stationary
constexpr const char* staging_names[] = {"tiles", "chunks"};      // by LayerMapping::chunks_staged
constexpr const char* operand_names[] = {"second", "first"};      // by Inbound::operand_first
constexpr const char* zeros_names[] = {"skipped", "kept"};        // by ForcedMapping::zeros_kept

Rule names_of_layers(const char* meaning, int least) { return Rule::list(meaning, least, 100000, Rule::text("")); }

Rule half_open(const char* meaning) { return Rule::list(meaning, 2, 2, Rule::integer("", 0, 1 << 20)); }

Rule place_rule() {
  const Rule piece = Rule::object(
      "a rectangle of the tensor in one memory tile, with all its channels",
      {{"memtile", Rule::integer("memory tile", 0, 1023)},
       {"rows", half_open("from, to")},
       {"columns", half_open("from, to")},
       {"address", Rule::integer("in the memory tile", 0, 1 << 30, "bytes")},
       {"tile_row", Rule::integer("over the layer's input: free when all cores are there", 0, 1 << 20, "tiles")}},
      {"memtile", "rows", "columns", "address"});
  return Rule::object("a tensor, or rows of it, gets its place: one of pieces, over and ddr",
                      {{"tensor", Rule::text("by the layer that leaves it")},
                       {"axis", Rule::choice("along which it is spread over the memory tiles", {"width", "height"})},
                       {"ddr", Rule::boolean("it stands in DDR")},
                       {"over", Rule::text("it takes the place of this tensor, element by element")},
                       {"pieces", Rule::list("in memory tiles", 1, 100000, piece)}},
                      {"tensor"});
}

Rule compute_rule() {
  Rule mapping = layer_mapping_rule();
  for (const auto& [key, rule] : mapping.keys) mapping.required.push_back(key);
  mapping.keys.emplace_back("apart",
                            Rule::boolean("each core computes channels of one only of the layers computed as one"));
  return Rule::object("a layer is computed, or some rows of its output",
                      {{"layer", Rule::text("by name")},
                       {"part", Rule::integer("of a concatenation: the input that is copied into it", 0, 100000)},
                       {"joins", names_of_layers("further convolutions of the same input, in the same calls", 1)},
                       {"fused", Rule::text("the addition or pool that is computed with it")},
                       {"rows", half_open("of the output, of the fused pool's output: from, to")},
                       {"mapping", std::move(mapping)}},
                      {"layer", "rows", "mapping"});
}

Rule release_rule() {
  return Rule::object("the place of a tensor is free again",
                      {{"tensor", Rule::text("by the layer that leaves it")},
                       {"below", Rule::integer("only what stands above this row", 1, 1 << 20)}},
                      {"tensor"});
}

std::optional<int> optional_int(const json& object, const char* key) {
  if (!object.contains(key)) return std::nullopt;
  return object[key].get<int>();
}
Axis axis_of(const json& name) {
  return name == "width" ? Axis::width : name == "height" ? Axis::height : Axis::channels;
}

}  // namespace

Rule layer_mapping_rule() {
  const std::vector<std::string> axes{"width", "height", "channels"};
  const auto slots = [](const char* of) { return Rule::integer(of, 0, 63); };
  const auto channels = [](const char* of) { return Rule::integer(of, 0, 64); };
  Rule aside = Rule::integer("every so-many-th tile of the input comes over the second; 0: none", 0, 64);
  aside.except = {1};
  return Rule::object(
      "how a layer is divided among the cores and walked by them",
      {{"cols", Rule::choice("what the columns of the array split", axes)},
       {"rows", Rule::choice("what the rows of the array split", axes)},
       {"tile", Rule::list("core tile, at most: output height, width, output channels, input channels; cut evenly, "
                           "channels in blocks of 8",
                           4, 4, Rule::integer("", 1, 65536))},
       {"stationary", Rule::choice("what stays in the cores as long as it is used", {"input", "weights"})},
       {"staging",
        Rule::choice("how an input in DDR passes the memory tiles: as tiles with all their channels, or chunk "
                     "by chunk of channels",
                     {"tiles", "chunks"})},
       {"buffers", Rule::object("buffers in a core", {{"input", slots("of tiles of the input")},
                                                      {"weights", slots("of tiles of the weights")},
                                                      {"operand", slots("of tiles of the second operand")},
                                                      {"output", slots("of tiles of the output")}})},
       {"channels", Rule::object("channels of every memory tile", {{"acts", channels("outbound, activations to cores")},
                                                                   {"spills", channels("outbound, results to DDR")},
                                                                   {"weights", channels("outbound, weights to cores")},
                                                                   {"results", channels("inbound, from cores")},
                                                                   {"loads", channels("inbound, from DDR")}})},
       {"inbound",
        Rule::object(
            "what the two inbound channels of a core carry; inputs come over the first, weights over the second",
            {{"aside", aside},
             {"operand",
              Rule::choice("over which the second operand comes", {operand_names[0], operand_names[1]})}})}});
}

Rule forced_mapping_rule() {
  Rule rule = layer_mapping_rule();
  rule.keys.emplace_back("zeros",
                         Rule::choice("blocks of weights that are zero: neither moved nor computed, or like the "
                                      "others; the search decides where nothing is said",
                                      {zeros_names[0], zeros_names[1]}));
  return rule;
}

Rule mapping_rule() {
  const Rule array = Rule::object("the array",
                                  {{"rows", Rule::integer("", 1, 64)},
                                   {"cols", Rule::integer("", 1, 64)},
                                   {"memtiles", Rule::integer("memory tiles", 1, 1024)}},
                                  {"rows", "cols", "memtiles"});
  const Rule alias = Rule::object(
      "a tensor that stands in a concatenation",
      {{"in", Rule::text("the concatenation")}, {"channel", Rule::integer("its first channel there", 0, 1 << 20)}},
      {"in", "channel"});
  const Rule group = Rule::object(
      "layers walked together in tiles of output rows, the last one's; one layer: in groups of images",
      {{"layers", names_of_layers("by the layer that is computed", 1)}, {"tiles", Rule::integer("", 2, 1024)}},
      {"layers", "tiles"});
  const Rule step =
      Rule::object("places, then a layer, then what is free", {{"place", Rule::list("", 1, 100000, place_rule())},
                                                               {"compute", compute_rule()},
                                                               {"release", Rule::list("", 1, 100000, release_rule())}});
  return Rule::object(
      "how a network is put onto an array, as `tessera run --dump mapping` writes it",
      {{"format", Rule::choice("", {"tessera-mapping-1"})},
       {"network", Rule::text("name")},
       {"array", array},
       {"axis", Rule::choice("along which tensors are spread where nothing speaks for another", {"width", "height"})},
       {"channel_order", Rule::map("by layer: the logical block of 8 channels at each stored one",
                                   Rule::list("", 1, 100000, Rule::integer("", 0, 1 << 20)))},
       {"aliases", Rule::map("by layer", alias)},
       {"zeros_kept", names_of_layers("whose zero blocks are moved and computed like the others", 0)},
       {"groups", Rule::list("fusion groups", 0, 100000, group)},
       {"steps", Rule::list("in execution order", 1, 10000000, step)}},
      {"format", "network", "array", "axis", "steps"});
}

ForcedMapping read_layer_mapping(const json& given) {
  ForcedMapping m;
  if (given.contains("cols")) m.cols = axis_of(given["cols"]);
  if (given.contains("rows")) m.rows = axis_of(given["rows"]);
  if (given.contains("tile")) {
    const auto t = given["tile"].get<std::array<int, 4>>();
    m.tile = TileSizes{t[0], t[1], t[2], t[3]};
  }
  if (given.contains("stationary")) m.weights_stationary = given["stationary"] == stationary_names[1];
  if (given.contains("staging")) m.chunks_staged = given["staging"] == staging_names[1];
  if (given.contains("zeros")) m.zeros_kept = given["zeros"] == zeros_names[1];
  const json buffers = given.value("buffers", json::object()), channels = given.value("channels", json::object()),
             inbound = given.value("inbound", json::object());
  m.buffers = {optional_int(buffers, "input"), optional_int(buffers, "weights"), optional_int(buffers, "operand"),
               optional_int(buffers, "output")};
  m.channels = {optional_int(channels, "acts"), optional_int(channels, "spills"), optional_int(channels, "weights"),
                optional_int(channels, "results"), optional_int(channels, "loads")};
  m.inbound.aside = optional_int(inbound, "aside");
  if (inbound.contains("operand")) m.inbound.operand_first = inbound["operand"] == operand_names[1];
  return m;
}

nlohmann::ordered_json layer_mapping_json(const LayerMapping& m) {
  const Slots& s = m.buffers;
  const Channels& c = m.channels;
  return {
      {"cols", axis_name(m.sharding.cols)},
      {"rows", axis_name(m.sharding.rows)},
      {"tile", {m.tile.h, m.tile.w, m.tile.co, m.tile.ci}},
      {"stationary", stationary_names[m.weights_stationary ? 1 : 0]},
      {"staging", staging_names[m.chunks_staged ? 1 : 0]},
      {"buffers", {{"input", s.input}, {"weights", s.weights}, {"operand", s.operand}, {"output", s.output}}},
      {"channels",
       {{"acts", c.acts}, {"spills", c.spills}, {"weights", c.weights}, {"results", c.results}, {"loads", c.loads}}},
      {"inbound", {{"aside", m.inbound.aside}, {"operand", operand_names[m.inbound.operand_first ? 1 : 0]}}}};
}

}  // namespace tessera::mapping

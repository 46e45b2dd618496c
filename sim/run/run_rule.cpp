#include "sim/run/run_rule.h"

#include "sim/config/hardware.h"
#include "sim/schedule/schedule.h"
#include "sim/sparsity/generators.h"

namespace tessera {
namespace {
constexpr double largest_seed = 9007199254740992.0;  // 2^53: every JSON reader keeps it

Rule block_rule() {
  return Rule::list("block of weights that is zero as a whole: [output channels, input channels]", 2, 2,
                    Rule::integer("", 1, 64, "channels"));
}
Rule ratio_rule() { return Rule::number("share of the blocks that is zero", 0, 1); }
Rule pattern_rule() {
  std::vector<std::string> names;
  for (const Generator& generator : generators()) names.emplace_back(generator.name);
  return Rule::choice("which blocks are zero", names);
}
Rule seed_rule(const char* meaning) { return Rule::integer(meaning, 0, largest_seed); }

Rule sparsity_rule() {
  const Rule layer =
      Rule::object("what this layer has otherwise than the rest", {{"block", block_rule()},
                                                                   {"ratio", ratio_rule()},
                                                                   {"pattern", pattern_rule()},
                                                                   {"seed", seed_rule("seed of the pattern")}});
  return Rule::object(
      "block sparsity of the weights in the sparse run; the dense run ignores it",
      {{"block", block_rule()},
       {"ratio", ratio_rule()},
       {"pattern", pattern_rule()},
       {"seed", seed_rule("seed of the pattern")},
       {"first_dense", Rule::boolean("the first convolution stays dense")},
       {"exclude", Rule::list("layers that stay dense, by name", 0, 100000, Rule::text(""))},
       {"layers", Rule::map("exceptions, by layer name", layer)},
       {"mask_file", Rule::text(".npz with a mask per layer name, or .npy for the only sparse layer; instead of ratio, "
                                "pattern and seed")}});
}

Rule schedule_rule() {
  const std::vector<std::string> axes{"width", "height", "channels"};
  const Rule layer = Rule::object(
      "what is forced for this layer",
      {{"cols", Rule::choice("what the columns of the array split", axes)},
       {"rows", Rule::choice("what the rows of the array split", axes)},
       {"tile", Rule::list("core tile, at most: output height, width, output channels, input channels; cut "
                           "evenly, channels in blocks of 8",
                           4, 4, Rule::integer("", 1, 65536))},
       {"keeps",
        Rule::choice("policy object_fifo: what stays in the cores as long as it is used", {"input", "weights"})},
       {"buffers", Rule::object("policy object_fifo: buffers in a core",
                                {{"input", Rule::integer("of tiles of the input", 1, 63)},
                                 {"weights", Rule::integer("of tiles of the weights", 1, 63)},
                                 {"output", Rule::integer("of tiles of the output", 1, 63)}})}});
  const Rule depth = Rule::object("a run of layers",
                                  {{"first", Rule::text("first layer, by name")},
                                   {"last", Rule::text("last layer, by name")},
                                   {"tiles", Rule::integer("tiles of output rows", 2, 1024)}},
                                  {"first", "last", "tiles"});
  return Rule::object(
      "how the network is put onto the array",
      {{"policy", Rule::choice("who decides mappings and tiles", policy_names())},
       {"balance", Rule::boolean("reorder output channels so that non-zero blocks fall evenly on cores")},
       {"depth_tiling", Rule::boolean("tile in depth what would spill to DDR, where that is cheaper")},
       {"depth",
        Rule::list("layers walked together in tiles of rows, whether the policy would or not", 0, 1000, depth)},
       {"layers", Rule::map("forced mappings and tiles, by layer name", layer)}});
}
}  // namespace

Rule run_rule() {
  Rule network = Rule::anything("the network, as an object or the path of a file in configs/networks");
  network.or_file = true;
  return Rule::object(
      "one run: a network, a machine, a sparsity, a schedule",
      {{"$schema", Rule::text("schema for editors")},
       {"name", Rule::text("name of the run; the default is the name of the file")},
       {"description", Rule::text("what it is for")},
       {"network", network},
       {"hardware", hardware_rule()},
       {"sparsity", sparsity_rule()},
       {"schedule", schedule_rule()},
       {"accounting", Rule::choice("physical: the model of the machine; published: the arithmetic of the "
                                   "published estimates",
                                   {"physical", "published"})},
       {"fidelity",
        Rule::choice("what moves at a time inside the array: bursts, or whole descriptors", {"burst", "transaction"})},
       {"seed", seed_rule("seed of weights and input of a functional run")}},
      {"network", "hardware"});
}

}  // namespace tessera

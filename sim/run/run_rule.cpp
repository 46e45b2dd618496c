#include "sim/run/run_rule.h"

#include "sim/config/hardware.h"
#include "sim/mapping/rules.h"
#include "sim/schedule/schedule.h"
#include "sim/sparsity/generators.h"
#include "sim/sparsity/importance.h"

namespace tessera::run {
namespace {
constexpr double most_images = 64;
constexpr double largest_seed = 9007199254740992.0;  // 2^53: every JSON reader keeps it

config::Rule block_rule() {
  return config::Rule::list("block of weights that is zero as a whole: [output channels, input channels]", 2, 2,
                            config::Rule::integer("", 1, 64, "channels"));
}
config::Rule ratio_rule() { return config::Rule::number("share of the blocks that is zero", 0, 1); }
config::Rule pattern_rule() {
  std::vector<std::string> names;
  for (const sparsity::Generator& generator : sparsity::generators()) names.emplace_back(generator.name);
  return config::Rule::choice("which blocks are zero", names);
}
config::Rule seed_rule(const char* meaning) { return config::Rule::integer(meaning, 0, largest_seed); }

config::Rule sparsity_rule() {
  const config::Rule layer =
      config::Rule::object("what this layer has otherwise than the rest", {{"block", block_rule()},
                                                                           {"ratio", ratio_rule()},
                                                                           {"pattern", pattern_rule()},
                                                                           {"seed", seed_rule("seed of the pattern")}});
  return config::Rule::object(
      "block sparsity of the weights in the sparse run; the dense run ignores it",
      {{"block", block_rule()},
       {"ratio", ratio_rule()},
       {"pattern", pattern_rule()},
       {"seed", seed_rule("seed of the pattern")},
       {"importance",
        config::Rule::choice("zero blocks are the least important ones, by the weights; instead of pattern",
                             sparsity::importance_names())},
       {"scope", config::Rule::choice("where the least important blocks are looked for: in every layer; in all layers "
                                      "together, each divided by its mean; n_m: among m neighbours",
                                      {"layer", "global", "n_m"})},
       {"n_m", config::Rule::list("scope n_m: of every m neighbouring blocks along the input channels n stay", 2, 2,
                                  config::Rule::integer("", 1, 1024, "blocks"))},
       {"weights", config::Rule::text(".npz with `<layer>.weight` per masked layer, by which importance goes")},
       {"gradients", config::Rule::text(".npz with `<layer>.weight` per masked layer: the gradient of the loss, for "
                                        "importance taylor and fisher")},
       {"first_dense", config::Rule::boolean("the first convolution stays dense")},
       {"exclude", config::Rule::list("layers that stay dense, by name", 0, 100000, config::Rule::text(""))},
       {"layers", config::Rule::map("exceptions, by layer name", layer)},
       {"mask_file",
        config::Rule::text(".npz with a mask per layer name, or .npy for the only sparse layer; instead of ratio, "
                           "pattern and seed")}});
}

config::Rule schedule_rule() {
  config::Rule layer = mapping::forced_mapping_rule();
  layer.former = {{"keeps", "\"stationary\""}};
  const config::Rule group = config::Rule::object("a run of layers",
                                                  {{"first", config::Rule::text("first layer, by name")},
                                                   {"last", config::Rule::text("last layer, by name")},
                                                   {"tiles", config::Rule::integer("tiles of output rows", 2, 1024)}},
                                                  {"first", "last", "tiles"});
  config::Rule rule = config::Rule::object(
      "how the network is put onto the array",
      {{"policy", config::Rule::choice("who decides mappings and tiles", schedule::policy_names())},
       {"search", config::Rule::choice("what mappings are chosen by: estimate: formulas; layers: simulations of layers "
                                       "where formulas cannot tell; network: and of the whole network",
                                       schedule::search_names())},
       {"balance", config::Rule::boolean("reorder output channels so that non-zero blocks fall evenly on cores")},
       {"depth_first",
        config::Rule::boolean(
            "compute layers together in tiles of rows (depth-first tiling) where maps would spill to DDR")},
       {"fusion_groups",
        config::Rule::list("layers computed together in tiles of rows, whether the policy would or not", 0, 1000,
                           group)},
       {"layers", config::Rule::map("what is forced, by layer name", layer)},
       {"mapping",
        config::Rule::text("file with a whole mapping, as `tessera run --dump mapping` writes it, which policy "
                           "mapping follows")}});
  rule.former = {{"depth", "\"fusion_groups\""}, {"depth_tiling", "\"depth_first\""}};
  return rule;
}
}  // namespace

config::Rule run_rule() {
  config::Rule network = config::Rule::anything("the network, as an object or the path of a file in configs/networks");
  network.or_file = true;
  return config::Rule::object(
      "one run: a network, a machine, a sparsity, a schedule",
      {{"$schema", config::Rule::text("schema for editors")},
       {"name", config::Rule::text("name of the run; the default is the name of the file")},
       {"description", config::Rule::text("what it is for")},
       {"network", network},
       {"hardware", config::hardware_rule()},
       {"sparsity", sparsity_rule()},
       {"schedule", schedule_rule()},
       {"batch", config::Rule::integer("images that are computed together, each with an input of its own", 1,
                                       most_images, "images")},
       {"accounting", config::Rule::choice("physical: the model of the machine; published: the arithmetic of the "
                                           "published estimates",
                                           {"physical", "published"})},
       {"fidelity", config::Rule::choice("what moves at a time inside the array: bursts, or whole descriptors",
                                         {"burst", "transaction"})},
       {"seed", seed_rule("seed of weights and input of a functional run")}},
      {"network", "hardware"});
}

}  // namespace tessera::run

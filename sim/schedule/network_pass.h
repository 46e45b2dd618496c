// Within sim/schedule only: the pass that walks the layers in order and decides, with the memory tiles as they are
// then, how each is computed and where its output stands.
#pragma once
#include <optional>
#include <vector>

#include "sim/schedule/layer_choice.h"

namespace tessera::schedule {

// Kernel calls that may be simulated to choose the mappings of a network: seconds at most.
namespace effort {
constexpr double layers = 1e5;   // of layers by themselves, and of networks of few
constexpr double network = 4e5;  // of what shows in the whole network alone: control, inbound channels, tiles of rows
constexpr double joined = 5e3;   // of convolutions as one, where starting is free: estimates are right on average there
}  // namespace effort

// All passes: the mapping of a network.
Expected<Schedule> decide(const Inputs& in, const std::vector<std::optional<sparsity::BlockMask>>& masks);

// The same with the answers that the search has.
Expected<Schedule> decide_once(const Inputs& in, Search& search,
                               const std::vector<std::optional<sparsity::BlockMask>>& masks);
// layer_trials.cpp: what each alternative of a layer takes behind a layer that makes its input, in cycles, by choice
// and alternative, the first `most` of each; nothing where that cannot be simulated.
std::vector<std::vector<std::optional<double>>> time_alternatives(const Inputs& in,
                                                                  const std::vector<OpenChoice>& choices,
                                                                  std::size_t most);
// trial_search.cpp: simulates what estimates cannot tell apart, and decides again.
Expected<Schedule> choose_by_trials(const Inputs& in, Search& search,
                                    const std::vector<std::optional<sparsity::BlockMask>>& masks, Schedule first);

// network_trials.cpp: where controllers start transfers, what a layer by itself takes does not say what its operations
// cost its neighbours. Alternatives of many layers are simulated at once, in the network.
Expected<Schedule> decide_in_network(const Inputs& in, Search& search,
                                     const std::vector<std::optional<sparsity::BlockMask>>& masks, Schedule first);

// joined_trials.cpp: the mapping of `joined`, with convolutions that it computes as one divided another way, or
// computed each by itself, where the network is faster so.
Expected<Schedule> or_apart(const Inputs& in, Search& search,
                            const std::vector<std::optional<sparsity::BlockMask>>& masks, Schedule joined);

// depth_trials.cpp: the mapping of `usual` with layers walked together in another number of tiles, where the network is
// faster so.
Expected<Schedule> or_tiled(const Inputs& in, Search& search,
                            const std::vector<std::optional<sparsity::BlockMask>>& masks, Schedule usual);

// evened_channels.cpp: the mapping of `usual` with layers whose inputs or operands take the inbound channel of a core
// that is less full, if the network is faster so.
Expected<Schedule> or_evened(const Inputs& in, Search& search,
                             const std::vector<std::optional<sparsity::BlockMask>>& masks, Schedule usual);

// as_dense.cpp: zero blocks may cost more operations, or change the mapping for the worse, than they save time, and
// trials may find a better mapping without them. Of `sparse`, the dense network's mapping and, where controllers start
// transfers, that one with layers that keep their zeros, the fastest.
Expected<Schedule> or_as_dense(const Inputs& in, const std::vector<std::optional<sparsity::BlockMask>>& masks,
                               Schedule sparse);

// What the pass works on.
struct Walk {
  const Inputs& in;
  Search& search;
  Draft draft;
  std::vector<LayerReport> reports;
};

// What map_layer decides of a layer.
struct LayerPart {
  network::LayerId input = 0, target = 0;
  int part = -1;                // of a concatenation: the input that is copied into it
  network::LayerId fused = -1;  // addition or pool computed with it
  mapping::Span rows;           // output rows; those of the fused pool if there is one
  bool placed = false;          // the target stands already
};
std::optional<Failure> map_layer(Walk& walk, const network::Layer& kernel, const LayerPart& part);

// The rows of `compute` with the choice's mapping, group by group.
void add_steps(Draft& draft, mapping::Compute compute, const Choice& choice);
Failure does_not_fit(const network::Layer& layer, const Demand& demand, Bytes core, Bytes staging);

// depth_groups.cpp: the run of layers from `first` on that is better walked in tiles; empty: none.
struct DepthGroup {
  std::vector<Unit> units;
  int tiles = 1;
};
DepthGroup depth_group(Walk& walk, network::LayerId first);
std::optional<Failure> map_group(Walk& walk, const DepthGroup& group);

// horizontal_fusion.cpp: `first` and the convolutions still to come that read the same windows of the same input are
// computed as one, if that is estimated to be cheaper and all outputs find room in the memory tiles. The number of
// layers decided: 0 if not.
std::size_t map_joined(Walk& walk, const network::Layer& first);

// pool_fusion.cpp: takes a pool out of its convolution again where the two cost less apart.
void weigh_pool(Walk& walk, const network::Layer& conv);

}  // namespace tessera::schedule

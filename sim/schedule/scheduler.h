// Within sim/schedule only. planning.cpp decides order, views, fusion and lifetimes, and says what was forced in vain;
// placement.cpp gives tensors their homes; bands.cpp says how they are spread over the memory tiles; depth_groups.cpp
// walks layers together; siblings.cpp computes convolutions of one input as one; schedule.cpp weighs the mappings of a
// layer and has it emitted.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/schedule/depth_tiling.h"
#include "sim/schedule/layer_emitter.h"
#include "sim/schedule/policy.h"
#include "sim/schedule/schedule.h"

namespace tessera::schedule {

// The driver behind make_schedule: walks the layers in order, gives every tensor a home, lets the policy's cheapest
// mapping and tiling win, and has it emitted.
class Scheduler {
 public:
  Scheduler(const network::Network& network, const std::vector<std::optional<sparsity::BlockMask>>& masks,
            const arch::ArraySpec& array, const cost::KernelLaw& law, const ScheduleSpec& spec, const Policy& policy)
      : network_(network),
        masks_(masks),
        array_(array),
        law_(law),
        spec_(spec),
        policy_(policy),
        e_(network, array),
        fused_(network.layers.size(), -1),
        fused_into_(network.layers.size(), -1),
        last_use_(network.layers.size(), 0),
        bands_(network.layers.size(), policy.bands()),
        turn_(network.layers.size(), 0),
        readers_(network.layers.size()),
        first_piece_(network.layers.size(), 0) {
    for (const network::Layer& l : network.layers)
      for (network::LayerId i : l.inputs)
        if (readers_[i].empty() || readers_[i].back() != l.id) readers_[i].push_back(l.id);
  }

  Expected<Schedule> run();

 private:
  void plan_views();
  void plan_order();
  Bytes most_live(const std::vector<network::LayerId>& order) const;
  network::LayerId later(network::LayerId a, network::LayerId b) const { return turn_[a] < turn_[b] ? b : a; }
  void plan_fusion();
  void plan_lifetimes();
  void plan_bands();
  void set_bands(LayerContext& c, network::LayerId input, network::LayerId operand, network::LayerId output) const;
  void describe_layers();
  bool place_over(network::LayerId root, network::LayerId operand, int reader);
  void place_in_ddr(network::LayerId root);
  // What emit_layer computes of a layer.
  struct Part {
    network::LayerId input = 0, target = 0;
    int target_c0 = 0;    // first channel within the target
    int fused = -1;       // add or pool computed with it
    Span rows;            // output rows; those of the fused pool if there is one
    bool placed = false;  // the target's home stands already
  };
  struct Choice {
    Partition partition;
    TilingChoice tiling;
  };
  LayerWeights* weights_of(const network::Layer& kernel) const;  // null unless it is a convolution
  Shortlist& shortlist(const LayerContext& c, const Mapping& m, Span rows) const;
  std::optional<Choice> weigh_mappings(const LayerContext& c, Span rows, Demand& least);
  bool spills_better(const network::Layer& pool, network::LayerId root, Bytes reserve, double rolled) const;
  std::optional<Choice> roll(LayerContext c, network::LayerId input, network::LayerId root, Bytes reserve,
                             std::vector<LayerPlan::Later>* later);
  std::optional<Failure> emit_layer(const network::Layer& kernel, const Part& part);
  std::optional<Failure> emit_plan(LayerPlan plan, const LayerContext& c, const Choice& choice);
  std::vector<network::LayerId> siblings(const network::Layer& first) const;
  std::optional<Failure> emit_siblings(const std::vector<network::LayerId>& convs, bool* emitted);
  DepthUnit unit_of(const network::Layer& kernel) const;
  std::optional<double> unit_cost(const DepthUnit& u, Span rows, bool input_in_ddr, bool output_in_ddr, Bytes staging,
                                  int sharers) const;
  bool may_roll(const DepthUnit& unit) const;
  std::optional<double> layered_cost(const std::vector<DepthUnit>& units) const;
  std::optional<double> tiled_cost(const std::vector<DepthUnit>& units, int tiles) const;
  std::optional<int> best_tiles(const std::vector<DepthUnit>& units) const;
  void weigh_pool(const network::Layer& conv);
  bool closed(const std::vector<DepthUnit>& units) const;
  std::vector<DepthUnit> depth_group(network::LayerId first, int* tiles) const;
  std::optional<Failure> emit_group(const std::vector<DepthUnit>& units, int tiles);
  bool fits(network::LayerId root) const;
  std::optional<std::vector<Piece>> find_rows(std::vector<TileAllocator>& allocators, network::LayerId root, Span rows,
                                              Bytes reserve, int owner, bool high) const;
  bool place_rows(network::LayerId root, Span rows, Bytes reserve);
  bool packs(const std::vector<DepthUnit>& units, int tiles) const;
  bool placed_by_rows(network::LayerId tensor);
  void release_rows(network::LayerId root, int below);
  void release_read_by(network::LayerId reader);
  std::optional<Failure> wide_padding();
  std::optional<Failure> unused_overrides();
  std::optional<Failure> emit_concat(const network::Layer& layer);
  Bytes free_staging() const;
  // What a tensor leaves of each memory tile for weights and staging, unless the layer needs less.
  Bytes usual_reserve() const { return array_.memtile.memory.size / 8; }
  void record_pieces(network::LayerId root, std::size_t from);
  void forget_pieces(network::LayerId root);

  const network::Network& network_;
  const std::vector<std::optional<sparsity::BlockMask>>& masks_;
  const arch::ArraySpec& array_;
  const cost::KernelLaw& law_;
  const ScheduleSpec& spec_;
  const Policy& policy_;
  Emission e_;
  std::vector<int> fused_;               // per conv: the add or pool computed with it, or -1
  std::vector<int> fused_into_;          // per add or pool: the conv that computes it, or -1
  std::vector<int> last_use_;            // per root: the last layer that reads it; 0 for an output of the network
  std::vector<Axis> bands_;              // per root: along which axis it is spread over the memory tiles
  std::vector<network::LayerId> order_;  // in which layers are emitted
  std::vector<int> turn_;                // per layer: its place in that order
  std::vector<std::vector<network::LayerId>> readers_;   // per layer: who reads it, ascending
  std::vector<std::vector<network::LayerId>> standing_;  // per root: the tensors that stand in it, ascending
  std::vector<std::vector<network::LayerId>> ending_;    // per layer: the roots of which it is the last reader
  std::vector<std::size_t> first_piece_;                 // per root: where in the program its pieces begin
  std::vector<LayerReport> reports_;
  double estimate_ = 0;  // cycles of what was emitted
  int next_owner_ = 0;
  mutable std::map<std::array<int, 28>, Shortlist> shortlists_;
  mutable std::map<network::LayerId, LayerWeights> weights_;
  std::map<std::pair<network::LayerId, int>, Choice> depth_choices_;  // by layer and rows
};

// The convolution and the pool after it as one layer: the pool's output, and the window that one of its elements spans.
network::Layer with_pool(const network::Layer& conv, const network::Layer& pool);

}  // namespace tessera::schedule

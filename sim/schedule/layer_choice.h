// Within sim/schedule only: the cheapest mapping of a layer.
#pragma once
#include <array>
#include <map>
#include <optional>

#include "sim/schedule/draft.h"
#include "sim/schedule/tile_search.h"

namespace tessera::schedule {

// What cores compute at a time: a layer, or a convolution with what is fused into it.
struct Unit {
  network::Layer geometry;                  // output shape, and the window of one output element in the input
  network::LayerId kernel = 0;              // the layer that is computed
  network::LayerId fused = -1;              // layer computed with it, or -1
  network::LayerId target = 0;              // tensor it leaves
  std::vector<network::LayerId> same_rows;  // tensors read row by row (operands)
};
Unit unit_of(const Inputs& in, const network::Layer& kernel, network::LayerId fused);

// The tensors that a layer touches; no operand: -1.
struct LayerTensors {
  network::LayerId input = 0, operand = -1, target = 0;
};
// Along which axes they are spread over the memory tiles.
void set_axes(const Inputs& in, const Draft& draft, LayerCase& layer, const LayerTensors& tensors);

// The search for mappings, and the tilings that were good for layers of a shape: with another first layer of the shape
// a later one may be walked otherwise.
class Search {
 public:
  explicit Search(const Inputs& in) : in_(in) {}

  // Null unless it is a convolution.
  mapping::LayerWeights* weights_of(const Draft& draft, const network::Layer& kernel);

  // The cheapest mapping of `rows` of a layer, or nothing; what was weighed goes to `candidates`, what the tilings ask
  // for to `least`.
  std::optional<Choice> weigh(const LayerCase& c, mapping::Span rows, Demand& least,
                              std::vector<Candidate>& candidates);

  // What a unit costs on `rows` of its output, cheapest mapping; nothing when no tiling fits.
  struct Where {
    bool input_in_ddr = false, output_in_ddr = false;
    Bytes staging = 0;
    int sharers = 1;
  };
  std::optional<double> cost(const Draft& draft, const Unit& unit, mapping::Span rows, const Where& where);

 private:
  std::optional<TileChoice> forced_tiles(const LayerCase& c, const mapping::Partition& p, Demand& demand) const;
  // A choice with the buffers and channels that are forced, or why it cannot have them.
  std::optional<Choice> with_forced(const LayerCase& c, mapping::Span rows, Choice choice, Demand& demand) const;
  Choice choice_of(const LayerCase& c, const mapping::Partition& p, const TileChoice& tiles) const;
  Shortlist& shortlist(const LayerCase& c, const mapping::Sharding& sharding, mapping::Span rows);

  const Inputs& in_;
  std::map<std::array<int, 28>, Shortlist> shortlists_;
  std::map<network::LayerId, mapping::LayerWeights> weights_;
};

}  // namespace tessera::schedule

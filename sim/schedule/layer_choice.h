// Within sim/schedule only: the cheapest mapping of a layer.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/schedule/draft.h"
#include "sim/schedule/tile_search.h"

namespace tessera::schedule {

// Networks of so many layers at most: whatever may be their best mapping is simulated.
constexpr std::size_t very_few_layers = 4;

// What cores compute at a time: a layer, or a convolution with what is fused into it.
struct Unit {
  network::Layer geometry;                  // output shape, and the window of one output element in the input
  network::LayerId kernel = 0;              // the layer that is computed
  network::LayerId fused = -1;              // layer computed with it, or -1
  network::LayerId target = 0;              // tensor it leaves
  std::vector<network::LayerId> same_rows;  // tensors read row by row (operands)
};
Unit unit_of(const Inputs& in, const network::Layer& kernel, network::LayerId fused);

// Into how many groups of whole images the rows of a layer may be cut that are computed one after the other, more than
// one, the most first; none where that is no smaller batch: where its tensors stand in DDR, a group is.
std::vector<int> groups_of_images(const LayerCase& layer, mapping::Span rows);

// The tensors that a layer touches; no operand: -1.
struct LayerTensors {
  network::LayerId input = 0, operand = -1, target = 0;
};
// Along which axes they are spread over the memory tiles.
void set_axes(const Inputs& in, const Draft& draft, LayerCase& layer, const LayerTensors& tensors);

// What candidates for a layer differ in, besides the sizes of their tiles.
struct Way {
  mapping::Sharding sharding;
  bool weights_stationary = false, chunks_staged = false;
  bool dense = false;                             // tiles as if no block were missing
  bool pixels_cut = false, channels_cut = false;  // more than one tile of pixels, of output channels
  int groups = 1;                                 // of images, computed one after the other
  bool evened = false;                            // inbound channels of a core
  int chunks = 0;                                 // kind of the number of chunks of input channels
  bool operator==(const Way& o) const { return like(o) && chunks == o.chunks; }
  // But for the chunks.
  bool like(const Way& o) const {
    return sharding == o.sharding && weights_stationary == o.weights_stationary && chunks_staged == o.chunks_staged &&
           dense == o.dense && pixels_cut == o.pixels_cut && channels_cut == o.channels_cut && groups == o.groups &&
           evened == o.evened;
  }
};

// How convolutions of one input are computed as one: their channels divided in whatever way is cheapest by estimate,
// evenly, or apart; or not.
enum class Joining { at_will, evenly, apart, not_at_all };
// Where nothing else was found out: parts of unequal size need more of what controllers write.
Joining usual_joining(const arch::ArraySpec& array);

// Layers walked together in tiles of output rows, or, with one tile, one after the other.
struct DepthTiling {
  network::LayerId first = 0, last = 0;
  int tiles = 1;
};

// A layer with several ways to compute it of which the estimate does not know which is best.
struct OpenChoice {
  std::string key;  // equal where the answer is the same
  int rows = 0;     // of a group of images
  network::LayerId kernel = 0, fused = -1;
  sparsity::KernelMask mask;  // in stored order
  mapping::InDdr in_ddr;
  mapping::Axis input_axis = mapping::Axis::height, operand_axis = mapping::Axis::height,
                output_axis = mapping::Axis::height;
  struct Alternative {
    Way way;
    Choice choice;
    double calls = 0;       // of kernels, on all cores
    bool one_tile = false;  // a core's pixels are not divided
    // 0: the cheapest of its division; 1: of its way but for the chunks; 2: others.
    int tier = 0;
  };
  std::vector<Alternative> alternatives;  // no two the same, in the order in which they are tried
};

// alternatives.cpp, of a layer with this output. By estimate, or those of the first tier first and then by estimate,
// those up to `reach` times the cheapest, no two alike. One that costs the same to the cycle as one before is mostly
// the same with columns and rows exchanged: it is tried later than its estimate says.
std::vector<OpenChoice::Alternative> ranked(std::vector<OpenChoice::Alternative> all, bool input_in_ddr, double reach,
                                            const arch::ArraySpec& array, bool tiers, const network::Shape& out);

// The search for mappings. What it has found out before it does not search again; what it answers depends on what is
// asked alone, not on what was asked before, and on the answers that trials gave.
class Search {
 public:
  explicit Search(const Inputs& in);

  std::map<std::string, std::vector<std::pair<Way, double>>> tried;  // cycles of trials, by key
  std::map<std::string, Way> answers;                                // by key of a question
  bool evens = false;                           // inbound channels of cores, where the policy allows that
  std::set<network::LayerId> usual;             // of layers whose channels are left as usual even then, by kernel
  std::map<network::LayerId, Joining> joining;  // of convolutions that may be computed as one; absent: as usual
  std::vector<OpenChoice> asked;                // since it was emptied, in the order of the layers

  Joining joining_of(network::LayerId conv) const;

  std::map<network::LayerId, DepthTiling> depth;  // by the first layer, whatever estimates say
  // Since it was emptied: tilings that were not taken, but cost little more by estimate.
  std::vector<DepthTiling> depth_asked;

  // Null unless it is a convolution.
  mapping::LayerWeights* weights_of(const Draft& draft, const network::Layer& kernel);

  // The cheapest mapping of `rows` of a layer, in groups of images where that is cheaper, or nothing; what was weighed
  // goes to `candidates`, what the tilings ask for to `least`.
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
  // What was found for a layer so far.
  struct Weighed {
    std::optional<Choice> best;
    std::size_t chosen = 0;  // index of the candidate
    std::vector<OpenChoice::Alternative> alternatives;
  };
  // Of `rows`, by estimate.
  Weighed weigh_rows(const LayerCase& c, mapping::Span rows, Demand& least, std::vector<Candidate>& candidates);
  void weigh_division(const LayerCase& c, mapping::Span rows, const mapping::Sharding& s, Demand& least,
                      std::vector<Candidate>& candidates, Weighed& weighed);
  // Tiles as the dense layer would have them.
  void weigh_as_dense(const LayerCase& c, mapping::Span rows, const mapping::Sharding& s, Weighed& weighed);
  // What trials chose becomes the best, and the candidate of its division.
  void choose(const OpenChoice::Alternative& a, mapping::Span rows, std::vector<Candidate>& candidates,
              Weighed& weighed) const;
  OpenChoice open_choice_of(const LayerCase& c, mapping::Span rows, std::vector<OpenChoice::Alternative> alternatives);
  mapping::LayerWeights* full_weights_of(const network::Layer& kernel);
  std::optional<TileChoice> forced_tiles(const LayerCase& c, const mapping::Partition& p, Demand& demand) const;
  // A choice with the buffers and channels that are forced, or why it cannot have them.
  std::optional<Choice> with_forced(const LayerCase& c, mapping::Span rows, Choice choice, Demand& demand) const;
  Choice choice_of(const LayerCase& c, const mapping::Partition& p, const TileChoice& tiles) const;
  bool evens_of(const LayerCase& c) const;
  const FoundTiles& tiles(const LayerCase& c, const mapping::Partition& p, mapping::Span rows);
  // In the usual way, and cheaper ones with evened inbound channels.
  const FoundTiles& usual_tiles(const LayerCase& c, const mapping::Partition& p, mapping::Span rows);
  const FoundTiles& evened_tiles(const LayerCase& c, const mapping::Partition& p, mapping::Span rows);
  double least_usual(const LayerCase& c, mapping::Span rows, const std::vector<mapping::Sharding>& shardings);
  // A division and its tiles.
  struct Guess {
    mapping::Sharding sharding;
    mapping::Tiling tiling;
  };
  // What the cheapest mapping costs, whatever its division, as `cheaper` asks for it. It is most likely the guess, and
  // becomes the next one.
  std::optional<double> least_cost(const LayerCase& c, mapping::Span rows, Reach cheaper,
                                   std::optional<Guess>& guess) const;
  std::optional<double> known_cost(const LayerCase& c, mapping::Span rows, const Reach& cheaper);

  const Inputs& in_;
  int shape_of(const network::Layer& layer);
  using Key = std::array<std::int64_t, 13>;  // all that the search for tiles looks at, and the division
  Key key_of(const LayerCase& c, mapping::Span rows, const mapping::Sharding* division, bool evened);  // null: of all
  std::string question_of(const LayerCase& c, mapping::Span rows);  // key of an open choice
  std::vector<network::Layer> shapes_;
  std::map<Key, FoundTiles> found_;
  std::map<Key, std::optional<double>> costs_;
  std::map<Key, std::optional<Guess>> guesses_;  // of layers that differ in their masks alone
  FoundTiles uncommon_;
  std::map<network::LayerId, mapping::LayerWeights> weights_, full_weights_;
  Reach reach_;  // of alternatives to the cheapest mapping
};

}  // namespace tessera::schedule

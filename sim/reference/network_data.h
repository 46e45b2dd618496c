// Weights and input of a functional run: from a seed, or from a file of NumPy arrays.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"
#include "sim/sparsity/compaction.h"

namespace tessera::reference {

struct Tensor {
  network::Shape shape;
  std::vector<std::int8_t> values;  // [h][w][c]
};

struct NetworkData {
  Tensor input;
  std::vector<sparsity::WeightTensor> weights;  // by LayerId; empty for layers without, and for those that repeat one
  std::vector<Tensor> constants;                // by LayerId: constants, and the further images of a batch

  const Tensor& source(const network::Layer& layer) const;  // what stands in DDR before the network begins
  const sparsity::WeightTensor& weights_of(const network::Layer& layer) const {
    return weights[static_cast<std::size_t>(layer.repeats < 0 ? layer.id : layer.repeats)];
  }
};

// Uniform int8 input, uniform weights that are zero inside zero blocks (and larger the sparser the layer, so that data
// stays in range), biases of up to 8 steps of the output, multipliers of 2^29 to
// 2^30 where a layer has one per channel. A layer's data depends on the seed and its name alone.
NetworkData make_data(const network::Network& network, const std::vector<std::optional<sparsity::BlockMask>>& masks,
                      std::uint64_t seed);

// The same, but an .npz replaces what it names: "input" int8 [h, w, c] (of a batch the rows of all images, or of the
// first one and "input@2" and so on of others, as its layers have them), "<layer>.weight" int8 [cout, kh, kw, cin] and
// "<layer>.bias" int32 [cout], and "<layer>.multiplier" int32 [cout], at least 0, where there is one per channel.
// "<layer>.scale" and "<layer>.weight_scale" may stand beside them. Weights inside zero blocks of a generated mask
// become zero; with masks of a file, which belong to the weights, weights inside zero blocks are a problem.
enum class MasksFrom { generator, file };
Expected<NetworkData> load_data(const std::string& path, const network::Network& network,
                                const std::vector<std::optional<sparsity::BlockMask>>& masks, MasksFrom from,
                                std::uint64_t seed);

}  // namespace tessera::reference

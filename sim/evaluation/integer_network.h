// An imported network in int8: exactly what reference/reference.h computes of the same data, faster.
#pragma once
#include <map>

#include "sim/evaluation/integer_convolution.h"
#include "sim/import/import.h"
#include "sim/reference/network_data.h"

namespace tessera::evaluation {

class IntegerNetwork {
 public:
  // `network` must outlive this; `data`: its weights, by LayerId.
  IntegerNetwork(const network::Network& network, std::vector<sparsity::WeightTensor> weights);

  // The tensor of a layer, [h][w][c], of an image of the shape of the input.
  std::vector<std::int8_t> run(std::vector<std::int8_t> image, network::LayerId output) const;
  std::vector<std::int8_t> run(std::vector<std::int8_t> image) const;  // of the last layer

 private:
  const network::Network& network_;
  std::vector<sparsity::WeightTensor> weights_;
  std::map<network::LayerId, IntegerConvolution> convolutions_;
  std::vector<network::LayerId> last_use_;  // by LayerId: the last layer that reads it
};

// Int8 parameters of every layer of an imported network, by LayerId; weights in zero blocks of `masks` are zero.
std::vector<sparsity::WeightTensor> integer_weights(const import::Imported& imported,
                                                    const std::vector<std::optional<sparsity::BlockMask>>& masks);

// Real numbers -> int8 with a step, rounded half to even, saturated.
std::vector<std::int8_t> quantize(const float* values, std::int64_t count, double step);

}  // namespace tessera::evaluation

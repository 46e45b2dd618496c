#include "sim/cli/model_output.h"

#include <algorithm>

namespace tessera::cli {

ModelOutput first_output(const import::Imported& imported) {
  const import::View& view = imported.outputs.front();
  const std::vector<network::Layer>& layers = imported.network.layers;
  ModelOutput output;
  output.layer = std::find_if(layers.begin(), layers.end(), [&](const auto& l) { return l.name == view.layer; })->id;
  output.factor = view.factor;
  const import::Dims dims = view.shape();
  output.image = dims.size() == 4 && dims[2] * dims[3] > 1;
  output.rows = !output.image && std::count_if(dims.begin(), dims.end(), [](std::int64_t n) { return n > 1; }) > 1;
  if (output.image) output.shape = {static_cast<int>(dims[2]), static_cast<int>(dims[3]), static_cast<int>(dims[1])};
  output.places = places_of(output.image ? transposed(view, {0, 2, 3, 1}) : view);
  return output;
}

}  // namespace tessera::cli

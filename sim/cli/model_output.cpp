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
  output.dims = dims;
  output.image = dims.size() == 4 && dims[2] * dims[3] > 1;
  output.rows = !output.image && std::count_if(dims.begin(), dims.end(), [](std::int64_t n) { return n > 1; }) > 1;
  if (output.image) output.shape = {static_cast<int>(dims[2]), static_cast<int>(dims[3]), static_cast<int>(dims[1])};
  output.places = places_of(output.image ? transposed(view, {0, 2, 3, 1}) : view);
  return output;
}

sparsity::NumpyArray file_outputs(const ModelOutput& output, const evaluation::Outputs& outputs) {
  std::vector<float> values = outputs.values;
  if (output.image) {
    const auto pixels = static_cast<std::size_t>(output.dims[2] * output.dims[3]);
    const auto channels = static_cast<std::size_t>(output.dims[1]), size = pixels * channels;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t image = i / size, channel = i % size / pixels, pixel = i % pixels;
      values[i] = outputs.values[image * size + pixel * channels + channel];
    }
  }
  std::vector<std::int64_t> shape = {outputs.count()};
  shape.insert(shape.end(), output.dims.begin() + (!output.dims.empty() && output.dims[0] == 1 ? 1 : 0),
               output.dims.end());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
  return {"<f4", shape, {bytes, bytes + values.size() * sizeof(float)}};
}

}  // namespace tessera::cli

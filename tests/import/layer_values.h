// The layers of a file, computed by the plain loops of sim/reference, against what the file says of its outputs.
#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "sim/evaluation/float_network.h"
#include "sim/evaluation/integer_network.h"
#include "sim/import/mask_constants.h"
#include "sim/import/scales.h"
#include "sim/reference/reference.h"

namespace tessera::import::test {

inline double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double v : values)
    if (std::isfinite(v)) most = std::max(most, std::fabs(v));
  return most;
}

class LayerValues {
 public:
  explicit LayerValues(Imported imported) : imported_(std::move(imported)) {}

  // Root mean square of the error of the int8 layers, over that of the first output. `inputs`: by graph input. Steps
  // are those that hold the given values, and what the layers make of them.
  double error(const std::vector<std::vector<double>>& inputs, const std::vector<double>& want) {
    const View& out = imported_.outputs.at(0);
    std::vector<double> observed(imported_.network.layers.size(), 0);
    for (std::size_t i = 0; i < inputs.size() && i < imported_.inputs.size(); ++i)
      observed[id_of(imported_.inputs[i].layer)] = largest(inputs[i]) / 127;
    observed[id_of(out.layer)] = std::max(observed[id_of(out.layer)], largest(want) / out.factor / 127);
    std::vector<reference::Tensor> tensors;
    for (int turn = 0; turn < 20; ++turn) {
      if (!choose_scales(imported_, {observed, {}}).empty()) return 1e9;
      tensors = reference::run_reference(imported_.network, data_of(inputs));
      if (!widen(tensors, observed, id_of(out.layer))) break;
    }
    const std::vector<std::int8_t>& values = tensors[id_of(out.layer)].values;
    const std::vector<std::size_t> places = places_of(out);
    if (places.size() != want.size()) return 1e9;
    const double step = imported_.scales[id_of(out.layer)].step * out.factor;
    double off = 0, all = 1e-12;
    for (std::size_t i = 0; i < want.size(); ++i) {
      if (!std::isfinite(want[i])) continue;
      off += std::pow(values.at(places[i]) * step - want[i], 2);
      all += want[i] * want[i];
    }
    return std::sqrt(off / all);
  }

  // The same of the layers in float32.
  double float_error(const std::vector<std::vector<double>>& inputs, const std::vector<double>& want) const {
    std::map<network::LayerId, evaluation::Values> given;
    for (const network::Layer& layer : imported_.network.layers)
      if (ops::is_source(layer)) given[layer.id].resize(static_cast<std::size_t>(layer.out.elements()));
    for (std::size_t i = 0; i < inputs.size() && i < imported_.inputs.size(); ++i) {
      const View& view = imported_.inputs[i];
      const std::vector<std::size_t> places = places_of(view);
      evaluation::Values& values = given[static_cast<network::LayerId>(id_of(view.layer))];
      for (std::size_t e = 0; e < places.size() && e < inputs[i].size(); ++e)
        values[places[e]] = static_cast<float>(inputs[i][e] / view.factor);
    }
    const View& out = imported_.outputs.at(0);
    const evaluation::FloatNetwork network(imported_);
    const evaluation::Values values = network.run(given.at(0).data(), given)[id_of(out.layer)].values;
    const std::vector<std::size_t> places = places_of(out);
    if (places.size() != want.size()) return 1e9;
    double off = 0, all = 1e-12;
    for (std::size_t i = 0; i < want.size(); ++i) {
      if (!std::isfinite(want[i])) continue;
      off += std::pow(values.at(places[i]) * out.factor - want[i], 2);
      all += want[i] * want[i];
    }
    return std::sqrt(off / all);
  }

  const Imported& imported() const { return imported_; }

 private:
  std::size_t id_of(const std::string& name) const {
    for (const network::Layer& layer : imported_.network.layers)
      if (layer.name == name) return static_cast<std::size_t>(layer.id);
    return 0;
  }

  // Larger steps for tensors that are cut off, smaller ones for those that use little of int8.
  bool widen(const std::vector<reference::Tensor>& tensors, std::vector<double>& observed, std::size_t output) const {
    bool changed = false;
    for (const network::Layer& layer : imported_.network.layers) {
      const auto id = static_cast<std::size_t>(layer.id);
      if (!ops::is_computed(layer) || layer.op == network::Op::softmax || id == output) continue;
      int most = 0;
      for (const std::int8_t v : tensors[id].values)
        most = std::max(most, adds_mask(imported_, layer) ? v : std::abs(v));
      const double factor = most >= 127 ? 1.5 : most > 0 && most < 60 ? most / 100.0 : 1;
      changed = changed || factor != 1;
      observed[id] = imported_.scales[id].step * factor;
    }
    return changed;
  }

  reference::NetworkData data_of(const std::vector<std::vector<double>>& inputs) const {
    reference::NetworkData data;
    data.weights = evaluation::integer_weights(imported_, {});
    data.constants.resize(imported_.network.layers.size());
    for (const network::Layer& layer : imported_.network.layers) {
      const auto id = static_cast<std::size_t>(layer.id);
      reference::Tensor tensor{layer.out, data.weights[id].values};
      tensor.values.resize(static_cast<std::size_t>(layer.out.elements()));
      if (layer.op == network::Op::constant) data.constants[id] = std::move(tensor);
      if (layer.op == network::Op::input) data.input = std::move(tensor);
    }
    for (std::size_t i = 0; i < inputs.size() && i < imported_.inputs.size(); ++i) {
      const View& view = imported_.inputs[i];
      const std::size_t id = id_of(view.layer);
      reference::Tensor& tensor = id == 0 ? data.input : data.constants[id];
      const std::vector<std::size_t> places = places_of(view);
      for (std::size_t e = 0; e < places.size() && e < inputs[i].size(); ++e)
        tensor.values[places[e]] = static_cast<std::int8_t>(
            std::lround(std::min(127.0, std::max(-128.0, inputs[i][e] / imported_.scales[id].step))));
    }
    return data;
  }

  Imported imported_;
};

}  // namespace tessera::import::test

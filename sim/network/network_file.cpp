#include "sim/network/network_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "sim/base/json_file.h"
#include "sim/network/expand.h"
#include "sim/network/graph.h"
#include "sim/network/layer_keys.h"
#include "sim/network/layer_reader.h"
#include "sim/network/magnitude.h"
#include "sim/network/shapes.h"

namespace tessera::network {
namespace {

using nlohmann::json;

constexpr const char* input_name = "input";
constexpr std::size_t max_layers = 32767;  // programs number layers with 16 bits

class NetworkReader {
 public:
  NetworkReader(const json& j, const std::string& file) : json_(j), file_(file) {}

  Expected<Network> read() {
    if (!json_.is_object()) {
      report("", "is no object", R"(a network like {"name": "net", "input": [224, 224, 3], "layers": [...]})");
      return failure();
    }
    refuse_unknown_keys(json_, {"$schema", "name", "source", "input", "layers"}, file_, "", problems_);
    read_name();
    read_specs();
    read_input();
    resolve_names();
    order_and_infer();
    if (problems_.empty()) check_size();
    if (!problems_.empty()) return failure();
    assign_default_shifts(network_);
    return std::move(network_);
  }

 private:
  void report(const std::string& path, std::string what, std::string legal) {
    problems_.push_back({file_, path, std::move(what), std::move(legal)});
  }
  Failure failure() { return {ExitCode::bad_input, std::move(problems_)}; }

  void read_name() {
    const auto it = json_.find("name");
    if (it != json_.end() && it->is_string() && !it->get_ref<const std::string&>().empty())
      network_.name = it->get<std::string>();
    else
      report("name", it == json_.end() ? "is missing" : "is no name: " + it->dump(), "a non-empty string");
  }

  // specs_[0] is the input layer; specs_[i] the i-th of the file, counted from 1.
  void read_specs() {
    specs_.resize(1);
    specs_[0].layer.name = input_name;
    specs_[0].path = input_name;
    specs_[0].inputs = std::vector<std::string>{};
    const auto it = json_.find("layers");
    if (it == json_.end() || !it->is_array() || it->empty() || it->size() > max_layers)
      return report("layers",
                    it == json_.end() ? "is missing"
                    : it->is_array()  ? fmt::format("has {} entries", it->size())
                                      : "is " + it->dump(),
                    fmt::format("a list of 1 to {} layers", max_layers));
    for (std::size_t i = 0; i < it->size(); ++i)
      specs_.push_back(read_layer((*it)[i], static_cast<int>(i), file_, problems_));
  }

  void read_input() {
    const auto it = json_.find("input");
    LayerSpec& input = specs_[0];
    if (it == json_.end()) {
      if (specs_.size() > 1 && specs_[1].gemm_input) {
        input.layer.out = *specs_[1].gemm_input;
        input.valid = true;
      } else {
        report("input", "is missing", "[height, width, channels], unless the first layer is a gemm with m, n, k");
      }
      return;
    }
    if (!it->is_array() || it->size() != 3) return report("input", "is " + it->dump(), "[height, width, channels]");
    int side[3] = {0, 0, 0};
    for (std::size_t i = 0; i < 3; ++i)
      side[i] = read_int((*it)[i], 1, max_side, file_, fmt::format("input[{}]", i), problems_).value_or(0);
    input.layer.out = {side[0], side[1], side[2]};
    input.valid = side[0] > 0 && side[1] > 0 && side[2] > 0;
  }

  void resolve_names() {
    std::map<std::string, int> index;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      const std::string& name = specs_[i].layer.name;
      if (name.empty()) continue;
      const auto [known, fresh] = index.emplace(name, static_cast<int>(i));
      if (fresh)
        names.push_back(name);
      else
        report(specs_[i].path, fmt::format("the name '{}' is taken by {}", name, specs_[known->second].path),
               "a name of its own for every layer");
    }
    inputs_.resize(specs_.size());
    for (std::size_t i = 1; i < specs_.size(); ++i) {
      if (!specs_[i].inputs) {
        inputs_[i] = {static_cast<int>(i) - 1};
        continue;
      }
      for (const std::string& name : *specs_[i].inputs) {
        const auto known = index.find(name);
        inputs_[i].push_back(known == index.end() ? -1 : known->second);
        if (known != index.end()) continue;
        const std::string near = nearest_name(name, names);
        report(specs_[i].path + ".inputs", fmt::format("there is no layer '{}'", name),
               near.empty() ? "the name of a layer, or 'input'" : fmt::format("did you mean '{}'?", near));
      }
    }
  }

  void order_and_infer() {
    for (const std::vector<int>& cycle : find_cycles(inputs_)) {
      std::string chain;
      for (int node : cycle) chain += specs_[node].layer.name + " -> ";
      report("layers", "the network has a cycle: " + chain + specs_[cycle.front()].layer.name,
             "every layer may read only layers that do not depend on it");
    }
    std::vector<LayerId> id(specs_.size(), -1);
    for (int node : topological_order(inputs_)) {
      id[node] = static_cast<LayerId>(network_.layers.size());
      network_.layers.push_back(specs_[node].layer);
      Layer& layer = network_.layers.back();
      layer.id = id[node];
      std::vector<std::string> names;
      std::vector<Shape> shapes;
      for (int from : inputs_[node]) {
        if (from < 0 || !specs_[from].valid) specs_[node].valid = false;
        if (from < 0) continue;
        layer.inputs.push_back(id[from]);
        names.push_back(specs_[from].layer.name);
        shapes.push_back(network_.layers[id[from]].out);
      }
      // What depends on a layer with a problem would only repeat that problem.
      if (specs_[node].valid) specs_[node].valid = infer(specs_[node], layer, shapes, names);
      if (specs_[node].valid) id[node] = expand();
    }
  }

  // Puts what computes the last layer in its place; the id of the layer with its name.
  LayerId expand() {
    const Layer layer = std::move(network_.layers.back());
    network_.layers.pop_back();
    for (Layer& part : expanded(layer, network_.layers)) network_.layers.push_back(std::move(part));
    return network_.layers.back().id;
  }

  // Layers that are small enough each can be too many.
  void check_size() {
    if (network_.layers.size() > max_layers + 1)
      report("layers",
             fmt::format("are {} once what no kernel does at once is made of several", network_.layers.size()),
             fmt::format("at most {}", max_layers + 1));
    std::set<std::string> names;
    for (const Layer& layer : network_.layers)
      if (!names.insert(layer.name).second)
        report("layers", fmt::format("the name '{}' is taken by a part of another layer", layer.name), "another name");
    double macs = 0, bytes = 0;
    for (const Layer& layer : network_.layers) {
      macs += multiply_accumulates(layer);
      bytes += stored_output_bytes(layer) + stored_weight_bytes(layer);
    }
    if (macs > max_macs)
      report("layers", fmt::format("take {:.4g} multiply-accumulates in all", macs),
             fmt::format("at most {:.4g}", max_macs));
    if (bytes > max_network_bytes)
      report("layers", fmt::format("have tensors and weights of {:.4g} bytes in all", bytes),
             fmt::format("at most {:.4g} bytes", max_network_bytes));
  }

  bool infer(const LayerSpec& spec, Layer& layer, const std::vector<Shape>& shapes,
             const std::vector<std::string>& names) {
    if (spec.whole_map) {
      Window& k = layer.window;
      k.kh = k.sh = shapes[0].h;
      k.kw = k.sw = shapes[0].w;
    }
    if (spec.gemm_input && !(shapes[0] == *spec.gemm_input)) {
      report(spec.path,
             fmt::format("multiplies a {} x {} matrix but its input '{}' is {}", spec.gemm_input->h, spec.gemm_input->c,
                         names[0], shape_text(shapes[0])),
             fmt::format("an input of m x 1 x k = {}", shape_text(*spec.gemm_input)));
      return false;
    }
    return infer_shape(layer, shapes, names, [&](std::string what, std::string legal) {
      report(spec.path, std::move(what), std::move(legal));
    });
  }

  const json& json_;
  const std::string& file_;
  std::vector<Problem> problems_;
  std::vector<LayerSpec> specs_;
  InputLists inputs_;
  Network network_;
};

}  // namespace

Expected<Network> parse_network(const json& j, const std::string& file) { return NetworkReader(j, file).read(); }

Expected<Network> load_network(const std::string& path) {
  const Expected<json> root = read_json(path);
  if (!root) return root.failure();
  return parse_network(*root, path);
}

}  // namespace tessera::network

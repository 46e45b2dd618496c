#include "sim/import/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/import/batch_places.h"
#include "sim/import/declarations.h"
#include "sim/import/infer.h"
#include "sim/import/passes.h"

namespace tessera::import {
namespace {

std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }

constexpr const char* whole_images =
    "images that are computed each by itself; or export with a batch of 1, and set `batch`";

// The batch of the inputs with as many dimensions, where all have one above 1; else 1.
std::int64_t batch_of(const Graph& graph, std::size_t rank) {
  std::int64_t batch = 1;
  for (const ValueId id : graph.inputs) {
    const Value& input = graph.values[at(id)];
    if (!input.known || input.shape.size() != rank || !is_real(input.type)) continue;
    if (input.shape[0] < 1 || (batch > 1 && input.shape[0] != batch)) return 1;
    batch = input.shape[0];
  }
  return batch;
}

// Whether convolutions over one dimension are among the nodes.
bool has_sequences(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
    const bool convolves = (node.op == "Conv" || node.op == "ConvTranspose") && node.domain.empty();
    return convolves && node.inputs.size() > 1 && graph.values[at(node.inputs[1])].shape.size() == 3;
  });
}

class Division {
 public:
  // `whole`: the same graph with all shapes known. Values of both have the same ids.
  Division(Graph& graph, const Graph& whole, std::int64_t batch) : graph_(graph), whole_(whole), batch_(batch) {}

  // The first node that computes across images; null: all has its place.
  const Node* run() {
    for (const ValueId id : graph_.inputs) {
      Dims& shape = graph_.values[at(id)].shape;
      if (shape.empty() || shape[0] != batch_) continue;
      shape[0] = 1;
      places_[id] = {0, 1};
    }
    for (Node& node : graph_.nodes) {
      if (whole_.values[at(node.outputs[0])].constant) continue;
      const BatchMove move = batch_behind(whole_, node, places_, batch_);
      if (move.mixes) return &node;
      for (const ValueId id : node.outputs)
        if (move.place && id != no_value) places_[id] = *move.place;
      if (!move.place || !node.domain.empty()) continue;
      if ((node.op == "Reshape" || node.op == "Expand") && node.inputs.size() > 1) divide_shape(node, *move.place);
      for (const char* op : {"Add", "Concat", "Div", "MatMul", "Mul", "Sub", "Where"})
        if (node.op == op)
          for (ValueId& id : node.inputs) id = one_of(id, node.outputs[0], *move.place);
    }
    return nullptr;
  }

  // What is neither the same as before nor the share of one image.
  std::vector<Problem> problems() const {
    for (const Node& node : graph_.nodes)
      for (const ValueId id : node.outputs) {
        if (id == no_value || at(id) >= whole_.values.size() || whole_.values[at(id)].constant ||
            !graph_.values[at(id)].known || graph_.values[at(id)].shape == share_of(id))
          continue;
        return {{graph_.file, node_path(node),
                 fmt::format("makes {} of a batch of {}, and {} of one image", dims_text(whole_.values[at(id)].shape),
                             batch_, dims_text(graph_.values[at(id)].shape)),
                 whole_images}};
      }
    return {};
  }

 private:
  // The shape that a value has of one image.
  Dims share_of(ValueId id) const {
    Dims shape = whole_.values[at(id)].shape;
    const auto place = places_.find(id);
    if (place != places_.end()) shape[place->second.dim] /= batch_;
    return shape;
  }

  // A constant shape that says the batch, or with it parts of each image.
  void divide_shape(Node& node, const BatchPlace& place) {
    const auto& given = whole_.values[at(node.inputs[1])].constant;
    if (!given) return;
    Dims shape = integers(*given);
    const std::size_t rank = whole_.values[at(node.outputs[0])].shape.size();
    if (place.dim + shape.size() < rank) return;
    std::int64_t& side = shape[place.dim + shape.size() - rank];
    if (side <= 0 || side % batch_ != 0) return;
    side /= batch_;
    node.inputs[1] = graph_.add_constant(node.name + ".shape", make_tensor(DataType::i64, given->shape, shape));
  }

  // A constant that repeats the same for every image, with one of them.
  ValueId one_of(ValueId id, ValueId result, const BatchPlace& place) {
    if (id == no_value || at(id) >= whole_.values.size() || !whole_.values[at(id)].constant) return id;
    const Tensor given = *whole_.values[at(id)].constant;
    const std::size_t rank = whole_.values[at(result)].shape.size();
    if (given.shape.size() < 2 || place.dim + given.shape.size() < rank) return id;
    const std::size_t dim = place.dim + given.shape.size() - rank;
    if (given.shape[dim] != whole_.values[at(result)].shape[place.dim]) return id;
    Dims shape = given.shape, strides = strides_of(shape);
    const std::int64_t inner = shape[dim] / place.outer / batch_, stride = strides[dim];
    // The dimension as three: what stands outside of the images, one of them, what stands within.
    shape[dim] = inner;
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(dim), place.outer);
    strides.insert(strides.begin() + static_cast<std::ptrdiff_t>(dim), stride * inner * batch_);
    Tensor one = strided_copy(given, shape, 0, strides);
    for (std::int64_t i = 1; i < batch_; ++i)
      if (*strided_copy(given, shape, i * stride * inner, strides).bytes != *one.bytes) return id;
    one.shape = given.shape;
    one.shape[dim] /= batch_;
    return graph_.add_constant(graph_.values[at(id)].name + ".one", one);
  }

  Graph& graph_;
  const Graph& whole_;
  std::int64_t batch_;
  BatchPlaces places_;
};

// infer() of one image.
std::vector<Problem> divided(Graph& graph, const Graph& inferred, std::int64_t batch) {
  Graph whole = inferred;
  whole.values.resize(graph.values.size());  // ids of what inference adds are behind those of the file in both
  Division division(graph, whole, batch);
  if (const Node* mixes = division.run())
    return {{graph.file, node_path(*mixes), fmt::format("computes across the images of a batch of {}", batch),
             whole_images}};
  std::vector<Problem> problems = infer(graph);
  for (Problem& problem : problems) {  // the file is legal: its batch was not understood
    problem.what = fmt::format("of one image of the batch of {}: {}", batch, problem.what);
    problem.legal = whole_images;
  }
  graph.images = batch;
  return problems.empty() ? division.problems() : problems;
}

}  // namespace

std::vector<Problem> infer_one_image(Graph& graph) {
  std::int64_t batch = batch_of(graph, 4);
  const bool maps = batch > 1;
  if (!maps && has_sequences(graph))  // N x C x L, or N x L before it gets its channel
    batch = std::max(batch_of(graph, 3), batch_of(graph, 2));
  Graph whole = graph;
  std::vector<Problem> problems = infer(whole);
  if (problems.empty()) problems = contradicted_declarations(whole);
  if (!problems.empty() || batch == 1) {
    graph = std::move(whole);
    return problems;
  }
  Graph one = graph;
  problems = divided(one, whole, batch);
  const bool rows = !maps && !problems.empty();  // the outermost dimension of sequences may be anything else
  graph = rows ? std::move(whole) : std::move(one);
  return rows ? std::vector<Problem>{} : problems;
}

}  // namespace tessera::import

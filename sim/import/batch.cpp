#include "sim/import/batch.h"

#include <fmt/format.h>

#include <set>

#include "sim/import/declarations.h"
#include "sim/import/infer.h"
#include "sim/import/passes.h"

namespace tessera::import {
namespace {

std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }

// The batch of the inputs that are images, where all have one above 1; else 1.
std::int64_t batch_of(const Graph& graph) {
  std::int64_t batch = 1;
  for (const ValueId id : graph.inputs) {
    const Value& input = graph.values[at(id)];
    if (!input.known || input.shape.size() != 4 || !is_real(input.type)) continue;
    if (input.shape[0] < 1 || (batch > 1 && input.shape[0] != batch)) return 1;
    batch = input.shape[0];
  }
  return batch;
}

class Division {
 public:
  // `whole`: the same graph with all shapes known. Values of both have the same ids.
  Division(Graph& graph, const Graph& whole, std::int64_t batch) : graph_(graph), whole_(whole), batch_(batch) {}

  void run() {
    for (const ValueId id : graph_.inputs) {
      Dims& shape = graph_.values[at(id)].shape;
      if (shape.empty() || shape[0] != batch_) continue;
      shape[0] = 1;
      of_images_.insert(id);
    }
    for (Node& node : graph_.nodes) {
      if (!node.domain.empty() || whole_.values[at(node.outputs[0])].constant) continue;
      if ((node.op == "Reshape" || node.op == "Expand") && node.inputs.size() > 1) divide_shape(node);
      for (const char* op : {"Add", "Concat", "Div", "Mul", "Sub", "Where"})
        if (node.op == op)
          for (ValueId& id : node.inputs) id = one_of(id);
    }
  }

  // What is neither the same as before nor the share of one image.
  std::vector<Problem> problems() const {
    std::set<ValueId> of_images = of_images_;
    for (const Node& node : graph_.nodes) {
      const bool reads_images =
          std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return of_images.count(id) > 0; });
      for (const ValueId id : node.outputs) {
        if (reads_images) of_images.insert(id);
        if (at(id) >= whole_.values.size() || whole_.values[at(id)].constant || !graph_.values[at(id)].known) continue;
        const std::optional<int> shares = shares_of(id);
        if (shares == (reads_images ? 1 : 0) && (divided_.count(node.name) == 0 || begins_with_images(node.inputs[0])))
          continue;
        return {{graph_.file, node_path(node),
                 fmt::format("makes {} of a batch of {}, and {} of one image", dims_text(whole_.values[at(id)].shape),
                             batch_, dims_text(graph_.values[at(id)].shape)),
                 "images that are computed each by itself, or a batch of 1"}};
      }
    }
    return {};
  }

 private:
  // In how many dimensions one image has the batch's share; nothing where others differ too.
  std::optional<int> shares_of(ValueId id) const {
    const Dims &all = whole_.values[at(id)].shape, &one = graph_.values[at(id)].shape;
    if (all.size() != one.size()) return std::nullopt;
    int shares = 0;
    for (std::size_t d = 0; d < all.size(); ++d) {
      if (all[d] == one[d]) continue;
      if (all[d] != one[d] * batch_) return std::nullopt;
      ++shares;
    }
    return shares;
  }
  bool begins_with_images(ValueId id) const {
    const Dims &all = whole_.values[at(id)].shape, &one = graph_.values[at(id)].shape;
    return !all.empty() && !one.empty() && all[0] == one[0] * batch_;
  }

  // A constant shape that begins with the batch, or with parts of each image.
  void divide_shape(Node& node) {
    const auto& given = whole_.values[at(node.inputs[1])].constant;
    if (!given || given->elements() == 0) return;
    Dims shape = integers(*given);
    if (shape[0] <= 0 || shape[0] % batch_ != 0) return;
    shape[0] /= batch_;
    divided_.insert(node.name);
    node.inputs[1] = graph_.add_constant(node.name + ".shape", make_tensor(DataType::i64, given->shape, shape));
  }

  // A constant that repeats the same for every image, with one of them.
  ValueId one_of(ValueId id) {
    if (id == no_value || at(id) >= whole_.values.size() || !whole_.values[at(id)].constant) return id;
    const Tensor given = *whole_.values[at(id)].constant;
    if (given.shape.size() < 3 || given.shape[0] != batch_) return id;
    const std::size_t size = given.bytes->size() / static_cast<std::size_t>(batch_);
    for (std::int64_t i = 1; i < batch_; ++i)
      if (given.bytes->compare(static_cast<std::size_t>(i) * size, size, *given.bytes, 0, size) != 0) return id;
    Tensor one = given;
    one.shape[0] = 1;
    one.bytes = std::make_shared<const std::string>(given.bytes->substr(0, size));
    return graph_.add_constant(graph_.values[at(id)].name + ".one", one);
  }

  Graph& graph_;
  const Graph& whole_;
  std::int64_t batch_;
  std::set<ValueId> of_images_;    // the inputs that are divided
  std::set<std::string> divided_;  // nodes that reshape the images
};

}  // namespace

std::vector<Problem> infer_one_image(Graph& graph) {
  const std::int64_t batch = batch_of(graph);
  if (batch == 1) {
    std::vector<Problem> problems = infer(graph);
    return problems.empty() ? contradicted_declarations(graph) : problems;
  }
  Graph whole = graph;
  std::vector<Problem> problems = infer(whole);
  if (problems.empty()) problems = contradicted_declarations(whole);
  if (!problems.empty()) {
    graph = std::move(whole);
    return problems;
  }
  // Ids of what inference adds are behind those of the file in both.
  whole.values.resize(graph.values.size());
  Division division(graph, whole, batch);
  division.run();
  problems = infer(graph);
  for (Problem& problem : problems) {  // the file is legal: its batch was not understood
    problem.what = fmt::format("of one image of the batch of {}: {}", batch, problem.what);
    problem.legal = "images that are computed each by itself, or a batch of 1";
  }
  if (problems.empty()) problems = division.problems();
  graph.images = batch;
  return problems;
}

}  // namespace tessera::import

#include "sim/import/import.h"

#include <fmt/format.h>

#include "sim/import/batch.h"
#include "sim/import/forms/form.h"
#include "sim/import/lowering.h"
#include "sim/import/opset.h"
#include "sim/import/scales.h"
#include "sim/network/network_file.h"

namespace tessera::import {

namespace {

// Of a file that is refused for something else: its operators that nothing here knows, but for those of the host.
std::vector<Problem> unknown_operators(const Graph& graph, const HostTimes* host) {
  std::vector<Problem> problems;
  for (const Node& node : graph.nodes) {
    const Operator* op = node.domain.empty() ? find_operator(node.op) : nullptr;
    const bool computed = op != nullptr && (!op->of_constants || constant_input(graph, node, 0) != nullptr);
    const bool known = computed || find_form(node) != nullptr || (node.domain.empty() && node.op == "If");
    if (known || (host != nullptr && host->count(full_name(node)) > 0)) continue;
    problems.push_back({graph.file, node_path(node), fmt::format("the operator {} is not known", full_name(node)),
                        "an operator of ONNX that layers compute, or --host OPERATOR=TIME"});
  }
  return problems;
}

}  // namespace

Expected<Graph> read_graph(const std::string& path, const DimensionSizes& sizes, DeadCode* dead,
                           const HostTimes* host) {
  Expected<Graph> graph = read_onnx(path, sizes);
  if (!graph) return graph.failure();
  expand_quantized_forms(*graph);
  upgrade(*graph);
  std::vector<Problem> problems = infer_one_image(*graph);
  if (!problems.empty()) {
    const std::vector<Problem> unknown = unknown_operators(*graph, host);
    problems.insert(problems.end(), unknown.begin(), unknown.end());
    return Failure{ExitCode::bad_input, std::move(problems)};
  }
  note_quantized_constants(*graph);
  const DeadCode removed = remove_dead_code(*graph);
  if (dead != nullptr) *dead = removed;
  problems = constants_without_numbers(*graph);
  if (!problems.empty()) return Failure{ExitCode::bad_input, std::move(problems)};
  multiply_vectors(*graph);
  remove_no_ops(*graph);
  skip_expands(*graph);
  recognize_activations(*graph);
  remove_dead_code(*graph);
  fold_bias(*graph);         // also of what a factor is folded behind
  remove_dead_code(*graph);  // what was folded reads nothing any more
  fold_batch_norm(*graph);
  remove_dead_code(*graph);
  fold_bias(*graph);
  problems = take_quantization(*graph);
  if (!problems.empty()) return Failure{ExitCode::bad_input, std::move(problems)};
  remove_dead_code(*graph);
  return graph;
}

namespace {

// What the layers' rules do not know, said by what they know.
void say_in_layers(Graph& graph) {
  pick_rows_by_products(graph);
  cut_host_inputs(graph);
  compare_by_signs(graph);
  write_out_assignments(graph);
  join_softmax_rows(graph);
  resample_by_products(graph);
  fold_padding(graph);
  split_parts_of_concats(graph);
  multiply_out(graph);
  recognize_group_norm(graph);
  write_out_norms(graph);
  say_by_others(graph);
  widen_windows(graph);
  divide_windows(graph);
  remove_no_ops(graph);
  remove_dead_code(graph);
}

}  // namespace

namespace {

// Without layers where the outputs are inputs, moved or times a number.
Expected<Imported> import_graph(Graph graph, const DeadCode& dead) {
  const std::string path = graph.file;
  Imported imported;
  imported.dead = dead;
  imported.left_out = end_before_picks(graph);
  remove_dead_code(graph);
  expand_attention(graph);
  imported.macs = count_macs(graph);
  imported.widened = graph.widened;
  imported.images = graph.images;
  imported.unread_inputs = remove_unread_inputs(graph);
  say_in_layers(graph);
  Expected<Lowered> lowered = lower(graph);
  if (!lowered) return lowered.failure();
  graph.values.clear();  // what no layer uses
  if (lowered->network["layers"].empty()) return imported;
  Expected<network::Network> network = network::parse_network(lowered->network, path);
  if (!network) return network.failure();
  imported.network = std::move(*network);
  imported.file = std::move(lowered->network);
  imported.weights.resize(imported.network.layers.size());
  for (const network::Layer& layer : imported.network.layers) {
    const auto it = lowered->weights.find(layer.name);
    if (it != lowered->weights.end()) imported.weights[static_cast<std::size_t>(layer.id)] = std::move(it->second);
  }
  for (const auto& weights : imported.weights)
    imported.figures.push_back(weights ? weights->figures() : WeightFigures{});
  imported.inputs = std::move(lowered->inputs);
  imported.outputs = std::move(lowered->outputs);
  imported.file_scales = std::move(lowered->scales);
  imported.factors = std::move(lowered->factors);
  imported.limits = std::move(lowered->limits);
  imported.epsilons = std::move(lowered->epsilons);
  imported.joins = std::move(lowered->joins);
  imported.other_steps = lowered->other_steps;
  imported.constants = std::move(lowered->constants);
  std::vector<Problem> problems = unfit_weights(imported, path);
  if (!problems.empty()) return Failure{ExitCode::bad_input, std::move(problems)};
  problems = choose_scales(imported);
  for (Problem& problem : problems) problem.file = path;
  if (!problems.empty()) return Failure{ExitCode::internal, std::move(problems)};
  return imported;
}

}  // namespace

Expected<Imported> import_onnx(const std::string& path, const DimensionSizes& sizes) {
  DeadCode dead;
  Expected<Graph> graph = read_graph(path, sizes, &dead);
  if (!graph) return graph.failure();
  Expected<Imported> imported = import_graph(std::move(*graph), dead);
  if (imported && imported->network.layers.empty())
    return fail(ExitCode::bad_input,
                {path, "graph", "computes nothing: its outputs are inputs, moved or times a number",
                 "a network with at least one layer"});
  return imported;
}

Expected<std::vector<Stage>> import_stages(const std::string& path, const DimensionSizes& sizes,
                                           const HostTimes& times) {
  DeadCode dead;
  Expected<Graph> graph = read_graph(path, sizes, &dead, &times);
  if (!graph) return graph.failure();
  Expected<HostStages> parts = cut_at_host(*graph, times);
  if (!parts) return parts.failure();
  std::vector<Stage> stages;
  std::vector<Problem> problems;
  for (std::size_t s = 0; s < parts->graphs.size(); ++s) {
    Stage& stage = stages.emplace_back();
    stage.host = std::move(parts->calls[s]);
    if (parts->graphs[s].nodes.empty()) continue;
    Expected<Imported> imported = import_graph(std::move(parts->graphs[s]), s == 0 ? dead : DeadCode{});
    if (imported && !imported->network.layers.empty()) stage.array = std::move(*imported);
    if (!imported)
      problems.insert(problems.end(), imported.failure().problems.begin(), imported.failure().problems.end());
  }
  if (!problems.empty()) return Failure{ExitCode::bad_input, std::move(problems)};
  return stages;
}

bool is_onnx(const std::string& path) {
  for (const char* end : {".onnx", ".onnx.gz"}) {
    const std::string ending = end;
    if (path.size() > ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0)
      return true;
  }
  return false;
}

}  // namespace tessera::import

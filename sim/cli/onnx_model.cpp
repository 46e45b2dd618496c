#include "sim/cli/onnx_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <filesystem>

#include "sim/cli/output.h"
#include "sim/cli/weight_masks.h"
#include "sim/import/scales.h"
#include "sim/run/config_folder.h"
#include "sim/sparsity/numpy_file.h"

namespace tessera::cli {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

void take(std::vector<Problem>& problems, const Failure& failure) {
  problems.insert(problems.end(), failure.problems.begin(), failure.problems.end());
}

Expected<std::string> hardware_of(const ModelOptions& options) {
  return run::hardware_file(options.hardware.empty() ? "aie2" : options.hardware);
}

}  // namespace

void add_model_options(CLI::App& command, ModelOptions& options) {
  command.add_option("--hardware", options.hardware, "for an ONNX file: hardware by name (default aie2) or path");
  command.add_option("--dim", options.sizes, "NAME=SIZE: size of a dynamic dimension of an ONNX file; repeatable")
      ->allow_extra_args(false);
}

void add_host_option(CLI::App& command, ModelOptions& options) {
  command
      .add_option("--host", options.host,
                  "OPERATOR=TIME: nodes of an ONNX file that the host computes, and how long a call takes (250us); the "
                  "array waits; repeatable")
      ->allow_extra_args(false);
}

// An alias: the formatter takes a line that begins with `import` for a module.
using Sizes = import::DimensionSizes;

Sizes read_sizes(const ModelOptions& options, std::vector<Problem>& problems) {
  constexpr std::int64_t largest = 1 << 20;
  Sizes sizes;
  for (const std::string& given : options.sizes) {
    const std::size_t equals = given.rfind('=');
    std::int64_t size = 0;
    const char* end = given.data() + given.size();
    const bool number = equals != std::string::npos && equals > 0 &&
                        std::from_chars(given.data() + equals + 1, end, size).ptr == end && size >= 1 &&
                        size <= largest;
    if (!number)
      problems.push_back(
          {"", "--dim", fmt::format("is '{}'", given), fmt::format("legal: NAME=SIZE, a size of 1 to {}", largest)});
    else if (!sizes.emplace(given.substr(0, equals), size).second)
      problems.push_back({"", "--dim", fmt::format("gives '{}' twice", given.substr(0, equals)), "legal: once"});
  }
  return sizes;
}

Expected<ModelRun> open_model(const std::string& path, const ModelOptions& options,
                              const std::vector<std::string>& sets) {
  Failure wrong{ExitCode::bad_input, {}};
  const import::DimensionSizes sizes = read_sizes(options, wrong.problems);
  Expected<import::Imported> imported = import::import_onnx(path, sizes);
  if (imported) {
    Expected<ModelRun> run = model_run(std::move(*imported), options, sets);
    if (run && wrong.problems.empty()) return run;
    if (!run) take(wrong.problems, run.failure());
    return wrong;
  }
  const Expected<std::string> hardware = hardware_of(options);
  if (!hardware) take(wrong.problems, at_option("--hardware", hardware.failure()));
  take(wrong.problems, imported.failure());
  return wrong;
}

Expected<ModelRun> model_run(import::Imported imported, const ModelOptions& options,
                             const std::vector<std::string>& sets) {
  Failure wrong{ExitCode::bad_input, {}};
  const Expected<std::string> hardware = hardware_of(options);
  if (!hardware) take(wrong.problems, at_option("--hardware", hardware.failure()));
  for (const std::string& set : sets)
    if (!options.hardware.empty() && set.rfind("hardware=", 0) == 0)
      wrong.problems.push_back(
          {"", "--hardware", fmt::format("is '{}' beside --set {}", options.hardware, set), "legal: one of the two"});
  const MaskOrigin origin = mask_origin(sets);
  for (Problem& problem : unsuitable_sets(origin, sets)) wrong.problems.push_back(std::move(problem));
  const Expected<std::string> judged = hardware ? hardware : run::hardware_file("aie2");  // other keys are judged too
  if (!judged) return wrong;
  const json document = {{"network", imported.file},
                         {"hardware", fs::absolute(*judged).string()},
                         {"sparsity", default_sparsity(origin, sets)}};
  const sparsity::WeightsByLayer weights = weights_by_layer(imported);
  Expected<run::RunConfig> config = run::make_run_config(document, ".", imported.network.name, sets, &weights);
  if (!config) take(wrong.problems, config.failure());
  if (!wrong.problems.empty()) return wrong;
  ModelRun run{std::move(*config), std::move(imported), ""};
  if (origin == MaskOrigin::file) run.config.masks = zero_block_masks(run.imported, run.config.mask_spec);
  run.masks = masks_text(run.config, origin);
  if (origin != MaskOrigin::config) resolve_as_file(run.config);
  return run;
}

Expected<run::RunConfig> open_config(const std::string& path, const ModelOptions& options,
                                     const std::vector<std::string>& sets, std::optional<ModelRun>& model,
                                     const std::string& data) {
  if (import::is_onnx(path)) {
    Expected<ModelRun> opened = open_model(path, options, sets);
    if (!opened) return opened.failure();
    model = std::move(*opened);
    return model->config;
  }
  // Weights of --data serve importance too; what is wrong with them is said where they are needed.
  const Expected<sparsity::WeightsByLayer> weights =
      data.empty() ? Expected<sparsity::WeightsByLayer>(Failure{}) : sparsity::read_weights(data);
  Expected<run::RunConfig> config = run::load_run_config(path, sets, weights ? &*weights : nullptr);
  if (config && config->mask_spec.importance && config->mask_spec.weights.empty()) resolve_as_file(*config);
  Failure wrong = config ? Failure{ExitCode::bad_input, {}} : config.failure();
  if (!options.hardware.empty())
    wrong.problems.push_back(
        {"", "--hardware", "is for an ONNX file", "legal: --set hardware=FILE, or a path that ends in .onnx"});
  for (const auto& [option, given] : {std::pair{"--dim", !options.sizes.empty()}, {"--host", !options.host.empty()}})
    if (given) wrong.problems.push_back({"", option, "is for an ONNX file", "legal: a path that ends in .onnx"});
  if (!wrong.problems.empty()) return wrong;
  return config;
}

std::optional<Failure> write_weights(const std::string& path, const import::Imported& imported,
                                     const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  std::map<std::string, sparsity::NumpyArray> arrays;
  const auto floats = [&](const std::string& name, std::vector<std::int64_t> shape, const std::vector<double>& values) {
    std::vector<std::uint8_t> bytes;
    for (const double v : values) {
      const auto single = static_cast<float>(v);
      const auto* at = reinterpret_cast<const std::uint8_t*>(&single);
      bytes.insert(bytes.end(), at, at + sizeof single);
    }
    arrays[name] = {"<f4", std::move(shape), std::move(bytes)};
  };
  for (const network::Layer& layer : imported.network.layers) {
    const import::LayerScale& scale = imported.scales[static_cast<std::size_t>(layer.id)];
    floats(layer.name + ".scale", {}, {scale.step});
    if (!scale.weights.empty()) floats(layer.name + ".weight_scale", {layer.out.c}, scale.weights);
    if (const auto it = imported.constants.find(layer.name); it != imported.constants.end()) {
      const std::vector<std::int8_t> values = import::quantized_constant(it->second, scale.step);
      const auto* at = reinterpret_cast<const std::uint8_t*>(values.data());
      arrays[layer.name + ".value"] = {"|i1", {layer.out.h, layer.out.w, layer.out.c}, {at, at + values.size()}};
    }
    const auto& weights = imported.weights[static_cast<std::size_t>(layer.id)];
    if (!weights) continue;
    sparsity::WeightTensor w = import::quantized(imported, layer);
    if (const auto id = static_cast<std::size_t>(layer.id); id < masks.size() && masks[id])
      clear_zero_blocks(w, *masks[id]);
    const auto* values = reinterpret_cast<const std::uint8_t*>(w.values.data());
    const auto* bias = reinterpret_cast<const std::uint8_t*>(w.bias.data());
    arrays[layer.name + ".weight"] = {"|i1", weights->shape, {values, values + w.values.size()}};
    arrays[layer.name + ".bias"] = {"<i4", {w.cout}, {bias, bias + w.bias.size() * sizeof(std::int32_t)}};
    const auto* multiplier = reinterpret_cast<const std::uint8_t*>(w.multiplier.data());
    if (!w.multiplier.empty())
      arrays[layer.name + ".multiplier"] = {
          "<i4", {w.cout}, {multiplier, multiplier + w.multiplier.size() * sizeof(std::int32_t)}};
  }
  return write_npz(path, arrays);
}

result::FileMacs file_macs(const import::Imported& imported) {
  const import::MacCount& m = imported.macs;
  return {m.conv, m.gemm, m.matmul_weights, m.matmul_activations, m.transposed};
}

std::string import_summary(const import::Imported& imported) {
  const import::MacCount& m = imported.macs;
  std::string text = fmt::format("{}: {} layers, {} multiply-accumulates", imported.network.name,
                                 imported.network.layers.size() - 1, with_commas(m.total()));
  std::vector<std::string> kinds;
  for (const auto& [kind, macs] : {std::pair{"convolutions", m.conv},
                                   {"Gemm", m.gemm},
                                   {"MatMul with weights", m.matmul_weights},
                                   {"MatMul of activations", m.matmul_activations}})
    if (macs > 0) kinds.push_back(fmt::format("{} {}", kind, with_commas(macs)));
  if (m.transposed > 0) kinds[0] += fmt::format(", of them transposed {}", with_commas(m.transposed));
  text += kinds.empty() ? "\n" : fmt::format(" ({})\n", fmt::join(kinds, ", "));
  if (imported.dead.macs > 0)
    text +=
        fmt::format("left out: {} multiply-accumulates that no output depends on\n", with_commas(imported.dead.macs));
  if (imported.dead.constant_macs > 0)
    text += fmt::format("left out: {} multiply-accumulates of constants alone, computed beforehand\n",
                        with_commas(imported.dead.constant_macs));
  for (const std::string& node : imported.left_out)
    text += fmt::format("left out: {}, which picks among results; the network ends before it\n", node);
  for (const std::string& input : imported.unread_inputs)
    text += fmt::format("left out: input '{}', which no output depends on\n", input);
  if (imported.images > 1)
    text += fmt::format("one image of the file's batch of {}; --set batch={} computes as many together\n",
                        imported.images, imported.images);
  if (imported.widened > 0)
    text += fmt::format(
        "asymmetric: {} tensors have a zero point; kernels have none, so that their steps are larger than the file's\n",
        imported.widened);
  if (imported.other_steps > 0)
    text += fmt::format(
        "asymmetric: weights of {} layers lie beyond int8 without a zero point, and have other steps than the file's\n",
        imported.other_steps);
  return text;
}

}  // namespace tessera::cli

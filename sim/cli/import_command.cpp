#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "sim/base/phase.h"
#include "sim/cli/commands.h"
#include "sim/cli/image_options.h"
#include "sim/cli/onnx_model.h"
#include "sim/cli/output.h"
#include "sim/cli/progress.h"
#include "sim/cli/target_file.h"
#include "sim/cli/weight_masks.h"
#include "sim/sparsity/generators.h"

namespace tessera::cli {
namespace {

struct ImportArguments {
  std::string model, out, masks, weights;
  std::vector<int> block{8, 8};
  ModelOptions options;
  ImageOptions images;
};

// Of a dense file, the masks have all blocks, and layers that stay dense by themselves have none if others do.
std::optional<Failure> write_zero_blocks(const ImportArguments& arguments, const import::Imported& imported) {
  sparsity::MaskSpec spec;
  spec.bc = arguments.block[0];
  spec.bi = arguments.block[1];
  auto masks = zero_block_masks(imported, spec);
  const bool dense = std::none_of(masks.begin(), masks.end(), [](const auto& mask) { return mask.has_value(); });
  if (dense) masks = block_masks(imported, spec);
  const auto count = std::count_if(masks.begin(), masks.end(), [](const auto& mask) { return mask.has_value(); });
  for (const network::Layer& layer : imported.network.layers)
    if (dense && count > 1 && mask_source(imported.network, spec, layer) == sparsity::MaskSource::first_dense)
      masks[static_cast<std::size_t>(layer.id)].reset();
  auto failure = replace_file(arguments.masks,
                              [&](const std::string& path) { return write_masks(path, imported.network, masks); });
  if (failure) return failure;
  fmt::print("{}, {}x{}, in {}\n", dense ? "no block is zero: masks with all blocks" : "zero blocks", spec.bc, spec.bi,
             arguments.masks);
  return std::nullopt;
}

int import_model(const ImportArguments& arguments) {
  Failure wrong{ExitCode::bad_input, {}};
  const import::DimensionSizes sizes = read_sizes(arguments.options, wrong.problems);
  const auto read = [&] {
    const ProgressLine line(arguments.model);
    enter_phase("reading");
    return import::import_onnx(arguments.model, sizes);
  };
  Expected<import::Imported> imported = read();
  for (Problem& problem : unwritable_files({arguments.out, arguments.masks, arguments.weights},
                                           {arguments.model, arguments.images.calibration}))
    wrong.problems.push_back(std::move(problem));
  if (!imported)
    wrong.problems.insert(wrong.problems.end(), imported.failure().problems.begin(), imported.failure().problems.end());
  if (!wrong.problems.empty()) return report_failure(wrong);
  fmt::print("{}", import_summary(*imported));
  if (!arguments.images.calibration.empty()) {
    const Expected<std::string> steps = calibrate(*imported, arguments.images, arguments.model);
    if (!steps) return report_failure(steps.failure());
    fmt::print("{}\n", *steps);
  }
  if (auto failure = write_json(arguments.out, imported->file)) return report_failure(*failure);
  fmt::print("network in {}\n", arguments.out);
  if (!arguments.masks.empty())
    if (const auto failure = write_zero_blocks(arguments, *imported)) return report_failure(*failure);
  if (!arguments.weights.empty()) {
    const auto failure =
        replace_file(arguments.weights, [&](const std::string& path) { return write_weights(path, *imported); });
    if (failure) return report_failure(*failure);
    fmt::print("int8 weights in {}\n", arguments.weights);
  }
  return 0;
}
}  // namespace

void add_import_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command = app.add_subcommand("import", "Make a network file, masks and int8 weights of an ONNX file");
  command->add_option("model", arguments->model, ".onnx or .onnx.gz")->required();
  command->add_option("--out", arguments->out, "network file to write")->required();
  command->add_option("--masks", arguments->masks, "also write the zero blocks of the weights, .npz");
  command->add_option("--block", arguments->block, "ROWS,COLUMNS: output by input channels of a block of --masks")
      ->delimiter(',')
      ->expected(2)
      ->check(CLI::IsMember(sparsity::legal_block_sides()));
  add_image_options(*command, arguments->images);
  command->add_option("--weights", arguments->weights,
                      "also write int8 weights and biases, .npz for run --functional --data");
  command->add_option("--dim", arguments->options.sizes, "NAME=SIZE: size of a dynamic dimension; repeatable")
      ->allow_extra_args(false);
  command->callback([arguments, &exit_code] { exit_code = import_model(*arguments); });
}

}  // namespace tessera::cli

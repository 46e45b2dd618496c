// How often a classifier is right on labelled images, or how near the images of a network come to given ones: in int8
// exactly as the array computes it, and in float.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>

#include "sim/base/message.h"
#include "sim/cli/commands.h"
#include "sim/cli/finite_number.h"
#include "sim/cli/image_options.h"
#include "sim/cli/model_output.h"
#include "sim/cli/onnx_model.h"
#include "sim/cli/output.h"
#include "sim/cli/target_file.h"
#include "sim/evaluation/accuracy.h"
#include "sim/evaluation/float_network.h"
#include "sim/evaluation/integer_network.h"
#include "sim/result/accuracy_result.h"
#include "sim/sparsity/mask_file.h"
#include "sim/sparsity/numpy_file.h"

namespace tessera::cli {
namespace {
using evaluation::Dataset;
using evaluation::Outputs;
using result::JudgedOutputs;

struct AccuracyArguments {
  std::string model, dense, masks, json_file, outputs;
  std::string targets;         // of a network whose output is an image
  std::optional<double> peak;  // largest value of such an output; default 255 / scale
  evaluation::DatasetFiles files;
  ImageOptions images;
  ModelOptions options;
  bool in_float = false;
};

// On a terminal, after two seconds.
std::function<void(std::int64_t)> progress_of(const std::string& what, std::int64_t count) {
  if (isatty(STDERR_FILENO) == 0) return {};
  const auto start = std::chrono::steady_clock::now();
  return [=](std::int64_t done) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (seconds > 2 && done % 32 == 0) message(stderr, "\r{}: {} of {} images, {:.0f} s ", what, done, count, seconds);
    if (seconds > 2 && done + 1 == count) message(stderr, "\r\033[K");
  };
}

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

Outputs in_int8(const import::Imported& imported, const Masks& masks, const Dataset& images) {
  const evaluation::IntegerNetwork network(imported.network, evaluation::integer_weights(imported, masks));
  const ModelOutput output = first_output(imported);
  const double in = imported.scales.front().step;
  const double step = imported.scales[static_cast<std::size_t>(output.layer)].step;
  return evaluate(
      [&](const float* image) {
        return output_values(output, network.run(evaluation::quantize(image, images.stride(), in), output.layer), step);
      },
      images, output.size(), progress_of(imported.network.name + ", int8", images.count));
}

Outputs in_float(const import::Imported& imported, const Dataset& images) {
  const evaluation::FloatNetwork network(imported);
  const ModelOutput output = first_output(imported);
  return evaluate(
      [&](const float* image) {
        return output_values(output, network.run(image)[static_cast<std::size_t>(output.layer)].values, 1);
      },
      images, output.size(), progress_of(imported.network.name + ", float", images.count));
}

// A model with what its int8 form goes by.
struct Model {
  import::Imported imported;
  std::string steps;
};
Expected<Model> open(const std::string& path, const AccuracyArguments& arguments) {
  Failure wrong{ExitCode::bad_input, {}};
  import::DimensionSizes sizes = read_sizes(arguments.options, wrong.problems);
  sizes.emplace("[0]", 1);  // an image at a time
  Expected<import::Imported> imported = import::import_onnx(path, sizes);
  if (!imported)
    wrong.problems.insert(wrong.problems.end(), imported.failure().problems.begin(), imported.failure().problems.end());
  if (!wrong.problems.empty()) return wrong;
  Model model{std::move(*imported), ""};
  const auto given = std::count_if(model.imported.scales.begin(), model.imported.scales.end(),
                                   [](const import::LayerScale& scale) { return scale.of_file; });
  if (given == static_cast<std::ptrdiff_t>(model.imported.scales.size())) {
    model.steps = "steps of the file";
    return model;
  }
  ImageOptions images = arguments.images;
  if (images.calibration.empty()) images.calibration = arguments.files.images;
  const Expected<std::string> steps = calibrate(model.imported, images, path);
  if (!steps) return steps.failure();
  model.steps = *steps;
  if (given > 0) model.steps += fmt::format(", of {} tensors those of the file", given);
  return model;
}

double percent(std::int64_t part, std::int64_t all) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

// What outputs are held against: labels of a classifier, or images.
struct Truth {
  const Dataset* images = nullptr;
  std::vector<float> targets;  // [image][h][w][c]; empty: none given
  bool image_output = false, rows_output = false;
  double peak = 1;
};

// Infinite: no difference.
double psnr(const std::vector<float>& values, const std::vector<float>& wanted, double peak) {
  return evaluation::psnr_db(evaluation::mean_squared_error(values, wanted), peak)
      .value_or(std::numeric_limits<double>::infinity());
}

JudgedOutputs judged(const Outputs& outputs, const Truth& truth) {
  JudgedOutputs result;
  if (!truth.targets.empty()) result.psnr_db = psnr(outputs.values, truth.targets, truth.peak);
  const Dataset& images = *truth.images;
  if (truth.image_output || truth.rows_output || images.labels.empty()) return result;
  result.top1 = percent(hits(outputs, images.labels, 1), images.count);
  result.top5 = percent(hits(outputs, images.labels, 5), images.count);
  return result;
}

void print(std::FILE* screen, const char* what, const JudgedOutputs& result) {
  const auto db = [](double value) { return std::isinf(value) ? "no difference" : fmt::format("{:.2f} dB", value); };
  fmt::print(screen, "{:6}", what);
  if (result.top1 && result.top5) fmt::print(screen, "  top-1 {:6.2f} %  top-5 {:6.2f} %", *result.top1, *result.top5);
  if (result.agreement) fmt::print(screen, "  the same class as int8 {:6.2f} %", *result.agreement);
  if (result.psnr_db) fmt::print(screen, "  PSNR {}", db(*result.psnr_db));
  if (result.difference)
    fmt::print(screen, "  int8 differs by {:.2f} % (root mean square, of these)", *result.difference);
  if (result.psnr_to_int8_db) fmt::print(screen, "  PSNR between it and int8 {}", db(*result.psnr_to_int8_db));
  fmt::print(screen, "\n");
}

std::optional<Failure> write_outputs(const std::string& path, const sparsity::NumpyArray& array) {
  return replace_file(path, [&](const std::string& to) { return sparsity::write_npy(to, array); });
}

Expected<Masks> read_given_masks(const std::string& path, const network::Network& network) {
  if (path.empty()) return Masks(network.layers.size());
  return read_masks(path, network, std::vector<sparsity::BlockSides>(network.layers.size()));
}

// What is compared with the int8 network: itself in float and without masks, another model.
std::optional<Failure> compare(const AccuracyArguments& arguments, const Model& model, const Truth& truth,
                               const Outputs& outputs, result::AccuracyResult& result) {
  const Dataset& images = *truth.images;
  const auto compared = [&](const Outputs& other) {
    JudgedOutputs figures = judged(other, truth);
    if (truth.image_output)
      figures.psnr_to_int8_db = psnr(other.values, outputs.values, truth.peak);
    else if (truth.rows_output)
      figures.difference = 100 * evaluation::relative_error(outputs.values, other.values);
    else
      figures.agreement = percent(agreements(outputs, other), images.count);
    return figures;
  };
  if (arguments.in_float) result.in_float = compared(in_float(model.imported, images));
  if (!arguments.masks.empty() && arguments.dense.empty()) result.dense = compared(in_int8(model.imported, {}, images));
  if (arguments.dense.empty()) return std::nullopt;
  const Expected<Model> dense = open(arguments.dense, arguments);
  if (!dense) return dense.failure();
  if (!(dense->imported.network.layers[0].out == model.imported.network.layers[0].out) ||
      first_output(dense->imported).size() != first_output(model.imported).size())
    return fail(ExitCode::bad_input, {arguments.dense, "", "has another input or output than " + arguments.model,
                                      "the same network before its blocks were removed"});
  result.dense = compared(in_int8(dense->imported, {}, images));
  return std::nullopt;
}

// Images of the shape of the output, the same ones as of the input; problems where labels or targets do not suit the
// output.
Truth read_truth(const AccuracyArguments& arguments, const ModelOutput& out, Failure& wrong) {
  Truth truth;
  truth.image_output = out.image;
  truth.rows_output = out.rows;
  truth.peak = arguments.peak.value_or(255 / arguments.images.scale);
  const auto refuse = [&](const char* option, const char* what, const char* legal) {
    wrong.problems.push_back({"", option, what, legal});
  };
  if (truth.image_output && !arguments.files.labels.empty())
    refuse("--labels", "stands beside a network whose output is an image", "legal: --targets");
  if (truth.rows_output && !arguments.files.labels.empty())
    refuse("--labels", "stands beside a network whose output is several rows", "legal: without it");
  if (!truth.image_output && !arguments.targets.empty())
    refuse("--targets", "stands beside a network whose output is no image", "legal: --labels");
  if (!truth.image_output && arguments.peak)
    refuse("--peak", "stands beside a network whose output is no image", "legal: without it");
  if (!truth.image_output || arguments.targets.empty()) return truth;
  evaluation::DatasetFiles files = arguments.files;
  files.images = arguments.targets;
  files.labels.clear();
  Expected<Dataset> targets = read_dataset(files, {arguments.images.scale, {}, {}}, out.shape);
  if (targets)
    truth.targets = std::move(targets->images);
  else
    wrong.problems.insert(wrong.problems.end(), targets.failure().problems.begin(), targets.failure().problems.end());
  return truth;
}

int accuracy(AccuracyArguments arguments) {
  Failure wrong{ExitCode::bad_input,
                unwritable_files({arguments.outputs},
                                 {arguments.model, arguments.dense, arguments.masks, arguments.targets,
                                  arguments.files.images, arguments.files.labels, arguments.images.calibration},
                                 arguments.json_file)};
  const auto take = [&](const Failure& failure) {
    wrong.problems.insert(wrong.problems.end(), failure.problems.begin(), failure.problems.end());
  };
  const Expected<Model> model = open(arguments.model, arguments);
  if (!model) {
    take(model.failure());
    return report_failure(wrong);
  }
  const network::Network& network = model->imported.network;
  if (arguments.in_float)
    for (Problem& problem : evaluation::further_inputs(model->imported, arguments.model))
      wrong.problems.push_back(std::move(problem));
  const ModelOutput output = first_output(model->imported);
  Truth truth = read_truth(arguments, output, wrong);
  if (!truth.image_output) arguments.files.classes = static_cast<int>(output.size());
  const Expected<Dataset> images = read_dataset(arguments.files, arguments.images.normalization(),
                                                network.layers[0].out, &model->imported.inputs[0]);
  if (!images) take(images.failure());
  if (images && arguments.files.subset > images->count)
    wrong.problems.push_back({arguments.files.images, "--subset",
                              fmt::format("is {} of {} images", arguments.files.subset, images->count),
                              fmt::format("1 to {}", images->count)});
  const Expected<Masks> masks = read_given_masks(arguments.masks, network);
  if (!masks) take(masks.failure());
  if (images && !truth.targets.empty() &&
      static_cast<std::int64_t>(truth.targets.size()) != images->count * output.size())
    wrong.problems.push_back(
        {arguments.targets, "", "holds another number of images than " + arguments.files.images, "one for each image"});
  if (!wrong.problems.empty()) return report_failure(wrong);

  truth.images = &*images;
  std::FILE* const screen = arguments.json_file == standard_output ? stderr : stdout;
  const Outputs outputs = in_int8(model->imported, *masks, *images);
  result::AccuracyResult result;
  result.model = network.name;
  result.images = images->count;
  result.steps = model->steps;
  result.int8 = judged(outputs, truth);
  if (const auto failure = compare(arguments, *model, truth, outputs, result)) return report_failure(*failure);
  if (model->imported.outputs.size() > 1)
    message(screen, "of {} outputs of {}, the first is judged\n", model->imported.outputs.size(), network.name);
  fmt::print(screen, "{}: {} images, {}\n", network.name, with_commas(images->count), model->steps);
  print(screen, "int8", result.int8);
  if (result.dense) print(screen, "dense", *result.dense);
  if (result.in_float) print(screen, "float", *result.in_float);
  if (!arguments.outputs.empty())
    if (auto failure = write_outputs(arguments.outputs, file_outputs(output, outputs))) return report_failure(*failure);
  if (!arguments.json_file.empty())
    if (auto failure = write_text(arguments.json_file, result::json_text(result))) return report_failure(*failure);
  return 0;
}
}  // namespace

void add_accuracy_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<AccuracyArguments>();
  CLI::App* command = app.add_subcommand(
      "accuracy", "How often a classifier is right, or how near images come, in int8 exactly as the array computes it");
  command->add_option("model", arguments->model, ".onnx or .onnx.gz")->required();
  command->add_option("--images", arguments->files.images, "idx, .npy or .npz with `images`, also gzip")->required();
  command->add_option("--labels", arguments->files.labels,
                      "idx, .npy or .npz with `labels`, also gzip; the default is `labels` of the images' file");
  command->add_option("--targets", arguments->targets,
                      "images that the network should make, where its output is one; stored / scale");
  command
      ->add_option("--peak", arguments->peak, "largest value of an image that is made, for PSNR; default 255 / scale")
      ->check(positive_number());
  add_image_options(*command, arguments->images);
  command->add_option("--subset", arguments->files.subset, "this many of the images, drawn by --seed")
      ->check(positive_number());
  command->add_option("--seed", arguments->files.seed, "of the subset; 0: the first images; default 1")
      ->check(natural_number());
  command->add_flag("--float", arguments->in_float, "also in float");
  command->add_option("--masks", arguments->masks, ".npz: zero blocks that the weights are given, against them dense");
  command->add_option("--dense", arguments->dense, "another ONNX file: how often both say the same class");
  command->add_option(
      "--outputs", arguments->outputs,
      "also write the outputs of the int8 network, .npy of float32: images first, then the dimensions of the file");
  command->add_option("--dim", arguments->options.sizes, "NAME=SIZE: size of a dynamic dimension; the batch is 1")
      ->allow_extra_args(false);
  command->add_option("--json", arguments->json_file, "also write the result to this file; - for standard output");
  command->callback([arguments, &exit_code] { exit_code = accuracy(*arguments); });
}

}  // namespace tessera::cli

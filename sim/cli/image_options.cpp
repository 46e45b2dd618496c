#include "sim/cli/image_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/cli/finite_number.h"
#include "sim/evaluation/calibration.h"
#include "sim/evaluation/float_network.h"
#include "sim/import/scales.h"

namespace tessera::cli {

void add_image_options(CLI::App& command, ImageOptions& options) {
  command.add_option("--scale", options.scale, "input = (stored / scale - mean) / std; default 1")
      ->check(finite_number());
  command.add_option("--mean", options.mean, "one number, or one per channel with commas; default 0")
      ->delimiter(',')
      ->check(finite_number());
  command.add_option("--std", options.std, "one number, or one per channel with commas; default 1")
      ->delimiter(',')
      ->check(finite_number());
  command.add_option("--calibrate", options.calibration,
                     "images (idx, .npy, .npz, also gzip) by which the int8 steps of a float network are chosen");
}

Expected<std::string> calibrate(import::Imported& imported, const ImageOptions& options, const std::string& model) {
  std::vector<Problem> problems = evaluation::further_inputs(imported, model);
  if (!problems.empty()) return Failure{ExitCode::bad_input, std::move(problems)};
  evaluation::DatasetFiles files;
  files.images = options.calibration;
  files.subset = evaluation::calibration_images;
  const Expected<evaluation::Dataset> images =
      read_dataset(files, options.normalization(), imported.network.layers[0].out, &imported.inputs[0]);
  if (!images) return images.failure();
  problems = choose_scales(imported, observed_steps(imported, *images));
  if (!problems.empty()) return Failure{ExitCode::internal, std::move(problems)};
  return fmt::format("steps by {} images of {}", images->count, options.calibration);
}

}  // namespace tessera::cli

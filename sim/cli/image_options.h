// Options of commands that read images: what stands in their files, and what the network wants.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "sim/evaluation/dataset.h"
#include "sim/import/import.h"

namespace tessera::cli {

struct ImageOptions {
  double scale = 1;
  std::vector<double> mean, std;
  std::string calibration;
  evaluation::Normalization normalization() const { return {scale, mean, std}; }
};
void add_image_options(CLI::App& command, ImageOptions& options);

// Chooses the steps of a float network again, by images; says how in one line.
Expected<std::string> calibrate(import::Imported& imported, const ImageOptions& options, const std::string& model);

}  // namespace tessera::cli

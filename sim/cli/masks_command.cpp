// What the masks of a file look like, layer by layer: as a table, and as pictures.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "sim/base/installation.h"
#include "sim/cli/commands.h"
#include "sim/cli/onnx_model.h"
#include "sim/cli/output.h"
#include "sim/cli/weight_masks.h"
#include "sim/sparsity/generators.h"
#include "sim/sparsity/mask_file.h"
#include "sim/sparsity/mask_statistics.h"

namespace tessera::cli {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

struct MasksArguments {
  std::string file, weights, out;
  std::vector<int> block{8, 8};
  int core_rows = 4;
  bool plot = false;
  ModelOptions options;
};

struct NamedMask {
  std::string layer;
  sparsity::BlockMask mask;
};
struct Shown {
  std::vector<NamedMask> masks;
  sparsity::WeightsByLayer weights;
};

// Blocks that are zero in the weights of an ONNX file; a layer without one shows all of them.
Expected<Shown> open_onnx(const MasksArguments& arguments) {
  Failure wrong{ExitCode::bad_input, {}};
  import::DimensionSizes sizes = read_sizes(arguments.options, wrong.problems);
  sizes.emplace("[0]", 1);
  const Expected<import::Imported> imported = import::import_onnx(arguments.file, sizes);
  if (!imported)
    wrong.problems.insert(wrong.problems.end(), imported.failure().problems.begin(), imported.failure().problems.end());
  if (!arguments.weights.empty())
    wrong.problems.push_back({"", "--weights", "stands beside an ONNX file, which has weights", "legal: for an .npz"});
  if (!wrong.problems.empty()) return wrong;
  Shown shown{{}, weights_by_layer(*imported)};
  for (const network::Layer& layer : imported->network.layers) {
    const auto it = shown.weights.find(layer.name);
    if (it != shown.weights.end())
      shown.masks.push_back({layer.name, nonzero_blocks(it->second, arguments.block[0], arguments.block[1])});
  }
  return shown;
}

Expected<Shown> open_npz(const MasksArguments& arguments) {
  Shown shown;
  Expected<std::map<std::string, sparsity::BlockMask>> masks =
      sparsity::read_bare_masks(arguments.file, {arguments.block[0], arguments.block[1]});
  if (!masks) return masks.failure();
  if (!arguments.weights.empty()) {
    Expected<sparsity::WeightsByLayer> weights = sparsity::read_weights(arguments.weights);
    if (!weights) return weights.failure();
    shown.weights = std::move(*weights);
  }
  Failure wrong{ExitCode::bad_input, {}};
  for (auto& [name, mask] : *masks) {
    const auto own = shown.weights.find(name);
    if (own != shown.weights.end()) {
      const sparsity::BlockMask grid =
          sparsity::BlockMask::all_ones(own->second.cout, own->second.cin, mask.bc, mask.bi);
      if (grid.bits.size() != mask.bits.size() || grid.rows() != mask.rows())
        wrong.problems.push_back({arguments.weights, name + ".weight",
                                  fmt::format("has {} x {} blocks of {}x{}, the mask {} x {}", grid.rows(), grid.cols(),
                                              mask.bc, mask.bi, mask.rows(), mask.cols()),
                                  "the weights that the masks are of"});
    }
    shown.masks.push_back({name, std::move(mask)});
  }
  if (!wrong.problems.empty()) return wrong;
  return shown;
}

json histogram_of(const sparsity::BlockMask& mask, const sparsity::FloatWeights& weights) {
  constexpr int bins = 24;
  const std::vector<double> importance = block_importance(weights, mask.bc, mask.bi, sparsity::Importance::l2, 0);
  std::vector<double> present;
  for (std::size_t b = 0; b < importance.size(); ++b)
    if (mask.bits[b] != 0) present.push_back(importance[b]);
  const sparsity::LogHistogram all = sparsity::log_histogram(importance, bins);
  std::vector<std::int64_t> kept(all.counts.size(), 0);
  for (const double v : present)
    for (std::size_t b = 0; b < kept.size(); ++b)
      if (v > 0 && (v < all.edges[b + 1] || b + 1 == kept.size())) {
        ++kept[b];
        break;
      }
  return {{"edges", all.edges}, {"all", all.counts}, {"present", kept}, {"zeros", all.zeros}};
}

json picture_of(const NamedMask& named, const MasksArguments& arguments, const sparsity::WeightsByLayer& weights) {
  const sparsity::BlockMask& mask = named.mask;
  const sparsity::MaskStatistics s = sparsity::mask_statistics(mask, arguments.core_rows);
  std::vector<std::string> bits;
  for (int r = 0; r < mask.rows(); ++r) {
    std::string& line = bits.emplace_back();
    for (int c = 0; c < mask.cols(); ++c) line += mask.present(r, c) ? '1' : '0';
  }
  json picture = {
      {"name", named.layer},  {"block", {mask.bc, mask.bi}}, {"bits", bits}, {"density", s.density}, {"rows", s.rows},
      {"columns", s.columns}, {"imbalance", s.imbalance}};
  if (const auto own = weights.find(named.layer); own != weights.end())
    picture["importance"] = histogram_of(mask, own->second);
  return picture;
}

void print(const json& pictures, int core_rows) {
  fmt::print("{:32} {:>7} {:>11} {:>8} {:>15} {:>15}  imbalance over {} rows of cores\n", "layer", "block", "blocks",
             "density", "rows", "columns", core_rows);
  const auto range = [](const json& list) {
    const auto [low, high] = std::minmax_element(list.begin(), list.end());
    return fmt::format("{:.2f} to {:.2f}", low->get<double>(), high->get<double>());
  };
  for (const json& p : pictures)
    fmt::print("{:32} {:>7} {:>11} {:8.3f} {:>15} {:>15}  {:.2f}\n", p["name"].get<std::string>(),
               fmt::format("{}x{}", p["block"][0].get<int>(), p["block"][1].get<int>()),
               fmt::format("{} x {}", p["rows"].size(), p["columns"].size()), p["density"].get<double>(),
               range(p["rows"]), range(p["columns"]), p["imbalance"].get<double>());
}

// plot/ where it is installed, explore/plot/ in the source tree.
std::string script_path() {
  const fs::path installed = fs::path(data_folder()) / "plot/plot_masks.py";
  return fs::exists(installed) ? installed.string() : data_folder() + "/explore/plot/plot_masks.py";
}

int plot(const json& data, const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return report_failure(
        fail(ExitCode::bad_input, {folder, "--out", "cannot be made: " + error.message(), "another folder"}));
  if (auto failure = write_json(folder + "/masks.json", data)) return report_failure(*failure);
  const std::string script = script_path();
  std::fflush(nullptr);
  // Debian's matplotlib belongs to Debian's Python, whatever else PATH offers.
  const char* python = fs::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
  ::execlp(python, python, script.c_str(), folder.c_str(), static_cast<char*>(nullptr));
  return report_failure(
      fail(ExitCode::bad_input, {"", "--plot", "python3 cannot be started", "apt-get install python3-matplotlib"}));
}

int masks(const MasksArguments& arguments) {
  Expected<Shown> shown = import::is_onnx(arguments.file) ? open_onnx(arguments) : open_npz(arguments);
  if (!shown) return report_failure(shown.failure());
  json pictures = json::array();
  for (const NamedMask& mask : shown->masks) pictures.push_back(picture_of(mask, arguments, shown->weights));
  print(pictures, arguments.core_rows);
  if (!arguments.plot) return 0;
  const std::string folder =
      arguments.out.empty() ? fs::path(arguments.file).stem().string() + "_plots" : arguments.out;
  return plot({{"core_rows", arguments.core_rows}, {"layers", std::move(pictures)}}, folder);
}
}  // namespace

void add_masks_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<MasksArguments>();
  CLI::App* command = app.add_subcommand("masks", "Show which blocks of a mask file, or of an ONNX file, are zero");
  command->add_option("file", arguments->file, "masks (.npz, .npy), or an ONNX file with its zero blocks")->required();
  command->add_option("--weights", arguments->weights, ".npz with `<layer>.weight`, for the histogram of importance");
  command->add_option("--block", arguments->block, "ROWS,COLUMNS where the file does not say; default 8,8")
      ->delimiter(',')
      ->expected(2)
      ->check(CLI::IsMember(sparsity::legal_block_sides()));
  command->add_option("--core-rows", arguments->core_rows, "rows of cores that share the output channels; default 4")
      ->check(CLI::Range(1, 64));
  command->add_flag("--plot", arguments->plot, "a page per layer and an overview, as PDF, PNG and CSV");
  command->add_option("--out", arguments->out, "folder of the figures; the default is named after the file");
  command->add_option("--dim", arguments->options.sizes, "NAME=SIZE: size of a dynamic dimension of an ONNX file")
      ->allow_extra_args(false);
  command->callback([arguments, &exit_code] { exit_code = masks(*arguments); });
}

}  // namespace tessera::cli

// Whole networks on the open engine (sim/designs/open_engine): core tile "graph engine (open)", with the variant behind
// a colon; the network by name and width, or the file of it, at the head of the shape.
#include <fmt/format.h>

#include <cctype>
#include <filesystem>

#include "sim/designs/open_engine/emitter.h"
#include "sim/designs/open_engine/network_reader.h"
#include "sim/designs/open_engine/variant_file.h"
#include "sim/validation/predict.h"
#include "sim/validation/run_program.h"
#include "sim/validation/units.h"
#include "sim/verify/verify.h"

namespace tessera::validation {
namespace {

namespace engine = designs::open_engine;

// "YOLOv8n (cut) 640x640, ..." is yolov8n_640.json of `folder`; empty: the shape names no network.
std::string engine_network_file(const std::string& shape, const std::string& folder) {
  const std::string first = shape.substr(0, shape.find_first_of(" ,"));
  const std::string ending = ".json";
  if (first.size() > ending.size() && first.compare(first.size() - ending.size(), ending.size(), ending) == 0)
    return first;
  std::string name, width;
  for (const char c : first) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (std::size_t x = shape.find('x', first.size()); x != std::string::npos && width.empty();
       x = shape.find('x', x + 1)) {
    std::size_t begin = x;
    while (begin > 0 && std::isdigit(static_cast<unsigned char>(shape[begin - 1])) != 0) --begin;
    width = shape.substr(begin, x - begin);
  }
  return name.empty() || width.empty() ? "" : folder + "/" + name + "_" + width + ".json";
}

}  // namespace

Expected<Prediction> predict_open_engine(const Subject& subject) {
  const MeasuredRow& row = subject.row;
  const std::string folder = subject.config_folder + "/designs/open_engine";
  const std::string file = engine_network_file(row.shape, folder);
  if (file.empty() || !std::filesystem::exists(file)) return skip("configs/designs/open_engine has no such network");
  const std::size_t colon = row.core_tile.find(": ");
  const auto variant = engine::load_variant(folder + "/variants.json",
                                            colon == std::string::npos ? "final" : row.core_tile.substr(colon + 2));
  if (!variant) return skip("configs/designs/open_engine/variants.json has no such variant");
  const auto times = engine::load_kernel_times(folder + "/times.json");
  if (!times) return times.failure();
  const auto network = engine::read_engine_network(file);
  if (!network) return network.failure();
  arch::ArraySpec array = engine::with_controller(subject.array, *times);
  array.controller.mechanism = arch::ControlMechanism::serial;
  if (const auto problem = engine::unfit(array)) return fail(ExitCode::does_not_fit, *problem);
  engine::EmitOptions options;
  options.variant = *variant;
  options.computes = row.shape.find("no core compute") == std::string::npos;
  const engine::EngineProgram design = engine::emit(*network, array, *times, options);
  if (auto wrong = verify::verify(design.program, array)) return std::move(*wrong);
  const auto run = run_program(design.program, array, design.durations);
  if (!run) return run.failure();
  Quantities o;
  o.us = to_us(run->total, array.clock_hz) + times->dispatch_us;
  o.images = 1;
  return in_unit(row, o, fmt::format("{} tasks, {} B", design.tasks, design.instruction_bytes));
}

}  // namespace tessera::validation

// A sweep file: which run config to vary, along which axes, and how to run the points.
//
//   {"base": "../runs/resnet50_4x4.json",                       relative to the sweep file
//    "fidelity": "transaction",
//    "axes": {"network": ["../networks/resnet50.json"],          any config path -> list or range (space/axis.h)
//             "sparsity.ratio": {"from": 0, "to": 0.9, "step": 0.1},
//             "hardware.rows": [2, 4], "hardware.cols": [2, 4]},
//    "zip": [["hardware.rows", "hardware.cols"]],                axes that move together
//    "where": "sparsity.ratio > 0 || hardware.rows == 4",
//    "repeat": {"path": "sparsity.seed", "count": 3, "from": 1},
//    "sample": {"method": "lhs", "points": 200, "seed": 1},      grid, random or lhs
//    "accuracy": "accuracy.csv",                                 measured elsewhere (collect/measured_accuracy.h)
//    "limits": {"seconds": 120, "memory_mb": 2000, "retries": 1},
//    "search": {"minimize": ["latency_us"], "maximize": [], "budget": 400, "population": 40, "seed": 1}}
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "explore/space/space.h"

namespace tessera::explore {

struct Limits {
  double seconds = 600;  // wall time of one attempt at one point
  int memory_mb = 4000;  // address space of one point beyond what the explorer itself has
  int retries = 1;       // further attempts after a crash, a timeout or memory exhaustion
};

struct SearchSpec {
  std::vector<std::string> minimize, maximize;  // columns of the table
  int budget = 400;                             // points to evaluate at most
  int population = 40;                          // multiple of 4
  std::uint64_t seed = 1;
};

struct Sweep {
  std::string name;
  std::string file;  // as given, for messages
  std::string base;  // path of the base config
  std::string text;  // the sweep file as read
  Space space;
  Overrides fixed;       // applied to every point (fidelity)
  std::string accuracy;  // path of accuracies measured elsewhere; empty: none
  std::string repeat;    // axis whose points are repetitions; empty: none
  Sample sample;
  Limits limits;
  std::optional<SearchSpec> search;
};

// Reads a sweep file and reports all its problems in one pass.
Expected<Sweep> load_sweep(const std::string& path);

// `file` names the text in problems; relative paths in it start at its folder.
Expected<Sweep> parse_sweep(const std::string& text, const std::string& file);

// The points of the space that are run; problems name the file.
Expected<std::vector<Index>> points_of(const Sweep& sweep);

// The limits of a sweep file that was read before; defaults where it says nothing.
Limits limits_of(const std::string& text);

}  // namespace tessera::explore

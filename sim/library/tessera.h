// Tessera for C++ programs: read a run config, simulate it dense and block-sparse, get typed results. Installed as
// <tessera/tessera.h> with libtessera.a; find_package(tessera) gives the target tessera::tessera.
// Every simulation runs in a forked child of the calling process: call `simulate` before starting threads.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#ifndef TESSERA_CONFIGS_FOLDER  // where names of networks and hardware are looked up; find_package(tessera) defines it
#define TESSERA_CONFIGS_FOLDER ""
#endif

namespace tessera::run {
struct RunConfig;
}

namespace tessera::library {

// What is wrong with an input: file, path of the key in it, what is wrong, what is legal. Any part may be empty.
struct Problem {
  std::string file, path, what, legal;
};

// A value, or every problem found and the exit code of the program: 2 bad input, 3 does not fit, 4 deadlock, 1
// internal.
template <class T>
struct Outcome {
  std::optional<T> value;
  int exit_code = 0;
  std::vector<Problem> problems;

  explicit operator bool() const { return value.has_value(); }
  const T& operator*() const { return *value; }
  const T* operator->() const { return &*value; }
};

// A run config with every path followed and every default applied.
struct Config {
  std::string name, network, hardware;
  std::shared_ptr<const run::RunConfig> resolved;
};

// Numbers by the names of result.json ("time.wait_input"); `tessera explain NAME` says what each means.
using Numbers = std::map<std::string, double>;

struct Layer {
  std::string name, op, mapping;
  double start_us = 0, end_us = 0;
  Numbers numbers;
};

// The network dense, or with its zero blocks left out.
struct Density {
  double latency_us = 0;
  Numbers numbers;
  std::vector<Layer> layers;      // those that run on cores, in the network's order
  std::optional<bool> bit_exact;  // of a functional run: every layer equals the reference
};

struct Run {
  std::optional<Density> dense, sparse;
  Numbers numbers;   // of both: speed-up, zero share
  std::string json;  // result.json
};

enum class Densities { both, dense, sparse };

struct Options {
  Densities densities = Densities::both;
  bool functional = false;  // move real data and compare every layer with plain loops
};

// The config at `path`, or one of the names that `tessera list runs` prints. `sets`: "a.b=c", applied in order.
// `configs`: the folder with networks and hardware; the environment variable TESSERA_CONFIGS goes first.
Outcome<Config> read(const std::string& path, const std::vector<std::string>& sets = {},
                     const std::string& configs = TESSERA_CONFIGS_FOLDER);

Outcome<Run> simulate(const Config& config, const Options& options = {});

}  // namespace tessera::library

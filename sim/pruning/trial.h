// Simulations of a network with some of the candidates taken.
#pragma once
#include "sim/pruning/assembly.h"

namespace tessera::pruning {

// One simulation of the whole network.
struct Trial {
  Choice choice;
  double kept = 1;  // share of the network's importance
  Amounts total{};
  std::vector<Amounts> layers;     // by LayerId; of time what the cores spend on it, waiting included
  std::vector<std::string> binds;  // by LayerId
};

class Trials {
 public:
  Trials(const run::RunConfig& config, const std::vector<LayerCandidates>& layers) : config_(config), layers_(layers) {}

  // Each in its own process, two at a time.
  Expected<std::vector<Trial>> simulate(const std::vector<Choice>& choices);
  int simulations() const { return simulations_; }

 private:
  const run::RunConfig& config_;
  const std::vector<LayerCandidates>& layers_;
  int simulations_ = 0;
};

}  // namespace tessera::pruning

// Simulations of a network with some of the candidates taken.
#pragma once
#include "sim/pruning/candidates.h"

namespace tessera::pruning {

// Per layer with candidates the index of the one that is taken.
using Choice = std::vector<int>;

// One simulation of the whole network.
struct Trial {
  Choice choice;
  Amounts total{};
  std::vector<Amounts> layers;     // by LayerId; of time what the cores spend on it, waiting included
  std::vector<std::string> binds;  // by LayerId
};

class Trials {
 public:
  Trials(const run::RunConfig& config, const std::vector<LayerCandidates>& layers) : config_(config), layers_(layers) {}

  // Masks by LayerId.
  run::RunConfig with(const Choice& choice) const;

  // Each in its own process, two at a time.
  Expected<std::vector<Trial>> simulate(const std::vector<Choice>& choices);
  int simulations() const { return simulations_; }

 private:
  const run::RunConfig& config_;
  const std::vector<LayerCandidates>& layers_;
  int simulations_ = 0;
};

}  // namespace tessera::pruning

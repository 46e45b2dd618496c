// Trials of a schedule on the simulator, each in a process of its own.
#pragma once
#include <map>
#include <string>

#include "sim/cost/latency_model.h"
#include "sim/program/program.h"
#include "sim/run/dense_decision.h"
#include "sim/schedule/trials.h"

namespace tessera::run {

class SimulatedTrials : public schedule::Trials {
 public:
  using Masks = std::vector<std::optional<sparsity::BlockMask>>;
  // Of the network that is scheduled with these masks what a mapping takes is found out once.
  // `dense`: where another process decides the mapping of the network without masks; null: none does.
  SimulatedTrials(const network::Network& network, const Masks& masks, const arch::ArraySpec& array,
                  const cost::LatencyModel& latency_model, DenseDecision* dense = nullptr)
      : network_(network), masks_(masks), array_(array), latency_model_(latency_model), dense_(dense) {}
  std::optional<schedule::LayerTimes> layer_times(const network::Network& network, const Masks& masks,
                                                  const mapping::Mapping& mapping) const override;
  std::optional<schedule::LayerTimes> run_times(const network::Network& network, const Masks& masks,
                                                const mapping::Mapping& mapping) const override;
  std::optional<mapping::Mapping> dense_mapping() const override;

  // The program of that mapping and of those masks, where it was the fastest that was tried; it is handed over. Nothing
  // where there are controllers: trials do without switches.
  std::optional<program::Program> take_program(const mapping::Mapping& mapping);

 private:
  struct Trial {
    std::optional<program::Program> program;  // nothing: none can be made
    std::optional<schedule::LayerTimes> times;
  };
  // Code of kernels is placed in programs of the network; those of single layers have more kinds of kernels than it.
  // `switched`: controllers write switches.
  Trial carry_out(const network::Network& network, const Masks& masks, const mapping::Mapping& mapping,
                  bool switched = false) const;

  const network::Network& network_;
  const Masks& masks_;
  const arch::ArraySpec& array_;
  const cost::LatencyModel& latency_model_;
  DenseDecision* dense_;
  mutable std::map<std::string, std::optional<schedule::LayerTimes>> known_;  // by the trial's text
  struct Fastest {
    std::string text;
    double cycles = 0;
    std::optional<program::Program> program;
  };
  mutable Fastest fastest_;
};

}  // namespace tessera::run

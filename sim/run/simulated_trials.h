// Trials of a schedule on the simulator, each in a process of its own.
#pragma once
#include <map>
#include <string>

#include "sim/cost/latency_model.h"
#include "sim/exec/backend.h"
#include "sim/program/program.h"
#include "sim/route/plan.h"
#include "sim/run/dense_decision.h"
#include "sim/schedule/trials.h"

namespace tessera::run {

class SimulatedTrials : public schedule::Trials {
 public:
  using Masks = std::vector<std::optional<sparsity::BlockMask>>;
  // Of the network that is scheduled with these masks what a mapping takes is found out once.
  // `dense`: where another process decides the mapping of the network without masks; null: none does. `plans`: of
  // routes, for others to use.
  SimulatedTrials(const network::Network& network, const Masks& masks, const arch::ArraySpec& array,
                  const cost::LatencyModel& latency_model, DenseDecision* dense = nullptr,
                  route::KnownPlans* plans = nullptr)
      : network_(network), masks_(masks), array_(array), latency_model_(latency_model), dense_(dense), plans_(plans) {}
  std::optional<schedule::LayerTimes> layer_times(const network::Network& network, const Masks& masks,
                                                  const mapping::Mapping& mapping) const override;
  std::optional<schedule::LayerTimes> run_times(const network::Network& network, const Masks& masks,
                                                const mapping::Mapping& mapping) const override;
  double least_cycles(const network::Network& network, const Masks& masks) const override;
  std::optional<mapping::Mapping> dense_mapping() const override;
  std::optional<schedule::LayerTimes> dense_times() const override;  // after dense_mapping()

  // A program as a run has it, and what simulating whole descriptors gave.
  struct Made {
    program::Program program;
    exec::SimResult result;
  };
  // Of that mapping and of the masks of the run, where it was the fastest that was tried; it is handed over.
  std::optional<Made> take(const mapping::Mapping& mapping);

 private:
  struct Fastest {
    std::string text;
    double cycles = 0;
    std::optional<Made> made;
  };
  struct Trial {
    std::optional<Made> made;  // nothing: none can be made, or it does not end
    std::optional<schedule::LayerTimes> times;
  };
  // Code of kernels is placed in programs of the network; those of single layers have more kinds of kernels than it.
  // `switched`: controllers write switches.
  Trial carry_out(const network::Network& network, const Masks& masks, const mapping::Mapping& mapping,
                  bool switched = false) const;

  void note(std::string text, Trial& trial) const;
  bool controlled() const { return array_.controller.mechanism != arch::ControlMechanism::none; }

  const network::Network& network_;
  const Masks& masks_;
  const arch::ArraySpec& array_;
  const cost::LatencyModel& latency_model_;
  DenseDecision* dense_;
  route::KnownPlans* plans_;
  mutable std::map<std::string, std::optional<schedule::LayerTimes>> known_, known_runs_;  // by the trial's text
  mutable std::vector<Millicycles> dense_ends_;
  mutable Fastest fastest_;  // as a run has it, with the masks of the run
};

}  // namespace tessera::run

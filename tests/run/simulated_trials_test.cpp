// Does a trial that is remembered say what one that is carried out says?
#include "sim/run/simulated_trials.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/control/lower.h"
#include "sim/lower/lower.h"
#include "sim/program/hash.h"
#include "sim/run/isolate.h"
#include "tests/verify/subject.h"

using namespace tessera;

namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

const char* const layers = R"({"name": "net", "input": [16, 16, 64], "layers": [
  {"name": "a", "op": "conv2d", "channels": 128, "kernel": 3, "padding": 1},
  {"name": "b", "op": "conv2d", "channels": 128, "kernel": 3, "padding": 1}]})";

// Chosen by estimates; `other`: with another division of the last layer.
mapping::Mapping mapping_of(const Subject& s, const Masks& masks, bool other) {
  schedule::ScheduleSpec spec;
  spec.search = schedule::SearchKind::estimate;
  if (other) spec.layers["b"].cols = spec.layers["b"].rows = mapping::Axis::channels;
  const auto schedule = schedule::decide_schedule(s.network, masks, s.array, **cost::find_latency_model("peak"), spec);
  if (!schedule) FAIL(describe(schedule.failure()));
  return *schedule->mapping;
}

}  // namespace

TEST_CASE("trials are told apart by mapping and masks") {
  const Subject s = *make_subject("net", layers, generic_array(2, 2, {}), 0.5);
  const Masks dense(s.masks.size());
  Masks other = s.masks;
  std::fill(other.back()->bits.begin(), other.back()->bits.end() - 64, std::uint8_t{0});
  const cost::LatencyModel& peak = **cost::find_latency_model("peak");
  const mapping::Mapping first = mapping_of(s, dense, false), second = mapping_of(s, dense, true);
  const run::SimulatedTrials remembering(s.network, s.masks, s.array, peak);
  std::vector<std::vector<double>> seen;
  for (const mapping::Mapping* m : {&first, &second, &first})
    for (const Masks* masks : {&dense, &s.masks, static_cast<const Masks*>(&other), &dense}) {
      const auto times = remembering.layer_times(s.network, *masks, *m);
      const auto again = run::SimulatedTrials(s.network, s.masks, s.array, peak).layer_times(s.network, *masks, *m);
      REQUIRE(times.has_value());
      CHECK(times->ends == again->ends);
      CHECK(times->control == std::vector<double>(s.network.layers.size(), 0));
      seen.push_back(times->ends);
    }
  CHECK(seen[0] != seen[1]);
  CHECK(seen[1] != seen[2]);
  const network::Network copy = s.network;  // of which nothing is remembered
  CHECK(remembering.layer_times(copy, dense, first)->ends == seen[0]);
}

TEST_CASE("the program of the fastest trial with the masks of the run is kept") {
  const Subject s = *make_subject("net", layers, generic_array(2, 2, {}), 0.5);
  const Masks dense(s.masks.size());
  const mapping::Mapping first = mapping_of(s, s.masks, false), second = mapping_of(s, s.masks, true);
  const cost::LatencyModel& peak = **cost::find_latency_model("peak");
  run::SimulatedTrials trials(s.network, s.masks, s.array, peak);
  CHECK_FALSE(trials.take(first));
  const auto of_dense = trials.layer_times(s.network, dense, first);
  CHECK_FALSE(trials.take(first));
  const auto a = trials.layer_times(s.network, s.masks, first), b = trials.layer_times(s.network, s.masks, second);
  REQUIRE((a && b && a->ends != b->ends));
  const bool is_first = schedule::whole(*a) <= schedule::whole(*b);
  CHECK_FALSE(trials.take(is_first ? second : first));
  const auto made = trials.take(is_first ? first : second);
  REQUIRE(made);
  CHECK(program::program_hash(made->program) ==
        program::program_hash(*lower::lower(s.network, s.masks, s.array, is_first ? first : second)));
  exec::SimOptions options;
  options.fidelity = exec::Fidelity::transaction;
  const auto durations = cost::kernel_durations(made->program, peak);
  const Expected<std::string> same =
      run::IsolatedTask([&]() -> Expected<std::string> {
        const Expected<exec::SimResult> sim = simulate(made->program, s.array, durations, options);
        if (!sim) return sim.failure();
        const exec::SimResult& kept = made->result;
        const auto agrees = [](const exec::LayerTimes& x, const exec::LayerTimes& y) {
          return x.start == y.start && x.end == y.end && x.cores == y.cores && x.ddr_read == y.ddr_read &&
                 x.ddr_write == y.ddr_write;
        };
        const exec::MemoryTraffic &x = sim->traffic, &y = kept.traffic;
        const bool traffic = x.ddr_read == y.ddr_read && x.ddr_write == y.ddr_write &&
                             x.memtile_read == y.memtile_read && x.memtile_write == y.memtile_write &&
                             x.core_read == y.core_read && x.core_write == y.core_write;
        const bool equal =
            traffic && sim->total == kept.total && sim->engines == kept.engines && sim->events == kept.events &&
            std::equal(sim->layers.begin(), sim->layers.end(), kept.layers.begin(), kept.layers.end(), agrees);
        return std::string(equal ? "equal" : "another");
      }).wait();
  REQUIRE(same);
  CHECK(*same == "equal");
  CHECK_FALSE(trials.take(is_first ? first : second));
}

TEST_CASE("trials say what the busiest controller does for each layer") {
  arch::ArraySpec array = generic_array(2, 2, {});
  array.controller.mechanism = arch::ControlMechanism::serial;
  array.controller.operation_ns = 100;
  const Subject s = *make_subject("net", layers, array, 0.5);
  const cost::LatencyModel& peak = **cost::find_latency_model("peak");
  const mapping::Mapping mapping = mapping_of(s, s.masks, false);
  const auto times = run::SimulatedTrials(s.network, s.masks, array, peak).layer_times(s.network, s.masks, mapping);
  REQUIRE(times);
  program::Program program = *lower::lower(s.network, s.masks, array, mapping);
  const std::vector<Millicycles> durations = cost::kernel_durations(program, peak);
  program = *control::lower(std::move(program), array, durations);
  const program::EngineMap map(array);
  std::vector<double> expected(s.network.layers.size(), 0);
  for (const program::ControlOp& op : program.engines[static_cast<std::size_t>(map.first_controller())].control)
    if (op.layer >= 0) expected[static_cast<std::size_t>(op.layer)] += 100 * array.clock_hz / 1e9;
  CHECK(expected[2] > 1000);
  for (std::size_t k = 0; k < expected.size(); ++k) CHECK(times->control[k] == Approx(expected[k]));
}

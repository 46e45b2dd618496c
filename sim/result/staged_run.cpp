#include "sim/result/staged_run.h"

#include "sim/result/energy_metrics.h"
#include "sim/result/json.h"

namespace tessera::result {
namespace {

template <class T>
void add(std::optional<T>& sum, const std::optional<T>& part) {
  if (sum && part)
    *sum += *part;
  else
    sum.reset();
}

Value staged_speedup(const StagedRun& run) {
  const std::optional<StagedDensity> dense = run.density(true), sparse = run.density(false);
  if (!dense || !sparse || sparse->total_us() <= 0) return Null{};
  return dense->total_us() / sparse->total_us();
}

}  // namespace

double StagedRun::host_us() const {
  double us = 0;
  for (const StagedCall& call : host) us += call.us;
  return us;
}

std::optional<StagedDensity> StagedRun::density(bool dense) const {
  StagedDensity sum;
  sum.host_us = host_us();
  sum.bound_us = sum.host_us, sum.energy_uj = 0, sum.control_operations = 0;
  for (const RunResult& stage : stages) {
    const std::optional<DensityResult>& part = dense ? stage.dense : stage.sparse;
    if (!part) return std::nullopt;
    sum.array_us += part->latency_us;
    sum.dispatch_us += part->dispatch_us;
    sum.macs += part->macs;
    add(sum.bound_us, part->bounds ? std::optional(part->bounds->bound_us()) : std::nullopt);
    add(sum.energy_uj, part->energy ? std::optional(part->energy->total() / pj_per_uj) : std::nullopt);
    add(sum.control_operations, part->control ? part->control->operations : std::nullopt);
  }
  return sum;
}

const std::vector<Metric<StagedRun>>& staged_metrics() {
  static const std::vector<Metric<StagedRun>> table{
      {"host_us", "us", "Time of all calls on the host, as --host gives it: nothing of it is simulated.",
       "sum of host[].us", derived<StagedRun>([](const StagedRun& r) { return Value(r.host_us()); })},
      {"staged_speedup", "ratio",
       "How much faster the whole is with zero blocks left out, host and dispatches included.",
       "dense.staged_us / sparse.staged_us", derived<StagedRun>(staged_speedup)},
      {"host", "", "One entry per call (see host[].*).", "given", {}},
      {"stages", "", "What the array computes between calls: a result.json each.", "given", {}},
  };
  return table;
}

const std::vector<Metric<StagedCall>>& staged_call_metrics() {
  using C = StagedCall;
  static const std::vector<Metric<C>> table{
      {"node", "", "The node of the ONNX file.", "given", field<&C::node>()},
      {"op", "", "Its operator.", "given", field<&C::op>()},
      {"us", "us", "Time of the call, as --host gives it.", "given", field<&C::us>()},
      {"before_stage", "", "The entry of stages, from 0, that begins after the call.", "counted",
       field<&C::before_stage>()},
      {"elements_read", "elements", "Elements of tensors that the host reads from DDR.", "counted",
       field<&C::elements_read>()},
      {"elements_made", "elements", "Elements that it writes to DDR; 0 where the file does not say how many.",
       "counted", field<&C::elements_made>()},
  };
  return table;
}

const std::vector<Metric<StagedDensity>>& staged_density_metrics() {
  using D = StagedDensity;
  static const std::vector<Metric<D>> table{
      {"staged_us", "us", "What the whole takes: host and array wait for each other.",
       "array_us + staged_dispatch_us + host_us", derived<D>([](const D& d) { return Value(d.total_us()); }), "in all"},
      {"array_us", "us", "Simulated time of the stages on the array.", "sum of latency_us over the stages",
       field<&D::array_us>(), "  array, simulated"},
      {"staged_dispatch_us", "us", "A dispatch for every stage.", "sum of dispatch_us over the stages",
       field<&D::dispatch_us>(), "  dispatches"},
      {"given_us", "us", "The host's part.", "host_us", field<&D::host_us>(), "  host, given by --host"},
      {"staged_bound_us", "us", "What no schedules of the stages beat, host included, dispatches not.",
       "sum of bound_us over the stages + host_us", field<&D::bound_us>(), "no schedules beat"},
      {"staged_macs", "multiply-accumulates", "Those of the array.", "sum of macs over the stages", field<&D::macs>(),
       "multiply-accumulates"},
      {"staged_energy_uj", "uJ", "Energy of the array while it computes; the host's, and waiting for it, are left out.",
       "sum of energy.total_uj over the stages", field<&D::energy_uj>(), "energy without the host"},
      {"staged_operations", "operations", "What the controllers do.", "sum of control.operations over the stages",
       field<&D::control_operations>(), "operations of controllers"},
  };
  return table;
}

std::string json_text(const StagedRun& run) {
  nlohmann::json object;
  write_metrics(run, staged_metrics(), object);
  object["host"] = object["stages"] = nlohmann::json::array();
  for (const StagedCall& call : run.host) write_metrics(call, staged_call_metrics(), object["host"].emplace_back());
  for (const RunResult& stage : run.stages) object["stages"].push_back(to_json(stage));
  for (const bool dense : {true, false})
    if (const std::optional<StagedDensity> density = run.density(dense))
      write_metrics(*density, staged_density_metrics(), object[dense ? "dense" : "sparse"]);
  return object.dump(1) + "\n";
}

}  // namespace tessera::result

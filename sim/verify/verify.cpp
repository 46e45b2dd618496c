#include "sim/verify/verify.h"

#include <algorithm>

#include "sim/route/switch_writes.h"
#include "sim/verify/control.h"
#include "sim/verify/machine.h"
#include "sim/verify/routes.h"
#include "sim/verify/structure.h"
#include "sim/verify/switches.h"

namespace tessera::verify {

namespace {

// A program that leaves the switches as they are has all its routes at once.
bool writes_no_switch(const program::Program& program) {
  return std::none_of(program.engines.begin(), program.engines.end(), [](const program::EngineProgram& engine) {
    return std::any_of(engine.control.begin(), engine.control.end(),
                       [](const program::ControlOp& op) { return op.kind == program::ControlKind::write_switch; });
  });
}

}  // namespace

std::optional<Failure> verify(const program::Program& program, const arch::ArraySpec& array, route::Plan* routes,
                              bool routed, route::KnownPlans* known) {
  const program::EngineMap map(array);
  verify::Findings structure(program, map);
  verify::check_structure(program, array, map, structure);
  if (structure.empty()) verify::check_code(program, array, map, structure);
  std::vector<program::SwitchWrite> writes;
  if (routed && structure.empty()) {
    const route::Device device(array, map);
    route::Plan plan = known == nullptr ? plan_routes(program, device) : known->of(program, device);
    if (map.controllers() > 0) writes = switch_writes(program, device, plan);
    if (!writes.empty() && writes_no_switch(program)) {
      plan = plan_as_one(program, device);
      writes.clear();
    }
    verify::check_routes(program, device, plan, structure);
    if (routes != nullptr) *routes = std::move(plan);
  }
  verify::Demands demands;
  if (structure.empty() && map.controllers() > 0) demands = verify::check_control(program, array, map, structure);
  if (structure.empty() && map.controllers() > 0 && routed)
    verify::check_switches(program, map, writes, structure, demands);
  if (!structure.empty()) return structure.take();
  const auto execute = [&](bool quick) {
    verify::Findings findings(program, map);
    verify::Coverage coverage(program, findings);
    verify::Machine machine(program, array, map, findings, quick);
    machine.demand(demands);
    if (machine.run(coverage, program.tensors, quick) && program.tensors) coverage.finish();
    return findings.take();
  };
  // What the quick run accepts is right: its clocks know less, and the order in which engines are tried decides
  // nothing but which problem of a wrong program is met first.
  if (map.controllers() > 0) return execute(false);  // who orders what engines of one tile do is outside of it
  return execute(true) ? execute(false) : std::nullopt;
}

}  // namespace tessera::verify

#include "sim/schedule/verify.h"

#include <algorithm>

#include "sim/schedule/verify/machine.h"
#include "sim/schedule/verify/structure.h"

namespace tessera {

std::optional<Failure> verify(const Program& program, const ArraySpec& array) {
  const EngineMap map(array);
  verifying::Findings structure(program, map);
  verifying::check_structure(program, array, map, structure);
  if (!structure.empty()) return structure.take();
  // A replayed trace computes no tensors: there is nothing to cover.
  const bool replayed = std::any_of(program.calls.begin(), program.calls.end(),
                                    [](const KernelCall& k) { return k.kind == KernelKind::ops; });
  const auto execute = [&](bool quick) {
    verifying::Findings findings(program, map);
    verifying::Coverage coverage(program, findings);
    verifying::Machine machine(program, array, map, findings, quick);
    if (machine.run(coverage, !replayed, quick) && !replayed) coverage.finish();
    return findings.take();
  };
  // What the quick run accepts is right: its clocks know less, and the order in which engines are tried decides
  // nothing but which problem of a wrong program is met first.
  return execute(true) ? execute(false) : std::nullopt;
}

}  // namespace tessera

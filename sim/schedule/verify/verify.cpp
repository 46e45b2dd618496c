#include "sim/schedule/verify.h"

#include <algorithm>

#include "sim/schedule/verify/machine.h"
#include "sim/schedule/verify/structure.h"

namespace tessera {

std::vector<Problem> verify(const Program& program, const ArraySpec& array) {
  const EngineMap map(array);
  verifying::Findings findings(program, map);
  verifying::check_structure(program, array, map, findings);
  if (!findings.empty()) return findings.take();
  verifying::Coverage coverage(program, findings);
  verifying::Machine machine(program, array, map, findings);
  // A replayed trace computes no tensors: there is nothing to cover.
  const bool replayed = std::any_of(program.calls.begin(), program.calls.end(),
                                    [](const KernelCall& k) { return k.kind == KernelKind::ops; });
  if (machine.run(coverage, !replayed) && !replayed) coverage.finish();
  return findings.take();
}

}  // namespace tessera

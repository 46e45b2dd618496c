// First pass of the verifier: is every number of the program within the hardware and within the program's own tables?
// The later passes rely on it and run only when it finds nothing.
#pragma once
#include "sim/verify/findings.h"

namespace tessera::verify {

void check_structure(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                     Findings& findings);
// The part of it that looks at the steps of the engines; the tables have been judged before.
void check_steps(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                 Findings& findings);

// What stands in the program memories of the cores; the steps have been judged before.
void check_code(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                Findings& findings);

}  // namespace tessera::verify

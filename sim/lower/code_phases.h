// Phases of a program, between which cores load other code: at the same layer wherever they can, so that they wait for
// it together and not one after the other.
#pragma once
#include <functional>
#include <set>
#include <vector>

#include "sim/base/units.h"

namespace tessera::lower {

using Codes = std::set<int>;  // indices into Program::code

// What a core runs between two places at which it could load.
struct CodeUse {
  int layer = -1;  // -1: none is named
  Codes codes;
};

// The phase of every use of every core, never descending along a core. A phase ends before the first layer at which a
// core has no room for its code beside what it used since the phase began. A core whose code of one layer alone has no
// room is left to load within a phase. Layers come in the order in which the cores use them, in that of their numbers
// where no core says.
std::vector<std::vector<int>> code_phases(const std::vector<std::vector<CodeUse>>& cores,
                                          const std::function<Bytes(const Codes&)>& bytes_of, Bytes size);

}  // namespace tessera::lower

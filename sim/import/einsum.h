// The equation of an Einsum.
#pragma once
#include "sim/import/graph.h"

namespace tessera::import {

struct Equation {
  std::vector<std::string> terms;  // a letter for every dimension of every input
  std::string out;                 // of the output
};

// Nothing where it has dots, repeats a letter within a term, or has another number of terms than the node inputs.
std::optional<Equation> equation_of(const Node& node);

}  // namespace tessera::import

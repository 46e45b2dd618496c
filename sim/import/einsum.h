// The equation of an Einsum.
#pragma once
#include "sim/import/graph.h"

namespace tessera::import {

struct Equation {
  std::vector<std::string> terms;  // a letter for every dimension of every input
  std::string out;                 // of the output
};

// `ranks`: of the inputs. Dots of a term get letters of their own, the last of them the same in every term. Nothing
// where a letter is repeated within a term, or the terms are not as many as the inputs.
std::optional<Equation> equation_of(const Node& node, const std::vector<std::size_t>& ranks);

}  // namespace tessera::import

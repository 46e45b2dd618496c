// Types, shapes and constants of every value of a graph, from the inputs to the outputs.
#pragma once
#include "sim/import/call.h"

namespace tessera::import {

// Infers every node in order, after it was said by others where it is a form (forms/form.h); what depends on constants
// alone and decides shapes, or grows by no more than this, is computed and becomes a constant. Problems of nodes in one
// pass; a node with unknown inputs is passed over. Operators that are not known are no problem here: their outputs stay
// unknown.
std::vector<Problem> infer(Graph& graph);

// Attribute of nodes within a branch of an If. What is wrong with them counts for nothing: where the condition is
// known, the If becomes Identity of the outputs of one branch, whose types must then be known.
constexpr const char* in_branch = "in_branch";

// The inputs of a node as far as they are known; nullopt when the type of one is not.
std::optional<std::vector<std::optional<Operand>>> operands_of(const Graph& graph, const Node& node);

}  // namespace tessera::import

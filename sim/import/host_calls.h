// Operators that the user puts on the host. They cut a graph into stages, which the array computes one after the other:
// what a stage makes for the host or for later stages stands in DDR at its end, and the array waits while the host
// computes.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/import/graph.h"

namespace tessera::import {

using HostTimes = std::map<std::string, double>;  // microseconds of one call, by operator; another domain's in front

std::string full_name(const Node& node);  // of the operator, as HostTimes have it

struct HostCall {
  std::string node, op;
  double us = 0;                      // as the user says
  std::int64_t reads = 0, makes = 0;  // elements of tensors; makes: 0 where the file does not say how many
};

struct HostStages {
  std::vector<Graph> graphs;                 // without nodes where a host operator is the first or the last
  std::vector<std::vector<HostCall>> calls;  // before graphs[i] begins; none before the first unless it has no nodes
};

// Problems: an operator of `times` that the graph does not have, and what the host makes for the array of a size that
// nobody knows.
Expected<HostStages> cut_at_host(const Graph& graph, const HostTimes& times);

}  // namespace tessera::import

// Sets of routes that no routing can build, by arguments that hold whichever links streams take.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/program/program.h"
#include "sim/route/grid.h"

namespace tessera::route {

// Why routes that are there at the same time cannot be built; nullopt: nothing speaks against it here.
//   Packets of one channel begin at one port; routes with other receivers part somewhere: each has an id of its own.
//   Packets that end in a tile in another set of its channels leave the switch another way; ways with a channel in
//   common have one arbiter, and each is a selection of it. Without arbiters there are circuits alone: a link for each
//   stream across a row or column of links.
std::optional<std::string> impossible(const Device& device, const std::vector<program::Route>& routes,
                                      const std::vector<int>& wanted);

}  // namespace tessera::route

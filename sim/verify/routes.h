// The judge of routings. Whether a program's routes can be built at all: every receiver can be reached, and the headers
// of packets can tell the routes apart that a channel takes in a loop. A routing that somebody gives for them: trees of
// links that there are, which bring every route to its receivers; packets that every port can tell apart; no switch
// with more arbiters, selections, slots or ids than it has. What a descriptor joins to one stream is no packet.
#pragma once
#include "sim/route/plan.h"
#include "sim/verify/findings.h"

namespace tessera::verify {

// What nobody could build, by layers.
void check_routes(const program::Program& program, const route::Device& device, const route::Plan& plan,
                  Findings& findings);

// `overfull`: whether a switch that has too little is a finding.
void check_routing(const program::Program& program, const route::Device& device, const route::Routing& routing,
                   bool overfull, Findings& findings);

}  // namespace tessera::verify

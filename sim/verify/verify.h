// The judge of every schedule: does this program compute the network on this array, whatever the timing? Shares no code
// with the scheduler and looks only at the program, so it judges programs read from text alike. Three passes:
//   structure   every number within the hardware: descriptors and their fields, locks, addresses, routes, memories; the
//               matrices of a product apart from each other, C alone written
//   routes      streams find a way through the switches, and the way that was found is one (routes.h)
//   code        what a call runs stands in the program memory of its core, which holds all that stands there
//   control     where the hardware has controllers: every transfer is started by a task whose descriptors hold what it
//               does; queues, descriptor table and tokens as the hardware has them (control.h); switches are written
//               as the routes need, and when nothing goes by what is written (switches.h)
//   execution   all engines run untimed (blocking waits, locks and streams without buffering): the program completes,
//   locks
//               stay in range and return to their initial values; every two accesses to the same bytes of which one
//               writes are ordered by what the program itself synchronizes; every byte read is what the reader needs,
//               as moved there by transfers from where it was made (halos, channels, padding, weights, operands,
//               partial sums)
//   coverage    every output element computed once from every present weight block, and put once at its placement
// Of a program without tensors (Program::tensors) the contents cannot be judged; everything else is, and of a product
// that every tile of C was cleared and has summed all of k when it leaves its core.
#pragma once
#include <optional>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"
#include "sim/route/plan.h"

namespace tessera::verify {

// Nothing: the program is right. Problems name engine, step, layer and address; at most a few dozen are reported. The
// code is deadlock when engines wait for what never comes, does_not_fit when switches cannot join what the program
// joins, else bad_input.
// `routes`: where to put how its streams go, if somebody needs that as well. `routed`: whether that is judged; on large
// arrays it takes longer than everything else. `known`: plans for this array, whoever asked for them.
std::optional<Failure> verify(const program::Program& program, const arch::ArraySpec& array,
                              route::Plan* routes = nullptr, bool routed = true, route::KnownPlans* known = nullptr);

}  // namespace tessera::verify

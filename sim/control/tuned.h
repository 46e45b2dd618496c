// The constants of the lists of controllers that simulations chose, as those of the estimates in sim/cost/tuned.h: by
// ResNet50, VGG16 and Inception V3 on 4x4 of xdna1_1800mhz and its kernels `measured`. 2026-11-29.
#pragma once

namespace tessera::control {

struct Tuned {
  // Cycles: tokens that are awaited up to so much later belong to the same pause of a controller.
  double pause_length = 16000;
  // Cycles by which weights are in a memory tile before they are sent on.
  double ahead_of_use = 8000;
  // Cycles of slack that waits are given first: what delays transfers saves operations.
  double first_slack = 8000;
  // How much more a longer chain has to serve, as a ratio: it takes descriptors from other chains.
  double worth_more_descriptors = 1.1;
  // Executions for each descriptor and push from which on a chain that turns is a task of its own.
  double worth_a_task = 2;
};

// Written by the test of these values and by nothing else.
inline Tuned tuned;

}  // namespace tessera::control

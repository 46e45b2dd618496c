// A network, its schedule on an array, and what its functional run says: the right programs that tests spoil, and the
// second judge beside the verifier.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/compile/compile.h"
#include "sim/network/network.h"
#include "sim/program/program.h"
#include "sim/sparsity/block_mask.h"

namespace tessera {

struct Subject {
  std::string name;
  network::Network network;
  std::vector<std::optional<sparsity::BlockMask>> masks;  // by LayerId
  arch::ArraySpec array;
  program::Program program;
};

// The generic array of configs/hardware with that many rows and columns; `sets` change it further ("a.b=c").
arch::ArraySpec generic_array(int rows, int cols, std::vector<std::string> sets = {});

// Schedules a network given as JSON. `ratio` of the 8x8 blocks of every convolution but the first are zero.
// `images` are computed in one program.
Expected<Subject> make_subject(const std::string& name, const std::string& network_json, const arch::ArraySpec& array,
                               double ratio, const schedule::ScheduleSpec& spec = {}, int images = 1);

// Simulates the program with data in a forked child and compares every tensor with the reference. Empty: all equal.
std::string functional_objection(const Subject& subject, const program::Program& program);

}  // namespace tessera

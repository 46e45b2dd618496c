// The block-sparse scheduler: network + masks + array -> program. A policy decides mappings, tiles and homes; the
// emission turns the decisions into descriptors, locks and kernel calls; verify.h judges the result.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/cost/kernel_law.h"
#include "sim/network/network.h"
#include "sim/program/program.h"
#include "sim/sparsity/block_mask.h"

namespace tessera {

enum class Axis { width, height, channels };

// What a config may force for one layer; unset fields are chosen by the policy.
struct LayerOverride {
  std::optional<Axis> cols, rows;          // what the columns and rows of the array split
  std::optional<std::array<int, 4>> tile;  // core tile: output height, width, output channels, input channels
};

struct ScheduleSpec {
  std::string policy = "best";             // "best" or "published"
  std::map<std::string, LayerOverride> layers;  // by layer name
};

struct Schedule {
  Program program;
  double estimate_us = 0;                  // what the policy's cost model expected
};

// masks[i]: block mask of layer i, nullopt: dense. Fails with does_not_fit (demand, bound, gap, knobs).
Expected<Schedule> make_schedule(const Network& network, const std::vector<std::optional<BlockMask>>& masks,
                                 const ArraySpec& array, const KernelLaw& law, const ScheduleSpec& spec);

std::vector<std::string> policy_names();

}  // namespace tessera

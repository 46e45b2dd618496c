// The block-sparse scheduler: network + masks + array -> mapping. A policy decides how layers are divided, walked and
// placed, and lower/ makes the program of it; or it makes a program itself (designs/).
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/cost/latency_model.h"
#include "sim/mapping/rules.h"
#include "sim/mapping/text.h"
#include "sim/network/network.h"
#include "sim/program/program.h"
#include "sim/schedule/trials.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::schedule {

// Layers `first` to `last` walked together in `tiles` tiles of output rows.
struct ForcedGroup {
  std::string first, last;
  int tiles = 2;
};

// A mapping that was read, and the file it stands in.
struct GivenMapping {
  std::string file, text;
  mapping::ReadMapping read;
};

// What mappings are chosen by.
enum class SearchKind {
  estimate,  // formulas alone
  layers,    // simulations of single layers, where the formulas cannot tell
  network,   // and of the whole network, one layer changed at a time
};
const char* search_name(SearchKind kind);
std::vector<std::string> search_names();
SearchKind find_search(const std::string& name);  // of search_names()

struct ScheduleSpec {
  std::string policy = "best";  // one of policy_names()
  SearchKind search = SearchKind::layers;
  bool balance = true;  // reorder output channels so that non-zero blocks fall evenly on cores
  std::map<std::string, mapping::ForcedMapping> layers;  // what is forced, by layer name
  bool depth_first = true;                               // let the policy tile in depth what would spill to DDR
  std::vector<ForcedGroup> fusion_groups;                // forced, whether the policy would or not
  std::optional<GivenMapping> mapping;                   // instead of all decisions
};

// One way to divide a layer that was weighed, with its cheapest tiles; both as text.
struct Candidate {
  std::string mapping;
  std::string tiling;  // empty: no tiling fits
  int rows = 0;        // output rows it was weighed for: fewer than the layer has in a depth-first tile
  double us = 0;       // estimate
  // By simulation: of the network where few layers are open; of the layer, in the network where controllers start
  // transfers, else behind one that makes its input.
  std::optional<double> simulated_us;
  std::string bound_by;
  Bytes core_bytes = 0;     // buffers in a core; when no tiling fits, the least that any asks for
  Bytes staging_bytes = 0;  // when no tiling fits: the least of a memory tile, among those that fit in a core
  Bytes staging_free = 0;   // what a memory tile had left for it
  bool chosen = false;
};

struct LayerReport {
  std::vector<Candidate> candidates;
  // Non-zero blocks of the fullest array row over the average, if rows split the output channels: in the network's
  // channel order, and in the order the schedule stores them.
  double imbalance_rows_unassigned = 1, imbalance_rows = 1;
  network::LayerId computed_by = -1;  // the layer that it is computed with; -1: it is computed itself
};

struct Schedule {
  std::optional<mapping::Mapping> mapping;  // what lower/ makes the program of; nothing: the policy made it itself
  program::Program program;
  std::vector<LayerReport> layers;  // by LayerId
  double estimate_us = 0;           // what the policy's cost model expected
};

// masks[i]: block mask of layer i, nullopt: dense. The program is empty where there is a mapping. Fails with
// does_not_fit (demand, bound, gap, knobs). Without `trials` estimates decide, whatever the search.
Expected<Schedule> decide_schedule(const network::Network& network,
                                   const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                   const arch::ArraySpec& array, const cost::LatencyModel& latency_model,
                                   const ScheduleSpec& spec, const Trials* trials = nullptr);

// What keeps the policy from scheduling this network with these kernels, whatever the array; every problem, with paths
// of a run config. decide_schedule starts with it.
std::vector<Problem> schedule_problems(const network::Network& network,
                                       const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                       const cost::LatencyModel& latency_model, const ScheduleSpec& spec);

std::vector<std::string> policy_names();

// Says of every layer by which other one it is computed, from the mapping.
void note_computed_by(Schedule& schedule);

// What the mapping makes of the blocks, for the reports of layers; `rows` of the array.
void note_imbalance(Schedule& schedule, const network::Network& network,
                    const std::vector<std::optional<sparsity::BlockMask>>& masks, int rows);

}  // namespace tessera::schedule

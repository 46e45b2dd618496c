// What a run config means: every path followed, every default applied, every unit resolved. The pipeline and the
// explorer read this and never JSON. `resolved` is the same as one self-contained document: running it again gives the
// same result on any machine.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/arch/energy_spec.h"
#include "sim/base/error.h"
#include "sim/exec/backend.h"
#include "sim/network/network.h"
#include "sim/schedule/schedule.h"
#include "sim/sparsity/mask_spec.h"
#include "sim/sparsity/weight_file.h"

namespace tessera::run {

enum class Accounting { physical, published };
const char* accounting_name(Accounting a);
const char* fidelity_name(exec::Fidelity f);

struct RunConfig {
  std::string name;          // "name" of the config, else the file's stem
  network::Network network;  // of one image
  arch::ArraySpec array;
  std::optional<arch::EnergySpec> energy;  // none: the hardware states none, or the accounting has no such machine
  std::vector<std::optional<sparsity::BlockMask>> masks;  // of the sparse run, by LayerId; nullopt: dense
  sparsity::MaskSpec mask_spec;
  std::optional<sparsity::MaskSpec> asked;  // what mask_spec was before it became the file of the masks chosen by it
  schedule::ScheduleSpec schedule;
  Accounting accounting = Accounting::physical;
  exec::Fidelity fidelity = exec::Fidelity::burst;
  std::uint64_t seed = 1;   // of functional data
  int images = 1;           // computed together (batch.h)
  nlohmann::json resolved;  // self-contained: network and hardware inlined
};

// `weights`, which may be null: what sparsity.importance goes by where the config names no file.
// Reads the file, applies `sets` ("a.b=c") in order, reports every problem in one pass.
Expected<RunConfig> load_run_config(const std::string& path, const std::vector<std::string>& sets = {},
                                    const sparsity::WeightsByLayer* weights = nullptr);

// The same from a document in memory; relative paths in it start at `folder`.
Expected<RunConfig> make_run_config(const nlohmann::json& document, const std::string& folder, const std::string& name,
                                    const std::vector<std::string>& sets = {},
                                    const sparsity::WeightsByLayer* weights = nullptr);

}  // namespace tessera::run

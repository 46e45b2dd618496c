// Hardware files (configs/hardware): the rule of every key and what they mean as an ArraySpec. Each number of a file is
//   {"value": 4, "unit": "B/cycle", "source": "AM020 ch. 2", "min": .., "max": ..}
// with "value_per_column" instead of "value" for what grows with the columns, and "by_array": {"8x2": 2} for arrays
// (rows x cols) that differ. A run config may lay a bare number over it.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/config/document.h"
#include "sim/config/rule.h"

namespace tessera::config {

Rule hardware_rule();

// `path`: where the hardware stands in the document ("hardware", or "" for a hardware file by itself). The document
// has passed `validate`; what only shows with all numbers together is checked here.
Expected<arch::ArraySpec> read_hardware(const Document& document, const std::string& path);

// Every key with its bare value: what decides a simulation, without sources and names.
nlohmann::json hardware_values(const nlohmann::json& hardware, const arch::ArraySpec& array);

// A hardware file by itself.
Expected<arch::ArraySpec> load_hardware(const std::string& file, const std::vector<std::string>& sets = {});

}  // namespace tessera::config

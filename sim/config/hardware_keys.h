// The one table of hardware keys: path, meaning, unit, legal range, and the field of ArraySpec it fills.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"

namespace tessera::config {

struct HardwareKey {
  std::string path;  // "tile.dma.start_cycles"
  std::string meaning;
  std::string unit;
  double low, high;
  bool whole;
  std::function<void(arch::ArraySpec&, double)> store;
  bool optional = false;        // left out: the default of ArraySpec
  bool of_controllers = false;  // means nothing where controller.mechanism is none
};

const std::vector<HardwareKey>& hardware_keys();

// Paths that are legal no more: what holds in their place, and how it comes from the old value.
struct FormerHardwareKey {
  std::string path, instead;
};
const std::vector<FormerHardwareKey>& former_hardware_keys();

}  // namespace tessera::config

// Which hardware file a run's numbers come from, and in which keys they differ from it. A calibration speaks for the
// numbers of its file only: whoever changes one, extends the file with another one or takes other kernels has hardware
// that was not calibrated.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/config/document.h"

namespace tessera::run {

// Compares the hardware of a run config, with all that lies over it, with the file that states its calibration (or, if
// none does, its name), by value. Where it differs, the calibration goes and `hardware.changed_from` says from what and
// in which keys. Fewer rows or columns than the calibrated array has are a part of it, no change.
void settle_calibration(config::Document& document, const arch::ArraySpec& array);

}  // namespace tessera::run

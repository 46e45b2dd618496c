// Cycles of the engine's core program per activation packet. A tile row of 20 pixels is five groups of 4 pixels, worked
// in two double passes and one single pass; a pass loops over the taps and, innermost, over the packet's input blocks.
// Numbers: configs/designs/open_engine/times.json (disassembled loops, and overheads fitted to variants of YOLOv8n).
#pragma once
#include <array>
#include <string>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/designs/open_engine/layer_split.h"

namespace tessera::designs::open_engine {

struct KernelTimes {
  // Cycles of the innermost loop per input block and tap: a double pass and a single one; by stride 1 and 2.
  std::array<double, 2> double_pass{}, single_pass{};
  double tap = 0;                 // per pass and tap, outside the innermost loop
  double partial_sums = 0;        // per pass, where chunks accumulate
  double activation = 0;          // per tile of output
  double upsample = 0;            // per packet that is read upsampled
  double residual = 0, pool = 0;  // per packet
  double called_pass = 0;         // per pass of the older core program, which calls it
  double idle = 0;                // per packet whose weights say: do nothing
  double dispatch_us = 0;         // of one operation stream from the host, beside what its operations take
  // Of the controller (arch::ControllerSpec), where they differ from the hardware file.
  double patch_address_ns = 0, interrupt_ns = 0;
};

// `array` with the controller of the engine's times.
arch::ArraySpec with_controller(arch::ArraySpec array, const KernelTimes& times);

Expected<KernelTimes> load_kernel_times(const std::string& file);

// Of chunk `k` of a tile. Without `computes` the packet is taken and given back.
double packet_cycles(const KernelTimes& times, const EngineLayer& layer, const LayerSplit& split, std::size_t k,
                     const Variant& variant, bool computes);

}  // namespace tessera::designs::open_engine

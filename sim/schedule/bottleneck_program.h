// A ResNet bottleneck (1x1, 3x3, 1x1 and the addition of its input) streamed row by row through the four cores of one
// column, as mlir-aie's example does it:
//
//   shim -> memory tile -> core 0 (1x1) -> cores 1 and 2 (3x3, half of the channels each) -> core 3 (1x1 + input) -> shim
//                     \--- rows of the input wait in the memory tile until core 3 adds them ---/
//
// Weights are fetched once and stay in the cores. Every stage works one row of the image per kernel call. The program
// carries no tensors and cannot be run with data.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera {

struct BottleneckDesign {
  int height = 0, width = 0;
  int wide = 256, narrow = 64;  // channels outside and inside
};

enum class BottleneckStage { reduce, spatial, expand };  // 1x1, 3x3, 1x1 with addition: layers 0, 1, 2 of the program

// Fails with does_not_fit when rows or weights do not fit the cores, or the array has not four rows.
Expected<Program> build_bottleneck_program(const BottleneckDesign& design, const ArraySpec& array);

}  // namespace tessera

// A right program written by hand: two cores of one column compute a 3x3 convolution row by row and add the input to
// it.
//
//   input  6x4x8 in DDR at 0     -> memory tile at 0
//   chunk  608 bytes in DDR      -> memory tile at 8192 -> both cores at once
//   conv   core r computes rows 3r .. 3r+2, one row per call; input windows (3 rows of 6 pixels, padding included) and
//          results in two slots each; home at 1024 in the memory tile
//   sum    input row + conv row, home at 2048
#pragma once
#include "tests/verify/subject.h"

namespace tessera {

Subject hand_made();

}  // namespace tessera

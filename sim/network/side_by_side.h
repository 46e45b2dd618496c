// Convolutions of a network's input that has few channels. A pixel is stored with 8 channels, of which an image has 3:
// kernels would multiply zeros for the most part. Where the window moves on by several columns, columns side by side
// stand as one pixel: channel c of column w becomes channel (w % n) * C + c of column w / n, which is the order in
// which the bytes of an image follow each other; rows end with columns of zeros where n does not divide them. The
// window then has fewer and deeper taps, some of them zero.
#pragma once
#include "sim/network/network.h"

namespace tessera::network {

// The network with such inputs and their convolutions, wherever that leaves kernels less to multiply; ids and names
// stay. A tensor that anything else reads stays as it is. Layer::columns says what was done.
Network side_by_side(Network network);

}  // namespace tessera::network

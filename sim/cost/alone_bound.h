// What a layer takes at least when it has the array for itself: nothing is fetched ahead and nothing overlaps another
// layer. Its weights come from DDR; its input and output stand in the memory tiles, unless they are the network's,
// which stand in DDR. Over all mappings (the axis of the output that columns and rows of the array split) the smallest
// of the largest of
//   compute   kernels of the fullest core
//   input     what the fullest core reads, with its weights over all inbound channels, of a product over one; or all
//             cores through the channels of the memory tiles
//   output    likewise, outwards
//   weights   those of the fullest core over one channel, or with its input over all
//   ddr       compulsory bytes (compulsory.h) at the rate of DDR
// In a network a layer can take less: the one before it hides its weights, and a neighbour may compute it on its way.
#pragma once
#include <string>

#include "sim/arch/array_spec.h"
#include "sim/cost/compulsory.h"
#include "sim/cost/latency_model.h"

namespace tessera::cost {

struct AloneBound {
  double us = 0;
  std::string by;       // which of the above
  std::string mapping;  // "cols=height rows=channels"
};

// `mask`: of a convolution, else empty.
AloneBound alone_bound(const network::Layer& layer, const sparsity::KernelMask& mask, const LayerTraffic& traffic,
                       const arch::ArraySpec& array, const LatencyModel& latency_model, bool products);

// Cycles that all shim channels together need to read and write so many bytes of DDR, at best.
double ddr_cycles(const arch::ArraySpec& array, Bytes read, Bytes written);

// The largest sum of parts on one of `machines`, however the parts are dealt out, is at least this.
std::int64_t fullest(std::vector<std::int64_t> parts, std::int64_t machines);

}  // namespace tessera::cost

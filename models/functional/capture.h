// Collects the elements of every tensor as they arrive at their placements (descriptors with Payload::result).
#pragma once
#include <vector>

#include "sim/exec/backend.h"

namespace tessera::models {

class Capture {
 public:
  explicit Capture(const program::Program& program) : program_(program), tensors_(program.layers.size()) {}
  // False when the region does not lie in the tensor or its size is not that of the transfer.
  bool fits(const program::Transfer& transfer) const;
  // Bytes [position, position + n) of a transfer's stream have arrived.
  void take(const program::Transfer& transfer, Bytes position, Bytes n, const std::uint8_t* bytes,
            program::EngineId engine);
  std::vector<exec::CapturedTensor> take_all();

 private:
  const program::Program& program_;
  std::vector<exec::CapturedTensor> tensors_;  // by tensor; empty until something arrives
};

}  // namespace tessera::models

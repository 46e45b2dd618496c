// Weighs every division of the output among columns and rows, except those that differ from another one only in that a
// column finds nothing in its own memory tile. Where nothing speaks for the width tensors stand in bands of the height:
// halos are whole rows.
#include "sim/schedule/policy.h"

namespace tessera::schedule {
namespace {

class BestPolicy : public Policy {
 public:
  std::vector<Mapping> mappings(bool square, Axis input_bands, Axis output_bands) const override {
    std::vector<Mapping> list;
    for (Axis cols : {Axis::height, Axis::width, Axis::channels}) {
      if (square && cols != Axis::channels && cols != input_bands && cols != output_bands) continue;
      for (Axis rows : {Axis::channels, Axis::height, Axis::width}) list.push_back({cols, rows});
    }
    return list;
  }
  Axis bands() const override { return Axis::height; }
  bool weighs_bands() const override { return true; }
  bool fuses() const override { return true; }
  bool balances() const override { return true; }
  bool alternates() const override { return true; }
  bool joins() const override { return true; }
  bool tiles_in_depth() const override { return true; }
};

}  // namespace

const Policy& best_policy() {
  static const BestPolicy policy;
  return policy;
}

}  // namespace tessera::schedule

// Weighs every division of the output among columns and rows; tensors stand in bands of the height, because halos are
// then whole rows.
#include "sim/schedule/policy.h"

namespace tessera {
namespace {

class BestPolicy : public Policy {
 public:
  std::vector<Mapping> mappings(const Layer&) const override {
    std::vector<Mapping> list;
    for (Axis cols : {Axis::height, Axis::channels})
      for (Axis rows : {Axis::channels, Axis::height, Axis::width}) list.push_back({cols, rows});
    return list;
  }
  Axis bands() const override { return Axis::height; }
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

}  // namespace tessera

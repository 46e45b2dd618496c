// The mapping of the published estimates: columns over the width, rows over output channels, layer after layer.
#include "sim/schedule/policy.h"

namespace tessera::schedule {
namespace {

class PublishedPolicy : public Policy {
 public:
  std::vector<Mapping> mappings(bool, Axis, Axis) const override { return {{Axis::width, Axis::channels}}; }
  Axis bands() const override { return Axis::width; }
  bool weighs_bands() const override { return false; }
  bool fuses() const override { return false; }
  bool balances() const override { return false; }
  bool alternates() const override { return false; }
  bool joins() const override { return false; }
  bool tiles_in_depth() const override { return false; }
};

}  // namespace

const Policy& published_policy() {
  static const PublishedPolicy policy;
  return policy;
}

}  // namespace tessera::schedule

// The mapping of the published estimates: columns over the width, rows over output channels, layer after layer.
#include "sim/schedule/policy.h"

namespace tessera::schedule {
namespace {

class PublishedPolicy : public Policy {
 public:
  std::vector<mapping::Sharding> shardings(bool, mapping::Axis, mapping::Axis) const override {
    return {{mapping::Axis::width, mapping::Axis::channels}};
  }
  mapping::Axis axis() const override { return mapping::Axis::width; }
  bool weighs_axes() const override { return false; }
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

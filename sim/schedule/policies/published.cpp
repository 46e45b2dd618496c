// The mapping of the published estimates: columns over the width, rows over output channels, layer after layer.
#include "sim/schedule/whole_network.h"

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
  bool evens_channels() const override { return false; }
  bool searches() const override { return false; }
};

Expected<Schedule> decide_published(const Request& request, const arch::ArraySpec& array) {
  return run_passes(request, array, PublishedPolicy());
}

const bool registered_published =
    register_policy({"published", "the mapping of the published estimates", false, false, true, false, false, true,
                     "mostly too high (results/bounds)", whole_network_problems, decide_published});

}  // namespace
}  // namespace tessera::schedule

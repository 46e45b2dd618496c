// Weighs every division of the output among columns and rows, except those that differ from another one only in that a
// column finds nothing in its own memory tile. Where nothing speaks for the width tensors are spread by their height:
// halos are whole rows.
#include "sim/schedule/whole_network.h"

namespace tessera::schedule {
namespace {

class BestPolicy : public Policy {
 public:
  std::vector<mapping::Sharding> shardings(bool square, mapping::Axis input_axis,
                                           mapping::Axis output_axis) const override {
    std::vector<mapping::Sharding> list;
    for (mapping::Axis cols : {mapping::Axis::height, mapping::Axis::width, mapping::Axis::channels}) {
      if (square && cols != mapping::Axis::channels && cols != input_axis && cols != output_axis) continue;
      for (mapping::Axis rows : {mapping::Axis::channels, mapping::Axis::height, mapping::Axis::width})
        list.push_back({cols, rows});
    }
    return list;
  }
  mapping::Axis axis() const override { return mapping::Axis::height; }
  bool weighs_axes() const override { return true; }
  bool fuses() const override { return true; }
  bool balances() const override { return true; }
  bool alternates() const override { return true; }
  bool joins() const override { return true; }
  bool tiles_in_depth() const override { return true; }
  bool evens_channels() const override { return true; }
  bool searches() const override { return true; }
};

Expected<Schedule> decide_best(const Request& request, const arch::ArraySpec& array) {
  return run_passes(request, array, BestPolicy());
}

const bool registered_best =
    register_policy({"best", "the cheapest of all divisions and tiles", true, true, true, false, false, false,
                     "mostly too high (results/bounds)", whole_network_problems, decide_best, true});

}  // namespace
}  // namespace tessera::schedule

#include "sim/validation/predict.h"

#include <cctype>

namespace tessera::validation {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// A machine that the platform names and that is not the one of its group; empty: none.
std::string other_machine(const MeasuredRow& row, const ValidationSetup& setup) {
  const std::string platform = lower(row.platform);
  std::string other;
  for (const auto& [machine, names] : setup.machines)
    for (const std::string& name : names) {
      if (platform.find(lower(name)) == std::string::npos) continue;
      if (machine == setup.groups.at(row.group).machine) return "";
      other = machine;
    }
  return other;
}

}  // namespace

Expected<Prediction> predict(const MeasuredRow& row, const ValidationSetup& setup) {
  if (setup.groups.count(row.group) == 0)
    return skip("no design of group " + row.group + " in configs/validation/designs.json");
  const std::string other = other_machine(row, setup);
  if (!other.empty())
    return skip("platform " + row.platform + " is " + other + ", group " + row.group + " is modelled as " +
                setup.groups.at(row.group).machine);
  auto array = array_of(row, setup);
  if (!array && array.failure().code == ExitCode::does_not_fit) return skip(describe(array.failure()));
  if (!array) return array.failure();
  switch (row.row_class()) {
    case RowClass::micro:
      return predict_micro(row, setup, *array);
    case RowClass::kernel:
      return predict_kernel(row, setup, *array);
    case RowClass::gemm:
      return predict_gemm(row, setup, *array);
    case RowClass::bottleneck:
      return predict_bottleneck(row, setup, *array);
    case RowClass::network:
      return predict_network(row, setup, *array);
  }
  return skip("unknown class");
}

}  // namespace tessera::validation

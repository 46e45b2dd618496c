#include "sim/program/program.h"

namespace tessera::program {

Bytes Access::stream_bytes() const {
  Bytes n = 1;
  for (int d = 0; d < rank; ++d) n *= Bytes{dims[d].count} + dims[d].pad_before + dims[d].pad_after;
  return n;
}

Bytes Access::memory_bytes() const {
  Bytes n = 1;
  for (int d = 0; d < rank; ++d) n *= dims[d].count;
  return n;
}

bool Access::one_run() const {
  std::int64_t run = 1;
  for (int d = 0; d < rank; ++d) {
    const AccessDim& m = dims[static_cast<std::size_t>(d)];
    if (m.pad_before != 0 || m.pad_after != 0 || (m.count > 1 && m.step != run)) return false;
    run *= m.count;
  }
  return true;
}

std::int64_t Access::end() const {
  std::int64_t last = base;
  for (int d = 0; d < rank; ++d) {
    if (dims[d].count == 0) return base;
    last += (std::int64_t{dims[d].count} - 1) * dims[d].step;
  }
  return last + 1;
}

const char* control_name(ControlKind kind) {
  static const std::array<const char*, arch::control_kinds> names{"write", "patch", "set", "push", "await", "switch"};
  return names[static_cast<std::size_t>(kind)];
}

const char* lock_role_name(LockRole r) {
  static const char* const names[] = {"unused",        "input_full",   "input_empty",   "weights_full",
                                      "weights_empty", "operand_full", "operand_empty", "output_full",
                                      "output_empty",  "staging_full", "staging_empty"};
  return names[static_cast<int>(r)];
}

namespace {
void append(const std::vector<Step>& steps, std::size_t at, std::size_t end, std::vector<std::int32_t>& order) {
  while (at < end) {
    const Step& s = steps[at++];
    if (s.index >= 0) {
      order.push_back(s.index);
      continue;
    }
    const std::size_t body = at + static_cast<std::size_t>(s.body);
    for (int i = 0; i < s.repeat; ++i) append(steps, at, body, order);
    at = body;
  }
}
}  // namespace

std::vector<std::int32_t> execution_order(const std::vector<Step>& steps) {
  std::vector<std::int32_t> order;
  append(steps, 0, steps.size(), order);
  return order;
}

}  // namespace tessera::program

#include <algorithm>
#include <cstring>

#include "sim/exec/backend.h"

namespace tessera::exec {

const char* cause_name(Cause c) {
  switch (c) {
    case Cause::busy:
      return "busy";
    case Cause::wait_input:
      return "wait_input";
    case Cause::wait_weights:
      return "wait_weights";
    case Cause::wait_operand:
      return "wait_operand";
    case Cause::wait_output:
      return "wait_output";
    case Cause::wait_staging:
      return "wait_staging";
    case Cause::wait_token:
      return "wait_token";
    case Cause::wait_control:
      return "wait_control";
    case Cause::wait_stream:
      return "wait_stream";
    case Cause::bank_conflict:
      return "bank_conflict";
    case Cause::overhead:
      return "overhead";
    case Cause::idle:
      return "idle";
    case Cause::count:
      break;
  }
  return "?";
}

std::vector<Cause> causes_by_name() {
  std::vector<Cause> causes;
  for (int c = 0; c < cause_count; ++c) causes.push_back(static_cast<Cause>(c));
  std::sort(causes.begin(), causes.end(),
            [](Cause a, Cause b) { return std::strcmp(cause_name(a), cause_name(b)) < 0; });
  return causes;
}

}  // namespace tessera::exec

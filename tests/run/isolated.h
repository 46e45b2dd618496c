// One simulation of a test in a child of its own, waited for.
#pragma once
#include "sim/run/isolate.h"

namespace tessera {

inline Expected<nlohmann::json> isolated(const std::function<Expected<nlohmann::json>()>& work) {
  return run::IsolatedTask(work).wait();
}

}  // namespace tessera

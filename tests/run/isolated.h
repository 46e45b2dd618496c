// One simulation of a test in a child of its own, waited for; what it found out comes back as result.json has it.
#pragma once
#include "sim/result/json.h"
#include "sim/run/isolate.h"

namespace tessera {

inline nlohmann::json as_json(const nlohmann::json& value) { return value; }
inline nlohmann::json as_json(const result::DensityResult& density) { return result::to_json(density); }

template <class Work>
Expected<nlohmann::json> isolated(const Work& work) {
  const Expected<std::string> text = run::IsolatedTask([&]() -> Expected<std::string> {
                                       const auto found = work();
                                       if (!found) return found.failure();
                                       return as_json(*found).dump();
                                     }).wait();
  if (!text) return text.failure();
  return nlohmann::json::parse(*text);
}

}  // namespace tessera

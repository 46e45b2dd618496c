// Resolves the points of a sweep against one base config. Masks depend on network and sparsity only, everything else
// never on sparsity: each half is resolved once, and a point is put together from two halves that were legal. A point
// with a half that is not is resolved as a whole, for its own messages.
#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "explore/runner.h"
#include "sim/run/pipeline.h"

namespace tessera::explore {

// What a point takes from one of its halves.
struct ResolvedHalf {
  bool legal = false;
  run::JsonParts config;   // members of the resolved document
  run::JsonParts content;  // what is hashed into the key
  std::string baseline_key;
};

// Halves by the overrides they were made of; forgets all of them when they become too large.
class HalfCache {
 public:
  const ResolvedHalf& get(const Overrides& overrides, const std::function<ResolvedHalf(const Overrides&)>& make);

 private:
  std::map<std::string, ResolvedHalf> halves_;
  std::size_t bytes_ = 0;
};

class PointResolver {
 public:
  // `base` is the run config; values of `network`, `hardware` and `sparsity.mask_file` that are paths start at
  // `folder`.
  PointResolver(std::string base, std::string folder) : base_(std::move(base)), folder_(std::move(folder)) {}

  Expected<ResolvedPoint> resolve(const Overrides& overrides);
  Expected<ResolvedPoint> resolve_whole(const Overrides& overrides) const;

 private:
  Expected<run::RunConfig> load(const Overrides& overrides) const;
  ResolvedHalf machine_half(const Overrides& overrides) const;
  ResolvedHalf mask_half(const Overrides& overrides) const;

  std::string base_, folder_;
  HalfCache machines_, masks_;
};

}  // namespace tessera::explore

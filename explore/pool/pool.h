// Runs many points, each in a process of its own, `workers` at a time. One thread, one poll loop; the sink stores each
// finished run before the next event is looked at.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "explore/pool/attempt.h"
#include "explore/store/record.h"

namespace tessera::explore {

struct PoolOptions {
  int workers = 1;
  Limits limits;
  std::string build;                      // written into every record
  std::function<void()> in_child;         // called in the child first (close inherited descriptors)
  std::function<void(int running)> tick;  // about ten times a second and after every run
};

// The next run to do (key, density and config are set), or nothing when there are no more.
using RunSource = std::function<Expected<std::optional<RunRecord>>()>;
using RunSink = std::function<std::optional<Failure>(const RunRecord&)>;

enum class PoolEnd { finished, interrupted };

// Until the source is empty, or a StopSignal of the caller is raised (unfinished runs are killed and stay pending), or
// the sink fails (likewise; its failure is returned).
Expected<PoolEnd> run_pool(const RunSource& source, const PointRunner& runner, const RunSink& sink,
                           const PoolOptions& options);

}  // namespace tessera::explore

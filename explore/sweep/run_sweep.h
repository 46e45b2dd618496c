// Runs a sweep in its folder: lock, plan, pool, table. What is done already is skipped.
#pragma once
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "explore/pool/pool.h"
#include "explore/store/store.h"
#include "explore/sweep/sweep_file.h"

namespace tessera::explore {

struct SweepOptions {
  std::string folder;  // of the sweep's results
  int workers = 1;
  std::string build;             // which build of the simulator this is
  std::FILE* messages = stderr;  // progress and notices
  bool terminal = false;         // redraw one line
};

struct SweepEnd {
  bool interrupted = false;
  Counts counts;
  std::map<std::string, int> marks;  // points of the table by what their masks are marked with (column mask_marks)
};

Expected<SweepEnd> run_sweep(const Sweep& sweep, const PointRunner& runner, const SweepOptions& options);

// Called while runs are made.
struct RunWatch {
  std::function<void(const RunRecord&)> finished;  // it is stored
  std::function<void()> tick;                      // about ten times a second
};

// Runs the pending runs of an open store (a sweep's, or one generation of a search).
Expected<PoolEnd> run_pending(Store& store, const Limits& limits, const PointRunner& runner,
                              const SweepOptions& options, int lock_descriptor, const RunWatch& watch);

// Says how many planned runs only the sweep file can bring back.
void name_missing(const Store& store, const SweepOptions& options);

// Makes the failed runs of the sweep in options.folder again, then what is still pending.
Expected<SweepEnd> retry_sweep(const PointRunner& runner, const SweepOptions& options);

// Writes the plan of a sweep into its store.
std::optional<Failure> store_plan(Store& store, const Sweep& sweep, const PointRunner& runner,
                                  const SweepOptions& options);

// The failure of a sweep whose plan was made once and holds no point any more.
std::optional<Failure> emptied_plan(const Store& store, const std::string& folder);

// Writes axes.json: what figures say of an axis that they hold at one value. Keeps the accuracies of the sweep.
std::optional<Failure> write_axes(const Sweep& sweep, const PointRunner& runner, const std::string& folder);

// Writes table.csv from the store, and says what is in it.
Expected<SweepEnd> collect(const Store& store, const std::string& folder, bool interrupted);

}  // namespace tessera::explore

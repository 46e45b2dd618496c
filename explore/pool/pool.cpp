#include "explore/pool/pool.h"

#include <poll.h>

#include <algorithm>
#include <vector>

#include "explore/pool/stop_signal.h"

namespace tessera::explore {
namespace {

struct Worker {
  RunRecord run;
  Attempt attempt;
};

void write_verdict(RunRecord& run, Verdict verdict) {
  run.status = verdict.status;
  run.reason = verdict.reason;
  run.seconds = verdict.seconds;
  run.memory_mb = verdict.memory_mb;
  if (run.status != status::done) return;
  run.program_hash = std::move(verdict.result.program_hash);
  run.layers = std::move(verdict.result.layers);
  run.result = std::move(verdict.result.row);
}

// Sleeps until a child says something, a deadline passes, or a tenth of a second is over.
void wait_for_news(const std::vector<Worker>& workers) {
  std::vector<pollfd> files;
  auto until = Attempt::Clock::now() + std::chrono::milliseconds(100);
  for (const Worker& w : workers) {
    if (w.attempt.descriptor() >= 0)
      files.push_back({w.attempt.descriptor(), POLLIN, 0});
    else
      until = std::min(until, Attempt::Clock::now() + std::chrono::milliseconds(2));  // about to be reaped
    until = std::min(until, w.attempt.deadline());
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Attempt::Clock::now()).count() + 1;
  ::poll(files.data(), files.size(), static_cast<int>(std::clamp<long>(left, 0, 101)));
}

Expected<Attempt> launch(const RunRecord& run, const PointRunner& runner, const PoolOptions& options) {
  const auto work = [&]() -> Expected<result::StoredRow> {
    Json config = Json::parse(run.config, nullptr, false);
    if (config.is_discarded()) return fail(ExitCode::internal, {"", run.key, "the stored config is not JSON", ""});
    return runner.run(config, run.dense);
  };
  return Attempt::start(work, options.limits, options.in_child);
}

}  // namespace

Expected<PoolEnd> run_pool(const RunSource& source, const PointRunner& runner, const RunSink& sink,
                           const PoolOptions& options) {
  std::vector<Worker> workers;
  bool more = true;
  while (more || !workers.empty()) {
    while (more && static_cast<int>(workers.size()) < options.workers && !StopSignal::raised()) {
      auto next = source();
      if (!next) return next.failure();
      if (!*next) {
        more = false;
        break;
      }
      RunRecord run = std::move(**next);
      run.build = options.build;
      auto attempt = launch(run, runner, options);
      if (!attempt) return attempt.failure();
      workers.push_back({std::move(run), std::move(*attempt)});
    }
    if (StopSignal::raised()) return PoolEnd::interrupted;  // workers are killed by their destructors
    if (workers.empty()) break;
    wait_for_news(workers);
    for (std::size_t w = 0; w < workers.size();) {
      std::optional<Verdict> verdict = workers[w].attempt.poll();
      if (!verdict) {
        ++w;
        continue;
      }
      RunRecord& run = workers[w].run;
      ++run.attempts;
      if (worth_retrying(verdict->status) && verdict->status != status::failed &&
          run.attempts <= options.limits.retries) {
        auto again = launch(run, runner, options);
        if (!again) return again.failure();
        workers[w].attempt = std::move(*again);
        ++w;
        continue;
      }
      if (verdict->status == status::done && runner.done) runner.done(run.key, verdict->result);
      write_verdict(run, std::move(*verdict));
      if (auto failure = sink(run)) return *failure;
      workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(w));
    }
    if (options.tick) options.tick(static_cast<int>(workers.size()));
  }
  return PoolEnd::finished;
}

}  // namespace tessera::explore

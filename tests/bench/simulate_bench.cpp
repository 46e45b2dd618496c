// How fast is a simulation, and how much memory does it take? Every simulation runs in a forked child, as in a run.
// Limits: ResNet50 on 4x4, both densities, 1 s and 300 MB; on VE2802 10 s. Scheduling it: 2 s on 4x4, 10 s on VE2802.
// Reported per benchmark: time of one simulation (schedule included where the name says so), simulated cycles, events,
// the child's peak memory in MB and its processor time (on a busy machine the better figure).
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "sim/compile/compile.h"
#include "sim/config/hardware.h"
#include "sim/exec/backend.h"
#include "sim/network/network_file.h"
#include "sim/reference/network_data.h"
#include "sim/run/functional.h"
#include "sim/sparsity/mask_spec.h"
#include "sim/verify/verify.h"

namespace tessera {
namespace {

struct Job {
  const char* network;
  const char* hardware;
  std::vector<std::string> sets;
  double ratio;
  exec::Fidelity fidelity;
  bool functional;
};

template <class T>
T get(Expected<T> value) {
  if (value) return std::move(*value);
  std::fprintf(stderr, "%s\n", describe(value.failure()).c_str());
  std::exit(static_cast<int>(value.failure().code));
}

struct Input {
  network::Network network;
  arch::ArraySpec array;
  std::vector<std::optional<sparsity::BlockMask>> masks;
};

Input load(const Job& job) {
  Input in{get(network::load_network(std::string("configs/networks/") + job.network + ".json")),
           get(load_hardware(std::string("configs/hardware/") + job.hardware + ".json", job.sets)),
           {}};
  sparsity::MaskSpec spec;
  spec.ratio = job.ratio;
  in.masks = get(make_masks(in.network, spec));
  return in;
}

struct Figures {
  double cycles = 0, events = 0, megabytes = 0, cpu_ms = 0;
};

Figures run(const Job& job, const Input& in, const schedule::Schedule& schedule,
            const cost::LatencyModel& latency_model) {
  exec::SimOptions options;
  options.fidelity = job.fidelity;
  options.functional = job.functional;
  exec::DdrImage image;
  if (job.functional) image = run::build_ddr_image(schedule.program, reference::make_data(in.network, in.masks, 1));
  const exec::SimResult r =
      get(simulate(schedule.program, in.array, kernel_durations(schedule.program, latency_model), options, image));
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return {static_cast<double>(r.total) / 1000, static_cast<double>(r.events), static_cast<double>(use.ru_maxrss) / 1024,
          ms(use.ru_utime) + ms(use.ru_stime)};
}

template <class Work>
Figures in_child(Work work) {
  int fd[2];
  if (pipe(fd) != 0) std::exit(1);
  const pid_t child = fork();
  if (child == 0) {
    const Figures f = work();
    _exit(write(fd[1], &f, sizeof f) == sizeof f ? 0 : 1);
  }
  Figures f;
  const bool answered = read(fd[0], &f, sizeof f) == sizeof f;
  int status = 0;
  waitpid(child, &status, 0);
  close(fd[0]);
  close(fd[1]);
  if (!answered || status != 0) std::exit(1);
  return f;
}

void report(benchmark::State& state, const Figures& f) {
  state.counters["cycles"] = f.cycles;
  state.counters["events"] = f.events;
  state.counters["MB"] = f.megabytes;
  state.counters["cpu_ms"] = f.cpu_ms;
}

// The simulation alone.
void simulation(benchmark::State& state, const Job& job) {
  const Input in = load(job);
  const cost::LatencyModel& latency_model = *get(cost::find_latency_model(in.array.kernels));
  const schedule::Schedule schedule = get(compile::make_schedule(in.network, in.masks, in.array, latency_model, {}));
  Figures f;
  for (auto _ : state) f = in_child([&] { return run(job, in, schedule, latency_model); });
  report(state, f);
}

// Schedule and simulation, dense and then with half of the blocks zero.
void both(benchmark::State& state, Job job) {
  const Input dense = load(job);
  job.ratio = 0.5;
  const Input sparse = load(job);
  const cost::LatencyModel& latency_model = *get(cost::find_latency_model(dense.array.kernels));
  Figures f;
  for (auto _ : state) {
    const auto density = [&](const Input& in) {
      return in_child([&] {
        return run(job, in, get(compile::make_schedule(in.network, in.masks, in.array, latency_model, {})),
                   latency_model);
      });
    };
    f = density(dense);
    f.cpu_ms += density(sparse).cpu_ms;
  }
  report(state, f);
}

// The schedule alone.
void scheduling(benchmark::State& state, const Job& job) {
  const Input in = load(job);
  const cost::LatencyModel& latency_model = *get(cost::find_latency_model(in.array.kernels));
  for (auto _ : state)
    benchmark::DoNotOptimize(get(compile::make_schedule(in.network, in.masks, in.array, latency_model, {})));
}

// The verifier alone; `of_scheduling` is its processor time in those of the schedule it judges.
void verifying(benchmark::State& state, const Job& job) {
  const Input in = load(job);
  const cost::LatencyModel& latency_model = *get(cost::find_latency_model(in.array.kernels));
  const std::clock_t start = std::clock();
  const schedule::Schedule schedule = get(compile::make_schedule(in.network, in.masks, in.array, latency_model, {}));
  const std::clock_t scheduled = std::clock();
  for (auto _ : state)
    if (verify::verify(schedule.program, in.array)) state.SkipWithError("the verifier refuses the schedule");
  const double each = static_cast<double>(std::clock() - scheduled) / static_cast<double>(state.iterations());
  state.counters["of_scheduling"] = each / static_cast<double>(scheduled - start);
}

const Job base{"resnet50", "aie2", {"rows=4", "cols=4"}, 0, exec::Fidelity::burst, false};
Job with(exec::Fidelity fidelity, double ratio, bool functional = false) {
  Job job = base;
  job.fidelity = fidelity;
  job.ratio = ratio;
  job.functional = functional;
  return job;
}
Job on(const char* hardware, double ratio = 0) {
  Job job = base;
  job.ratio = ratio;
  job.hardware = hardware;
  job.sets = {"kernels=peak"};
  return job;
}

BENCHMARK_CAPTURE(simulation, resnet50_4x4_burst_dense, with(exec::Fidelity::burst, 0))
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(simulation, resnet50_4x4_burst_half, with(exec::Fidelity::burst, 0.5))
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(simulation, resnet50_4x4_transaction_dense, with(exec::Fidelity::transaction, 0))
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(simulation, resnet50_4x4_functional_dense, with(exec::Fidelity::burst, 0, true))
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(simulation, resnet50_ve2802_burst_dense, on("ve2802"))->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(scheduling, resnet50_4x4_dense, with(exec::Fidelity::burst, 0))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scheduling, resnet50_4x4_half, with(exec::Fidelity::burst, 0.5))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scheduling, resnet50_ve2802_dense, on("ve2802"))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scheduling, resnet50_ve2802_half, on("ve2802", 0.5))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(verifying, resnet50_4x4_half, with(exec::Fidelity::burst, 0.5))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(verifying, resnet50_ve2802_half, on("ve2802", 0.5))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(both, resnet50_4x4_schedule_and_simulate, base)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(both, resnet50_ve2802_schedule_and_simulate, on("ve2802"))
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace tessera

BENCHMARK_MAIN();

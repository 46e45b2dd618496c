// first_steps CONFIG [KEY=VALUE...]: the latencies of a run, and its slowest layer.
#include <tessera/tessera.h>

#include <cstdio>

namespace library = tessera::library;

template <class T>
int refuse(const library::Outcome<T>& outcome) {
  for (const library::Problem& p : outcome.problems)
    std::fprintf(stderr, "%s %s %s %s\n", p.file.c_str(), p.path.c_str(), p.what.c_str(), p.legal.c_str());
  return outcome.exit_code;
}

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: first_steps CONFIG [KEY=VALUE...]\n"), 2;
  const auto config = library::read(argv[1], {argv + 2, argv + argc});
  if (!config) return refuse(config);
  const auto run = library::simulate(*config);
  if (!run) return refuse(run);
  const library::Layer* slowest = nullptr;
  for (const library::Layer& layer : run->sparse->layers)
    if (slowest == nullptr || layer.end_us - layer.start_us > slowest->end_us - slowest->start_us) slowest = &layer;
  std::printf("%s on %s\n", config->network.c_str(), config->hardware.c_str());
  std::printf("dense %.17g us, sparse %.17g us, speed-up %.17g\n", run->dense->latency_us, run->sparse->latency_us,
              run->numbers.at("speedup"));
  std::printf("slowest: %s, waits for input %.17g cycles\n", slowest->name.c_str(),
              slowest->numbers.at("time.wait_input"));
}

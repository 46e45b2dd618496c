// Does the first screen say where a speed-up comes from that is not of the zeros?
#include <catch2/catch.hpp>

#include "sim/cli/run_report.h"

using namespace tessera;
using Catch::Contains;

TEST_CASE("Code that the dense and the sparse network do not load equally often is told") {
  const auto screen = [](std::int64_t dense, std::int64_t sparse) {
    result::RunResult run;
    run.program.emplace();
    run.dense.emplace().program_memory = result::ProgramMemory{16384, 14000, dense, 687, 0};
    run.sparse.emplace().program_memory = result::ProgramMemory{16384, 15000, sparse, 687, 0};
    return cli::run_report(run);
  };
  CHECK_THAT(screen(1, 0), Contains("14,000 of 16,384 B, other code is loaded once while it runs, for 687 us; 1 times "
                                    "dense and 0 sparse, which is part of the speed-up and not of the zeros"));
  CHECK_THAT(screen(1, 1), Contains("for 687 us\n"));
  CHECK_THAT(screen(0, 0), Contains("loaded once, with the design\n"));
}

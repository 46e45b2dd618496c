// What `tessera engine` found out: a network on the open engine, with compute and without.
#pragma once
#include "sim/result/metric.h"

namespace tessera::result {

struct EngineFigures {
  double latency_us = 0, total_us = 0;
  std::int64_t tasks = 0, tokens = 0;
  Bytes instruction_bytes = 0, ddr_bytes = 0;
};
struct EngineResult {
  std::string network, variant;
  EngineFigures compute, no_compute;
};

const std::vector<Metric<EngineResult>>& engine_metrics();
const std::vector<Metric<EngineFigures>>& engine_figure_metrics();  // of `compute` and `no_compute`

std::string json_text(const EngineResult& result);

// What a child process hands to its parent.
std::string pack(const EngineFigures& figures);
EngineFigures unpack_engine(const std::string& bytes);

}  // namespace tessera::result

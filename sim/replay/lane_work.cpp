#include "sim/replay/lane_work.h"

#include <algorithm>
#include <cmath>

namespace tessera::replay {
namespace {

constexpr Bytes pool_descriptor = 96;
constexpr Bytes add_descriptor = 160;

std::int64_t share_of(std::int64_t count, double density) {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(count) * density - 1e-9));
}

LayerWork frame(const TraceLayer& l) {
  LayerWork work;
  work.layer = l.id;
  work.load = l.load;
  work.loadw = l.loadw;
  work.write = l.write;
  const std::vector<bool> loads = weight_loads(l);
  for (std::size_t i = 0; i < l.passes.size(); ++i) {
    PassWork p;
    p.iterations = l.passes[i].iterations;
    p.overlapped = l.passes[i].overlapped;
    p.input = volume_bytes(l.core_input, l.op) * (l.op == network::Op::add ? 2 : 1);
    p.output = volume_bytes(l.core_output, l.op);
    p.operations = l.core_input.elements();
    if (l.op == network::Op::conv2d) {
      if (loads[i]) p.weights = weight_bytes(l.core_weights, l.density, i == 0);
      p.operations = share_of(p.operations * l.core_weights.kh * l.core_weights.kw * l.core_weights.cin, l.density);
    } else if (i == 0) {
      p.weights = l.op == network::Op::add ? add_descriptor : pool_descriptor;
    }
    work.passes.push_back(p);
  }
  return work;
}

// Weight sub-volumes of one core, the slices in which each reads its input channels, and how often the column's output
// has to be written to be whole.
struct Needs {
  int sub_volumes = 1, slices = 1, outputs = 1;
  int sweeps() const { return std::max(sub_volumes * slices, outputs); }
};

Needs needs_of(const TraceLayer& l) {
  Needs n;
  n.sub_volumes = static_cast<int>(ceil_div(l.memtile_weights.cout, l.core_weights.cout) *
                                   ceil_div(l.memtile_weights.cin, l.core_weights.cin));
  n.slices = static_cast<int>(ceil_div(l.core_weights.cin, l.core_input.c));
  n.outputs = static_cast<int>(ceil_div(l.output.c, l.core_output.c));
  return n;
}

void complete(const TraceLayer& l, LayerWork& work) {
  const Needs needs = needs_of(l);
  const int charged = sweeps(l);
  const int total = std::max(charged, needs.sweeps());
  const std::int64_t pixels = std::int64_t{l.core_output.h} * l.core_output.w;
  const std::int64_t macs = share_of(pixels * l.memtile_weights.count(), l.density);
  for (PassWork& p : work.passes) p.operations = ceil_div(macs, total);

  // The sweep to repeat: the first one of the trace, whatever pieces it has.
  std::int64_t iterations = 0;
  for (const PassWork& p : work.passes) iterations += p.iterations;
  iterations /= charged;
  std::vector<PassWork> sweep;
  for (const PassWork& p : work.passes) {
    if (iterations <= 0) break;
    sweep.push_back(p);
    iterations -= p.iterations;
  }
  for (int s = charged; s < total; ++s) {
    const bool loads = s % needs.slices == 0 && s / needs.slices < needs.sub_volumes;
    bool first = true;
    for (PassWork p : sweep) {
      p.added = true;
      p.weights = loads && (first || p.weights > 0) ? weight_bytes(l.core_weights, l.density, false) : 0;
      if (s >= needs.outputs) p.output = 0;
      first = false;
      work.passes.push_back(p);
    }
  }
}

}  // namespace

Bytes weight_bytes(const WeightShape& w, double density, bool first) {
  const Bytes blocks = ceil_div(w.cout, 8) * ceil_div(w.cin, 8);
  return round_up(share_of(w.count(), density) + 4 * Bytes{w.cout} + 2 * blocks + (first ? 192 : 0), 16);
}

Bytes volume_bytes(const network::Shape& v, network::Op op) {
  return Bytes{v.h} * (op == network::Op::conv2d ? round_up(v.w, 8) : v.w) * v.c;
}

std::vector<LayerWork> published_work(const ScheduleTrace& trace) {
  std::vector<LayerWork> work;
  for (const TraceLayer& l : trace.layers) work.push_back(frame(l));
  return work;
}

std::vector<LayerWork> physical_work(const ScheduleTrace& trace) {
  std::vector<LayerWork> work = published_work(trace);
  for (std::size_t i = 0; i < work.size(); ++i)
    if (trace.layers[i].op == network::Op::conv2d) complete(trace.layers[i], work[i]);
  return work;
}

}  // namespace tessera::replay

#include "tests/verify/hand_program.h"

#include <set>
#include <stdexcept>
#include <tuple>

#include "sim/network/network_file.h"
#include "sim/program/builder.h"

namespace tessera {
namespace {

constexpr int width = 4, channels = 8, rows_per_core = 3;
constexpr Bytes row = width * channels, tensor = 6 * row, chunk_bytes = 32 + 576;
constexpr std::int64_t conv_home = 1024, sum_home = 2048, weights_home = 8192, ddr_chunk = 4096;
// Core memory.
constexpr int weights_at = 0, windows_at = 1024, results_at = 2048, firsts_at = 3072, seconds_at = 3584;

struct Author {
  explicit Author(const arch::ArraySpec& a) : b(a), m(b.map()) {}

  program::ProgramBuilder b;
  const program::EngineMap& m;
  std::set<std::tuple<program::EngineId, program::EngineId, int>> waited;

  program::Transfer move(program::RouteId route, std::int64_t base, Bytes bytes, program::TileId memory,
                         int layer) const {
    program::Transfer t;
    t.route = route;
    t.access = program::linear(base, bytes);
    t.memory = memory;
    t.layer = static_cast<std::int16_t>(layer);
    return t;
  }
  static program::Transfer holds(program::Transfer t, program::Payload payload, int of, int h0, int h1) {
    t.payload = payload;
    t.tensor = static_cast<std::int16_t>(of);
    t.region = {h0, h1, 0, width, 0, channels};
    return t;
  }

  // From DDR into the memory tile. Returns what to wait for.
  program::Wait fetch(int channel, std::int64_t from, std::int64_t to, Bytes bytes, program::Payload payload) {
    const program::EngineId shim = m.shim_channel(0, program::EngineKind::mm2s, channel);
    const program::EngineId mem = m.mem_channel(0, program::EngineKind::s2mm, channel);
    const program::RouteId route = b.route(shim, {mem});
    for (const program::EngineId e : {shim, mem}) {
      program::Transfer t = move(route, e == shim ? from : to, bytes, m.memory_tile(0), 1);
      t.payload = payload;
      if (payload == program::Payload::activations) t = holds(t, payload, 0, 0, 6);
      b.transfer(e, t);
    }
    return {mem, b.tasks(mem)};
  }

  // Rows [h0, h1) of a tensor in the memory tile to one port of a core, `pad` pixels of zeros around the tensor.
  void feed(int core, int port, int lock, int of, std::int64_t home, int h0, int h1, bool padded, int to,
            program::Wait ready, int layer) {
    const program::EngineId source = m.mem_channel(0, program::EngineKind::mm2s, core * 2 + port);
    const program::EngineId sink = m.tile_channel(core, 0, program::EngineKind::s2mm, port);
    const program::RouteId route = b.route(source, {sink});
    const int lo = std::max(h0, 0), hi = std::min(h1, 6);
    program::Transfer out =
        holds(move(route, home + lo * row, 0, m.memory_tile(0), layer), program::Payload::activations, of, lo, hi);
    out.access.rank = 3;
    out.access.dims[0] = {channels, 1, 0, 0};
    out.access.dims[1] = program::repeated(width, channels, padded ? 1 : 0, padded ? 1 : 0);
    out.access.dims[2] = program::repeated(hi - lo, row, lo - h0, h1 - hi);
    // A channel that has waited for something once need not wait for it again.
    const bool known = !waited.insert({source, ready.engine, ready.tasks}).second;
    b.transfer(source, out, known ? std::vector<program::Wait>{} : std::vector<program::Wait>{ready});
    program::Transfer in = holds(move(route, to, out.access.stream_bytes(), m.compute_tile(core, 0), layer),
                                 program::Payload::activations, of, lo, hi);
    in.acquire = {static_cast<std::int16_t>(lock), 1};
    in.release = {static_cast<std::int16_t>(lock + 1), 1};
    b.transfer(sink, in);
  }

  // A row of a result to its placement. Returns what to wait for.
  program::Wait drain(int core, int of, std::int64_t home, int h, int from) {
    const program::EngineId source = m.tile_channel(core, 0, program::EngineKind::mm2s, 0);
    const program::EngineId sink = m.mem_channel(0, program::EngineKind::s2mm, 2 + core);
    const program::RouteId route = b.route(source, {sink});
    program::Transfer out =
        holds(move(route, from, row, m.compute_tile(core, 0), of), program::Payload::activations, of, h, h + 1);
    out.acquire = {7, 1};
    out.release = {6, 1};
    b.transfer(source, out);
    b.transfer(sink,
               holds(move(route, home + h * row, row, m.memory_tile(0), of), program::Payload::result, of, h, h + 1));
    return {sink, b.tasks(sink)};
  }

  program::KernelCall call(program::KernelKind kind, int layer, int h, int in_h, int in_w, int in, int result) const {
    program::KernelCall k;
    k.kind = kind;
    k.layer = static_cast<std::int16_t>(layer);
    k.out = {h, h + 1, 0, width, 0, channels};
    k.in_h = in_h;
    k.in_w = in_w;
    k.in_c = channels;
    k.in = in;
    k.result = result;
    return k;
  }
};

}  // namespace

Subject hand_made() {
  const Expected<network::Network> network =
      network::parse_network(nlohmann::json::parse(R"({"name": "hand", "input": [6, 4, 8], "layers": [
        {"name": "conv", "op": "conv2d", "channels": 8, "kernel": 3, "padding": 1},
        {"name": "sum", "op": "add", "inputs": ["input", "conv"], "relu": true}]})"),
                             "hand");
  if (!network) throw std::runtime_error(describe(network.failure()));
  Subject s{"hand-made", *network, {}, generic_array(2, 1), {}};
  s.masks.resize(network->layers.size());
  Author a(s.array);
  program::ProgramBuilder& b = a.b;
  program::Program& p = b.program();
  p.network = "hand";
  p.ddr_bytes = 8192;
  for (const network::Layer& l : network->layers) p.layers.push_back({l, -1, false, "", {}});
  program::ChunkPlace chunk;
  chunk.layer = 1;
  chunk.shape = {{0}, 0, 1, 9, true};
  chunk.size = {1, false, 32, 0, 576};
  chunk.ddr_address = ddr_chunk;
  p.chunks.push_back(chunk);
  const program::Region whole{0, 6, 0, width, 0, channels};
  p.pieces.push_back({0, whole, true, -1, program::linear(0, tensor)});
  p.pieces.push_back({1, whole, false, a.m.memory_tile(0), program::linear(conv_home, tensor)});
  p.pieces.push_back({2, whole, false, a.m.memory_tile(0), program::linear(sum_home, tensor)});

  const program::Wait input = a.fetch(0, 0, 0, tensor, program::Payload::activations);
  const program::Wait weights = a.fetch(1, ddr_chunk, weights_home, chunk_bytes, program::Payload::weights);
  const program::EngineId source = a.m.mem_channel(0, program::EngineKind::mm2s, 5);
  const std::vector<program::EngineId> sinks{a.m.tile_channel(0, 0, program::EngineKind::s2mm, 1),
                                             a.m.tile_channel(1, 0, program::EngineKind::s2mm, 1)};
  program::Transfer t = a.move(b.route(source, sinks), weights_home, chunk_bytes, a.m.memory_tile(0), 1);
  t.payload = program::Payload::weights;
  b.transfer(source, t, {weights});
  for (int core = 0; core < 2; ++core) {
    const program::EngineId id = a.m.core(core, 0);
    for (const auto& [lock, value, role] : {std::tuple{0, 2, program::LockRole::input_empty},
                                            {1, 0, program::LockRole::input_full},
                                            {2, 1, program::LockRole::weights_empty},
                                            {3, 0, program::LockRole::weights_full},
                                            {4, 2, program::LockRole::operand_empty},
                                            {5, 0, program::LockRole::operand_full},
                                            {6, 2, program::LockRole::output_empty},
                                            {7, 0, program::LockRole::output_full}})
      b.lock(a.m.compute_tile(core, 0), lock, value, role);
    t.access.base = weights_at;
    t.memory = a.m.compute_tile(core, 0);
    t.acquire = {2, 1};
    t.release = {3, 1};
    b.transfer(sinks[core], t);
    b.acquire(id, 3, 1, 1);
    std::vector<program::Wait> done;
    for (int i = 0; i < rows_per_core; ++i) {
      const int h = core * rows_per_core + i, slot = i % 2;
      a.feed(core, 0, 0, 0, 0, h - 1, h + 2, true, windows_at + slot * 256, input, 1);
      program::KernelCall k =
          a.call(program::KernelKind::conv, 1, h, 3, width + 2, windows_at + slot * 256, results_at + slot * 64);
      k.weights = weights_at;
      k.chunk = 0;
      b.acquire(id, 1, 1, 1);
      b.acquire(id, 6, 1, 1);
      b.call(id, k);
      b.release(id, 7, 1, 1);
      b.release(id, 0, 1, 1);
      done.push_back(a.drain(core, 1, conv_home, h, results_at + slot * 64));
    }
    b.release(id, 2, 1, 1);
    for (int i = 0; i < rows_per_core; ++i) {
      const int h = core * rows_per_core + i, slot = i % 2, out = (rows_per_core + i) % 2;
      a.feed(core, 0, 0, 0, 0, h, h + 1, false, firsts_at + slot * 64, input, 2);
      a.feed(core, 1, 4, 1, conv_home, h, h + 1, false, seconds_at + slot * 64, done[i], 2);
      program::KernelCall k =
          a.call(program::KernelKind::add, 2, h, 1, width, firsts_at + slot * 64, results_at + out * 64);
      k.in2 = seconds_at + slot * 64;
      b.acquire(id, 1, 1, 2);
      b.acquire(id, 5, 1, 2);
      b.acquire(id, 6, 1, 2);
      b.call(id, k);
      b.release(id, 7, 1, 2);
      b.release(id, 0, 1, 2);
      b.release(id, 4, 1, 2);
      a.drain(core, 2, sum_home, h, results_at + out * 64);
    }
  }
  s.program = b.finish();
  return s;
}

}  // namespace tessera

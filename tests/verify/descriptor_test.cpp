// Does every field of a descriptor refuse a value that it does not hold, naming engine, dimension, value and limit, and
// take the largest that it does? Is arithmetic on numbers of any size in a program exact?
#include <catch2/catch.hpp>
#include <limits>

#include "sim/program/builder.h"
#include "sim/verify/verify.h"
#include "tests/verify/subject.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::schedule;
using namespace tessera::sparsity;
using namespace tessera::verify;

namespace {

Access pattern(std::vector<AccessDim> dims, std::int64_t base = 0) {
  Access a;
  a.base = base;
  a.rank = static_cast<std::int8_t>(dims.size());
  std::copy(dims.begin(), dims.end(), a.dims.begin());
  return a;
}

// What the verifier says of one transfer between shim and memory tile, or memory tile and core, of one column.
enum class Ends { shim_to_memory, memory_to_core, core_to_memory };
std::string said(Ends ends, const Access& source, const Access& sink, Bytes ddr = Bytes{1} << 36) {
  ArraySpec a = generic_array(1, 1);
  a.tile.memory.size = a.memtile.memory.size = 1 << 28;
  ProgramBuilder b(a);
  const EngineMap& m = b.map();
  const EngineId core_in = m.tile_channel(0, 0, EngineKind::s2mm, 0),
                 core_out = m.tile_channel(0, 0, EngineKind::mm2s, 0);
  const EngineId mem_in = m.mem_channel(0, EngineKind::s2mm, 0), mem_out = m.mem_channel(0, EngineKind::mm2s, 0);
  const bool down = ends == Ends::shim_to_memory;
  const EngineId from = down                           ? m.shim_channel(0, EngineKind::mm2s, 0)
                        : ends == Ends::memory_to_core ? mem_out
                                                       : core_out;
  const EngineId to = ends == Ends::memory_to_core ? core_in : mem_in;
  Transfer t;
  t.route = b.route(from, {to});
  for (const auto& [engine, access] : {std::pair{from, source}, {to, sink}}) {
    t.memory = m.info(engine).tile;
    t.access = access;
    b.transfer(engine, t);
  }
  Program p = b.finish();
  p.tensors = false;
  p.ddr_bytes = ddr;
  const auto wrong = verify::verify(p, a);
  return wrong ? describe(*wrong) : "";
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("wraps of a shim") {
  const auto rows = [](int count) {
    return said(Ends::shim_to_memory, pattern({{4, 1}, {count, 8}, {2, 1 << 16}}), linear(0, 8 * count));
  };
  CHECK(rows(1023) == "");
  CHECK(has(rows(1024), "shim(0).mm2s0 step 0: wrap of 1024 elements in dimension 1; legal: up to 1023"));
  const auto run = [](int words) {
    return said(Ends::shim_to_memory, pattern({{4 * words, 1}, {2, 1 << 16}}), linear(0, 8 * words));
  };
  CHECK(run(1023) == "");
  CHECK(has(run(1024), "wrap of 1024 words in dimension 0"));
  // The last dimension has none; nor does a run that only seems to have dimensions.
  CHECK(said(Ends::shim_to_memory, pattern({{4, 1}, {1, 4}, {5000, 8}}), linear(0, 20000)) == "");
  CHECK(said(Ends::shim_to_memory, pattern({{8000, 1}, {5, 8000}}), linear(0, 40000)) == "");
  const auto iterated = [](int count) {
    return said(Ends::shim_to_memory, pattern({{4, 1}, {1, 4}, {1, 4}, {count, 0}}), linear(0, 4 * count));
  };
  CHECK(iterated(64) == "");
  CHECK(has(iterated(65), "iteration of 65 elements in dimension 3; legal: up to 64"));
}

TEST_CASE("wraps of a core and of a memory tile") {
  const auto core = [](int words) {
    return said(Ends::core_to_memory, pattern({{4 * words, 1}, {2, 1 << 12}}), linear(0, 8 * words));
  };
  CHECK(core(255) == "");
  CHECK(has(core(256), "tile(0,0).mm2s0 step 0: wrap of 256 words in dimension 0; legal: up to 255"));
  const auto memory = [](int rows) {
    return said(Ends::memory_to_core, pattern({{4, 1}, {2, 8}, {rows, 32}}), linear(0, 8 * rows));
  };
  CHECK(memory(1023) == "");
  CHECK(has(memory(1024), "mem(0,0).mm2s0 step 0: wrap of 1024 elements in dimension 2"));
}

TEST_CASE("steps of every tile") {
  const auto shim = [](int step) { return said(Ends::shim_to_memory, pattern({{4, 1}, {2, step}}), linear(0, 8)); };
  CHECK(shim(4 << 20) == "");
  CHECK(has(shim((4 << 20) + 4), "step of 1048577 words in dimension 1; legal: up to 1048576"));
  CHECK(has(shim(0), "step of 0 words in dimension 1"));
  const auto memory = [](int step) { return said(Ends::memory_to_core, pattern({{4, 1}, {2, step}}), linear(0, 8)); };
  CHECK(memory(4 << 17) == "");
  CHECK(has(memory((4 << 17) + 4), "step of 131073 words"));
  const auto core = [](int step) { return said(Ends::core_to_memory, pattern({{4, 1}, {2, step}}), linear(0, 8)); };
  CHECK(core(4 << 13) == "");
  CHECK(has(core((4 << 13) + 4), "step of 8193 words"));
}

TEST_CASE("padding of a memory tile") {
  const auto padded = [](int words, int columns, int rows) {
    const Access a = pattern({{8, 1, static_cast<std::int16_t>(4 * words), 0},
                              {2, 8, 0, static_cast<std::int16_t>(columns)},
                              {2, 16, static_cast<std::int16_t>(rows), 0}});
    return said(Ends::memory_to_core, a, linear(0, a.stream_bytes()));
  };
  CHECK(padded(63, 0, 0) == "");
  CHECK(padded(0, 31, 15) == "");
  CHECK(has(padded(64, 0, 0), "padding of 64 words in dimension 0; legal: up to 63"));
  CHECK(has(padded(0, 32, 0), "padding of 32 elements in dimension 1; legal: up to 31"));
  CHECK(has(padded(0, 0, 16), "padding of 16 elements in dimension 2; legal: up to 15"));
  CHECK(has(said(Ends::memory_to_core, pattern({{4, 1}, {1, 4}, {1, 4}, {2, 8, 1, 0}}), linear(0, 12)),
            "padding of 1 elements in dimension 3; legal: up to 0"));
  CHECK(has(said(Ends::core_to_memory, pattern({{4, 1, 4, 0}}), linear(0, 8)), "padding; legal: only outbound"));
}

TEST_CASE("lengths of every tile") {
  CHECK(said(Ends::shim_to_memory, linear(0, 524284), linear(0, 524284)) == "");
  CHECK(has(said(Ends::shim_to_memory, linear(0, 524288), linear(0, 524288)), "524288 bytes; legal: up to 524284"));
  CHECK(has(said(Ends::memory_to_core, linear(0, 65536), linear(0, 65536)), "65536 bytes; legal: up to 65532"));
}

TEST_CASE("no product or sum of what a program says is too large to be judged") {
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
  // 4 GB behind a DDR of 32 KB: the last address is no 32-bit number.
  CHECK(has(said(Ends::shim_to_memory, pattern({{4, 1}, {1, 4}, {1025, 4 << 20}}), linear(0, 4100), 32768),
            "addresses 0 to 4294967300; legal: 0 to 32768"));
  CHECK(has(said(Ends::shim_to_memory, pattern({{4, 1}, {1, 4}, {1 << 30, most / 4 * 4}}), linear(0, 4)),
            "; legal: up to"));
  CHECK(has(said(Ends::shim_to_memory, pattern({{most / 4 * 4, 1}, {most, 4}, {most, 4}}), linear(0, 4)),
            "more bytes than can be counted"));
  CHECK(has(said(Ends::shim_to_memory, linear(std::numeric_limits<std::int64_t>::max() / 4 * 4, 4), linear(0, 4)),
            "address"));
  CHECK(pattern({{most, 1, 1, 1}, {2, most}}).stream_bytes() == 2 * (std::int64_t{most} + 2));
  CHECK(pattern({{4, 1}, {3, most}}).end() == 2 * std::int64_t{most} + 4);
}

// Does the content hash see every change, and nothing but changes?
#include "sim/program/hash.h"

#include <catch2/catch.hpp>
#include <set>

#include "sim/program/text.h"
#include "tests/program/random_program.h"

using namespace tessera;
using namespace tessera::program;

TEST_CASE("the hash is that of the content, not of where it is stored") {
  const Program p = random_program(small_array(), 7, 30);
  CHECK(program_hash(p) == program_hash(Program(p)));
  const auto back = parse_program(write_program(p, small_array()), small_array());  // stores waits and calls anew
  REQUIRE(back);
  CHECK(program_hash(*back) == program_hash(p));
}

TEST_CASE("the hash is the same on every machine") { CHECK(hash_text(program_hash(Program{})) == "9b344c80686c10bb"); }

TEST_CASE("every single change is seen by the hash") {
  const Program p = random_program(small_array(), 8, 30);
  std::set<std::uint64_t> hashes{program_hash(p)};
  int changes = 0;
  const auto change = [&](auto&& edit) {
    Program q = p;
    edit(q);
    ++changes;
    hashes.insert(program_hash(q));
    CHECK(hashes.size() == static_cast<std::size_t>(changes) + 1);
  };
  const int channel = 6;  // the first channel behind the six cores
  const auto transfer = [&](auto&& edit) { change([&](Program& q) { edit(q.engines[channel].transfers[2]); }); };
  transfer([](Transfer& t) { t.access.base += 4; });
  transfer([](Transfer& t) { t.access.dims[0].count += 1; });
  transfer([](Transfer& t) { t.access.dims[0].step += 4; });
  transfer([](Transfer& t) { t.access.dims[0].pad_before += 1; });
  transfer([](Transfer& t) { t.access.dims[0].pad_after += 1; });
  transfer([](Transfer& t) { t.memory += 1; });
  transfer([](Transfer& t) { t.route += 1; });
  transfer([](Transfer& t) { t.descriptor = static_cast<std::int8_t>(t.descriptor + 1); });
  transfer([](Transfer& t) { t.acquire = {15, 9}; });
  transfer([](Transfer& t) { t.release = {15, 9}; });
  transfer([](Transfer& t) { t.layer = 77; });
  transfer([](Transfer& t) { t.payload = static_cast<Payload>((static_cast<int>(t.payload) + 1) % 4); });
  transfer([](Transfer& t) { t.tensor = 77; });
  transfer([](Transfer& t) { t.region.c1 += 8; });
  change([](Program& q) { q.engines[channel].steps.pop_back(); });
  change([](Program& q) { q.waits[0].tasks += 1; });
  change([](Program& q) { q.waits[0].engine += 1; });
  change([](Program& q) { q.masks[1].bits[0] ^= 1; });
  change([](Program& q) { q.chunks[1].ddr_address += 4; });
  change([](Program& q) { q.pieces[1].region.h1 += 1; });
  change([](Program& q) { q.locks[1].value = 99; });
  change([](Program& q) { q.routes[1].sinks.pop_back(); });
  change([](Program& q) { q.layers[1].layer.window.pad_left += 1; });
  change([](Program& q) { q.layers[1].layer.name += "x"; });
  change([](Program& q) { q.layers[1].zeros_kept = !q.layers[1].zeros_kept; });
  change([](Program& q) { q.ddr_bytes += 1; });
  const auto call = [&](auto&& edit) { change([&](Program& q) { edit(q.calls[0]); }); };
  call([](KernelCall& k) { k.first = !k.first; });
  call([](KernelCall& k) { k.last = !k.last; });
  call([](KernelCall& k) { k.in += 1; });
  call([](KernelCall& k) { k.in2 += 1; });
  call([](KernelCall& k) { k.acc += 1; });
  call([](KernelCall& k) { k.weights += 1; });
  call([](KernelCall& k) { k.result += 1; });
  call([](KernelCall& k) { k.chunk += 1; });
  call([](KernelCall& k) { k.ic0 += 8; });
  call([](KernelCall& k) { k.out.h0 += 1; });
  call([](KernelCall& k) { k.add_layer = 55; });
  call([](KernelCall& k) { k.operations += 1; });
}

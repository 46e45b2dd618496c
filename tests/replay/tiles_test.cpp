// Are the sub-volumes of policy `published` those of the published compiler?
#include <catch2/catch.hpp>
#include <map>

#include "sim/network/network_file.h"
#include "sim/replay/published_tiles.h"
#include "tests/replay/published.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::network;
using namespace tessera::replay;

namespace {
bool same(const WeightShape& a, const WeightShape& b) {
  return a.cout == b.cout && a.kh == b.kh && a.kw == b.kw && a.cin == b.cin;
}
}  // namespace

TEST_CASE("every convolution of every trace has the sub-volumes that the rules give") {
  int checked = 0;
  for (const std::string& path : published::trace_paths()) {
    const Expected<TraceFile> file = read_trace_file(path);
    REQUIRE(file);
    const Expected<Network> network = load_network("configs/networks/" + file->trace.network + ".json");
    REQUIRE(network);
    std::map<std::string, const Layer*> by_name;
    for (const Layer& l : network->layers) by_name[l.name] = &l;
    for (const TraceLayer& l : file->trace.layers) {
      if (l.op != Op::conv2d) continue;
      INFO(path << " " << l.name);
      REQUIRE(by_name.count(l.name) == 1);
      const PublishedTile tile = published_tile(*by_name[l.name], file->trace.rows, file->trace.cols, l.density);
      CHECK(tile.core_input == l.core_input);
      CHECK(tile.core_output == l.core_output);
      CHECK(same(tile.core_weights, l.core_weights));
      CHECK(same(tile.memtile_weights, l.memtile_weights));
      ++checked;
    }
  }
  CHECK(checked == 1226);
}

TEST_CASE("divisors leave multiples of eight") {
  CHECK(channel_divisors(64) == std::vector<int>{1, 2, 4, 8});
  CHECK(channel_divisors(88) == std::vector<int>{1, 11});
  CHECK(channel_divisors(8) == std::vector<int>{1});
}

// Does the judge of functional runs accept what is right, in any channel order, and refuse what is wrong, by name?
#include "sim/run/functional.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "sim/network/network_file.h"
#include "sim/reference/reference.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::exec;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::reference;
using namespace tessera::run;
using namespace tessera::sparsity;
using Catch::Matchers::Contains;

namespace {

// conv a; conv b fused with a into sum; pool; cat = [sum, pool] with sum in place and pool copied.
struct Case {
  Case() : engines(array()) {
    network = *parse_network(nlohmann::json::parse(R"({"name":"n","input":[4,5,8],"layers":[
      {"name":"a","op":"conv2d","channels":24},
      {"name":"b","op":"conv2d","channels":24,"kernel":3,"padding":1},
      {"name":"sum","op":"add","inputs":["b","a"],"relu":true},
      {"name":"pool","op":"maxpool","inputs":"a","kernel":3,"stride":1,"padding":1},
      {"name":"cat","op":"concat","inputs":["sum","pool"]},
      {"name":"odd","op":"conv2d","channels":13}]})"),
                             "n");
    data = make_data(network, std::vector<std::optional<BlockMask>>(network.layers.size()), 1);
    reference = run_reference(network, data);
    for (const Layer& layer : network.layers) {
      program.layers.push_back({layer, -1, false, "", {}});
      if (layer.name == "b") continue;
      const int c = stored_channels(layer.out.c);
      TensorPiece piece;
      piece.tensor = static_cast<std::int16_t>(layer.id);
      piece.region = {0, layer.out.h, 0, layer.out.w, 0, c};
      piece.in_ddr = true;
      piece.access = linear(layer.id * 10000, layer.out.elements());
      program.pieces.push_back(piece);
    }
    program.pieces[2].access.base = program.pieces[4].access.base;  // sum stands in cat
    KernelCall fused;
    fused.layer = 2;
    fused.add_layer = 3;
    program.calls.push_back(fused);
    for (LayerId id : {1, 3, 4, 5, 6}) result.captured.push_back(capture(id, {}));
    CapturedTensor& cat = result.captured[3];
    for (std::size_t i = 0; i < cat.writes.size(); ++i) cat.writes[i] = i % 48 < 24 ? 0 : 1;
  }
  static ArraySpec array() { return {}; }

  // The tensor as a right run leaves it.
  CapturedTensor capture(LayerId id, const std::vector<int>& order) const {
    const Shape& s = network.layers[id].out;
    const int stored = stored_channels(s.c);
    CapturedTensor t;
    t.tensor = id;
    for (int pixel = 0; pixel < s.h * s.w; ++pixel)
      for (int c = 0; c < stored; ++c) {
        const int logical = order.empty() ? c : order[c / 8] * 8 + c % 8;
        t.values.push_back(logical < s.c ? reference[id].values[pixel * s.c + logical] : 0);
      }
    t.writes.assign(t.values.size(), 1);
    t.writer.assign(t.values.size(), engines.mem_channel(2, EngineKind::s2mm, 1));
    return t;
  }
  FunctionalReport check() const { return check_functional(program, engines, result, reference); }
  std::string complaint() const {
    const FunctionalReport report = check();
    CHECK_FALSE(report.good());
    return report.first.empty() ? "" : report.first[0];
  }

  EngineMap engines;
  Network network;
  NetworkData data;
  std::vector<Tensor> reference;
  Program program;
  SimResult result;
};

}  // namespace

TEST_CASE("A right run is accepted, and all of it was looked at") {
  const Case c;
  const FunctionalReport report = c.check();
  CHECK(report.good());
  CHECK(report.first.empty());
  CHECK(report.layers_checked == 6);
  CHECK(report.elements_checked == 4 * 5 * (24 + 24 + 24 + 24 + 13));
}

TEST_CASE("A wrong element is named with layer, place, expected, got and writer") {
  Case c;
  c.result.captured[1].values[(1 * 5 + 2) * 24 + 7] ^= 1;
  const int want = c.reference[3].values[(1 * 5 + 2) * 24 + 7];
  CHECK(c.check().mismatches == 1);
  CHECK(c.complaint() == "layer sum element [1, 2, 7]: expected " + std::to_string(want) + ", got " +
                             std::to_string(want ^ 1) + ", written by mem(2,0).s2mm1");
}

TEST_CASE("Missing, repeated and excess elements") {
  Case c;
  c.result.captured[0].writes[9] = 0;
  CHECK_THAT(c.complaint(), Contains("layer a element [0, 0, 9]") && Contains("never written"));
  c.result.captured[0].writes[9] = 2;
  CHECK_THAT(c.complaint(), Contains("written 2 times, last by mem(2,0).s2mm1"));
  c.result.captured[0].writes[9] = 1;
  c.result.captured[4].values[13] = 1;  // beyond the 13 channels of `odd`
  CHECK_THAT(c.complaint(), Contains("layer odd element [0, 0, 13]: expected 0, got 1"));
  c.result.captured[4].values[13] = 0;
  CHECK(c.check().good());
  c.result.captured[4].values.pop_back();
  CHECK_THAT(c.complaint(), Contains("layer odd: 319 elements arrived instead of 320"));
}

TEST_CASE("A layer nobody saw, and a conv that claims to be fused but is not") {
  Case c;
  c.result.captured.pop_back();
  CHECK_THAT(c.complaint(), Contains("layer odd: nothing of its 260 elements arrived"));
  Case d;
  d.program.calls.clear();
  CHECK_THAT(d.complaint(), Contains("layer b: nothing of its 480 elements arrived"));
  Case e;  // no placement, but no single reader either: an output of the network
  e.result.captured.pop_back();
  e.program.pieces.pop_back();
  e.program.calls.push_back(e.program.calls[0]);
  e.program.calls.back().layer = 6;
  CHECK_THAT(e.complaint(), Contains("layer odd: nothing of its 260 elements arrived"));
  Case f;  // the layer that should show it does not arrive itself
  f.result.captured.erase(f.result.captured.begin() + 1);
  CHECK(f.check().mismatches == 2);  // b and sum
}

TEST_CASE("Concat: a part that stands elsewhere, a copy that is wrong, a copy over what is in place") {
  Case c;
  c.program.pieces[2].access.base += 8;
  CHECK_THAT(c.complaint(), Contains("layer cat: its part sum is neither produced in place nor copied"));
  Case d;
  d.result.captured[3].values[30] ^= 4;
  CHECK_THAT(d.complaint(), Contains("layer cat element [0, 0, 30]"));
  Case e;
  e.result.captured[3].writes[48 + 3] = 1;
  CHECK_THAT(e.complaint(), Contains("layer cat element [0, 1, 3]: written 1 times"));
}

TEST_CASE("What the machine objects to fails the check even when every value is right") {
  Case c;
  c.result.errors.push_back({"core(0,0) reads what nobody wrote"});
  const FunctionalReport report = c.check();
  CHECK(report.mismatches == 0);
  CHECK_FALSE(report.good());
}

TEST_CASE("Stored orders are translated; the right data in the wrong order is refused") {
  Case c;
  c.program.layers[1].block_order = {2, 0, 1};
  CHECK_FALSE(c.check().good());
  c.result.captured[0] = c.capture(1, {2, 0, 1});
  CHECK(c.check().good());
  c.program.layers[6].block_order = {1, 0};  // the broken block of 13 channels stored first
  CHECK_FALSE(c.check().good());
  c.result.captured[4] = c.capture(6, {1, 0});
  CHECK(c.check().good());
}

TEST_CASE("Many mismatches: all are counted, a few are shown") {
  Case c;
  for (std::int8_t& v : c.result.captured[0].values) v = static_cast<std::int8_t>(~v);
  CHECK(c.check().mismatches == 480);
  CHECK(c.check().first.size() == 8);
}

TEST_CASE("The DDR image holds the input with its strides, excess channels zero") {
  Case c;
  c.network = *parse_network(
      nlohmann::json::parse(R"({"name":"n","input":[2,3,3],"layers":[{"name":"a","op":"conv2d","channels":8}]})"), "n");
  c.data = make_data(c.network, {std::nullopt, std::nullopt}, 1);
  Program p;
  p.layers = {{c.network.layers[0], -1, false, "", {}}, {c.network.layers[1], -1, false, "", {}}};
  TensorPiece piece;
  piece.region = {0, 2, 0, 3, 0, 8};
  piece.in_ddr = true;
  piece.access.base = 64;
  piece.access.rank = 2;
  piece.access.dims[0].count = 24;
  piece.access.dims[1] = {2, 100, 0, 0};
  p.pieces.push_back(piece);
  const DdrImage image = build_ddr_image(p, c.data);
  REQUIRE(image.parts.size() == 2);
  CHECK(image.parts[0].first == 64);
  CHECK(image.parts[1].first == 164);
  for (int row = 0; row < 2; ++row)
    for (int i = 0; i < 24; ++i)
      CHECK(static_cast<std::int8_t>(image.parts[row].second[i]) ==
            (i % 8 < 3 ? c.data.input.values[row * 9 + i / 8 * 3 + i % 8] : 0));
}

TEST_CASE("The DDR image holds chunks in stored order of output and input channels") {
  Case c;
  ChunkPlace place;
  place.layer = 6;  // odd: 13 x 48 channels, reads cat
  place.shape.rows = {0, 1};
  place.shape.col1 = 6;
  place.shape.bias = true;
  place.ddr_address = 4096;
  c.program.chunks.push_back(place);
  c.program.layers[6].block_order = {1, 0};
  c.program.layers[4].block_order = {2, 0, 1};  // pool, the second part of cat
  c.program.pieces.clear();
  const DdrImage image = build_ddr_image(c.program, c.data);
  REQUIRE(image.parts.size() == 1);
  CHECK(image.parts[0].first == 4096);
  const std::vector<std::uint8_t>& bytes = image.parts[0].second;
  REQUIRE(bytes.size() == 16 * 4 + 12 * 64);
  const int rows[] = {1, 0}, cols[] = {0, 1, 2, 5, 3, 4};
  const WeightTensor& w = c.data.weights[6];
  for (int r = 0; r < 2; ++r)
    for (int o = 0; o < 8; ++o) {
      const int oc = rows[r] * 8 + o;
      std::int32_t bias;
      std::memcpy(&bias, &bytes[(r * 8 + o) * 4], 4);
      CHECK(bias == (oc < 13 ? w.bias[oc] : 0));
      for (int col = 0; col < 6; ++col)
        for (int i = 0; i < 8; ++i)
          CHECK(static_cast<std::int8_t>(bytes[64 + ((r * 6 + col) * 8 + i) * 8 + o]) ==
                (oc < 13 ? w.values[oc * 48 + cols[col] * 8 + i] : 0));
    }
}

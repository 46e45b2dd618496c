// Do the timeline and the memory of the report page say what the run did?
#include <catch2/catch.hpp>

#include "sim/report/memory_use.h"
#include "sim/report/network_view.h"
#include "sim/report/timeline.h"

namespace {
using namespace tessera;

std::vector<int> bytes_of(const std::string& base64) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<int> bytes;
  unsigned held = 0;
  int bits = 0;
  for (const char c : base64) {
    if (c == '=') break;
    held = held << 6 | static_cast<unsigned>(digits.find(c));
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<int>(held >> bits & 255));
    }
  }
  return bytes;
}

// begin, end, layer, kind of every slice of a track.
std::vector<std::array<int, 4>> slices_of(const nlohmann::json& timeline, std::size_t track) {
  const std::vector<int> bytes = bytes_of(timeline["tracks"][track]["data"].get<std::string>());
  const int kinds = static_cast<int>(timeline["kinds"].size());
  std::size_t at = 0;
  const auto varint = [&] {
    int value = 0;
    for (int shift = 0;; shift += 7) {
      const int byte = bytes.at(at++);
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  std::vector<std::array<int, 4>> slices;
  for (int now = 0; at < bytes.size();) {
    const int begin = now + varint(), end = begin + varint(), code = varint();
    slices.push_back({begin, end, code / kinds - 1, code % kinds});
    now = end;
  }
  return slices;
}

arch::ArraySpec array_of(int rows, int cols) {
  arch::ArraySpec array;
  array.rows = rows;
  array.cols = cols;
  return array;
}

constexpr Millicycles cycle = millicycles_per_cycle;

trace::Task task(int engine, int layer, const char* what, Millicycles begin, Millicycles end) {
  return {engine, layer, what, std::string(what) == "weights", -1, begin, end, end};
}

// A memory tile's piece of a tensor: `bytes` from `base`.
program::TensorPiece piece(int tensor, program::TileId memory, std::int64_t base, Bytes bytes) {
  program::TensorPiece p;
  p.tensor = static_cast<std::int16_t>(tensor);
  p.memory = memory;
  p.access = program::linear(base, bytes);
  return p;
}

program::Program chain(const std::vector<std::vector<int>>& inputs) {
  program::Program program;
  for (std::size_t id = 0; id < inputs.size(); ++id) {
    program::ProgramLayer layer;
    layer.layer.id = static_cast<int>(id);
    layer.layer.op = id == 0 ? network::Op::input : network::Op::conv2d;
    layer.layer.inputs = inputs[id];
    program.layers.push_back(layer);
  }
  return program;
}
}  // namespace

TEST_CASE("Slices come back in order of time, whatever order they came in and however they overlap") {
  report::Timeline timeline;
  timeline.task(task(0, 3, "conv", 1000 * cycle, 1200 * cycle + 400));
  timeline.task(task(0, -1, "add", 200 * cycle, 900 * cycle));
  timeline.task(task(0, 3, "conv", 1150 * cycle, 1300 * cycle + 600));  // begins before the one before ends
  const nlohmann::json json = timeline.json(array_of(2, 2));
  CHECK(json["kinds"] == nlohmann::json({"conv", "add"}));
  CHECK(json["tracks"][0]["name"] == "core(0,0)");
  CHECK(slices_of(json, 0) ==
        std::vector<std::array<int, 4>>{{200, 900, -1, 1}, {1000, 1200, 3, 0}, {1200, 1301, 3, 0}});
}

TEST_CASE("Waits stand between tasks, whatever part of them a task covers; other charges are no slices") {
  report::Timeline timeline;
  timeline.task(task(0, 1, "conv", 100 * cycle, 200 * cycle));
  timeline.task(task(0, 2, "conv", 300 * cycle, 400 * cycle));
  timeline.charge({0, 1, "wait_control", 0, 150 * cycle});
  timeline.charge({0, 2, "wait_input", 190 * cycle, 310 * cycle});
  timeline.charge({0, 2, "wait_input", 320 * cycle, 380 * cycle});  // within a task
  timeline.charge({0, -1, "idle", 400 * cycle, 900 * cycle});
  timeline.charge({0, 2, "wait_output", 400 * cycle, 400 * cycle + 1});  // less than a cycle
  const nlohmann::json json = timeline.json(array_of(1, 1));
  CHECK(json["kinds"] == nlohmann::json({"conv", "wait_control", "wait_input"}));
  CHECK(slices_of(json, 0) ==
        std::vector<std::array<int, 4>>{{0, 100, 1, 1}, {100, 200, 1, 0}, {200, 300, 2, 2}, {300, 400, 2, 0}});
  CHECK(json["slices"] == 4);
}

TEST_CASE("A layer spans its slices, weights fetched ahead left out, also beyond the limit of slices") {
  report::Timeline timeline(nullptr, 2);
  timeline.task(task(0, 1, "weights", 0, 5 * cycle));
  timeline.task(task(0, 1, "conv", 10 * cycle, 20 * cycle));
  timeline.task(task(0, 1, "conv", 30 * cycle, 40 * cycle));
  const nlohmann::json json = timeline.json(array_of(1, 1));
  CHECK(json["spans"] == nlohmann::json({nullptr, {10, 40}}));
  CHECK(json["slices"] == 2);
  CHECK(json["dropped"] == 1);
  CHECK(json["dropped_from"] == 30);
}

TEST_CASE("Tensors occupy memory from their maker to their last reader, shared bytes once") {
  // 0 input in DDR, 1 reads it, 2 reads 1, 3 reads 2 and 1 and takes the place of 1: an in-place sum.
  program::Program program = chain({{}, {0}, {1}, {2, 1}});
  const arch::ArraySpec array = array_of(1, 1);
  const program::TileId tile = program::EngineMap(array).memory_tile(0);
  program.pieces = {piece(1, tile, 0, 400), piece(2, tile, 400, 100), piece(3, tile, 0, 400)};
  const std::vector<trace::LayerSpan> spans = {
      {}, {10 * cycle, 20 * cycle}, {20 * cycle, 30 * cycle}, {25 * cycle, 50 * cycle}};
  const nlohmann::json use = report::memory_view(report::memory_use(program, array, spans, 60 * cycle));
  CHECK(use["times"] == nlohmann::json({0, 10, 20, 25, 50, 60}));
  CHECK(use["memories"][0]["name"] == "mem(0,0)");
  CHECK(use["memories"][0]["bytes"] == nlohmann::json({0, 400, 500, 500, 400, 0}));
}

TEST_CASE("A concatenation keeps its operands as long as it is read") {
  program::Program program = chain({{}, {0}, {0}, {1, 2}, {3}});
  program.layers[3].layer.op = network::Op::concat;
  const arch::ArraySpec array = array_of(1, 1);
  const program::TileId tile = program::EngineMap(array).memory_tile(0);
  program.pieces = {piece(1, tile, 0, 40), piece(2, tile, 40, 40), piece(3, tile, 0, 80)};
  const std::vector<trace::LayerSpan> spans = {
      {}, {10 * cycle, 20 * cycle}, {20 * cycle, 30 * cycle}, {}, {40 * cycle, 50 * cycle}};
  const nlohmann::json use = report::memory_view(report::memory_use(program, array, spans, 60 * cycle));
  CHECK(use["memories"][0]["bytes"].back() == 0);
  CHECK(use["times"] == nlohmann::json({0, 10, 20, 50, 60}));
  CHECK(use["memories"][0]["bytes"] == nlohmann::json({0, 80, 80, 0, 0}));
}

TEST_CASE("Masks are pictured block by block, larger ones by the share of zeros of a cell") {
  sparsity::BlockMask small = sparsity::BlockMask::all_ones(16, 24);
  small.bits[1] = 0;
  sparsity::BlockMask large = sparsity::BlockMask::all_ones(8, 8 * 512);
  for (std::size_t i = 0; i < large.bits.size(); i += 2) large.bits[i] = 0;
  const nlohmann::json views = report::mask_view({small, std::nullopt, large});
  CHECK(views[0]["zeros"] == "0f0000");
  CHECK(views[1].is_null());
  CHECK(views[2]["blocks"] == nlohmann::json({1, 512}));
  CHECK(views[2]["cells"] == nlohmann::json({1, 256}));
  CHECK(views[2]["zeros"] == std::string(256, '8'));
}

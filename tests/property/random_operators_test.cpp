// Do random networks of every operator schedule, verify and compute what the plain loops compute? And is a wrong table,
// a wrong channel and a wrong weight noticed?
#include "tests/property/random_operators.h"

#include <catch2/catch.hpp>

#include "sim/verify/verify.h"
#include "tests/property/random_case.h"
#include "tests/property/whole_networks.h"

using namespace tessera;

namespace {
constexpr int networks = 200;
}

TEST_CASE("random networks of every operator schedule, verify and match the reference") {
  check_random_networks("operators", networks, random_operators);
}

namespace {

// Calls f(call) for the first call of a kind, in a copy of the program.
template <class F>
program::Program spoiled(const program::Program& right, program::KernelKind kind, F f) {
  program::Program wrong = right;
  for (program::KernelCall& call : wrong.calls)
    if (call.kind == kind) {
      f(call);
      break;
    }
  return wrong;
}

}  // namespace

TEST_CASE("A wrong operand, a wrong chunk, a wrong operator and a wrong attribute are refused") {
  const std::string json = R"({"name": "spoiled", "input": [9, 9, 24], "layers": [
      {"name": "dw", "op": "depthwise", "kernel": 3, "padding": 1},
      {"name": "f", "op": "lookup", "function": "silu"},
      {"name": "mean", "op": "avgpool", "global": true},
      {"name": "scaled", "op": "mul", "inputs": ["f", "mean"], "shift": 5},
      {"name": "rows", "op": "pick", "size": [81, 1], "sizes": [81], "strides": [1]},
      {"name": "turned", "op": "lookup", "function": "tanh"},
      {"name": "scores", "op": "matmul", "inputs": ["turned", "rows"], "by_rows": true},
      {"name": "shares", "op": "softmax"},
      {"name": "mixed", "op": "matmul", "inputs": ["shares", "rows"]},
      {"name": "norm", "op": "layernorm"},
      {"name": "swapped", "op": "transpose"},
      {"name": "moved", "op": "remap", "rows": [-1, 3, 2.5, 0], "columns": [0, 0]}]})";
  const Expected<Subject> subject = make_subject("spoiled", json, generic_array(2, 2), 0);
  REQUIRE(subject);
  REQUIRE_FALSE(verify::verify(subject->program, subject->array));
  REQUIRE(functional_objection(*subject, subject->program) == "");
  using program::KernelKind;
  const auto refused = [&](const program::Program& wrong) { return verify::verify(wrong, subject->array).has_value(); };
  const auto swap_operands = [](program::KernelCall& call) { std::swap(call.in, call.in2); };
  CHECK(refused(spoiled(subject->program, KernelKind::mul, swap_operands)));
  CHECK(refused(spoiled(subject->program, KernelKind::matmul, swap_operands)));
  for (const KernelKind kind : {KernelKind::depthwise, KernelKind::lookup, KernelKind::softmax, KernelKind::layernorm})
    CHECK(refused(spoiled(subject->program, kind, [&](program::KernelCall& call) {
      call.chunk = (call.chunk + 1) % static_cast<int>(subject->program.chunks.size());
    })));
  CHECK(refused(spoiled(subject->program, KernelKind::mul, [](auto& call) { call.kind = KernelKind::sub; })));
  for (const KernelKind kind : {KernelKind::pick, KernelKind::transpose, KernelKind::remap})
    CHECK(refused(spoiled(subject->program, kind, [](auto& call) { call.in += 8; })));
  program::Program other = subject->program;
  other.layers[7].layer.matmul.second = 8;
  CHECK(refused(other));
  // A product that shifts by one bit more is no matter of structure: the data say it.
  other = subject->program;
  other.layers[4].layer.shift += 1;
  CHECK_FALSE(refused(other));
  CHECK(functional_objection(*subject, other) != "");
  // Nor is one of two neighbours that are interpolated the other way round.
  other = subject->program;
  other.layers.back().layer.remap.rows[2] += 64;
  CHECK_FALSE(refused(other));
  CHECK(functional_objection(*subject, other) != "");
  other.layers.back().layer.remap.rows[2] = 24 * 256;
  CHECK(refused(other));
}

TEST_CASE("A tile that holds what taps read alone is not taken for one with what stands between them") {
  const Expected<Subject> apart = make_subject("apart", R"({"name": "apart", "input": [16, 16, 8], "layers": [
      {"name": "c", "op": "conv2d", "channels": 8, "kernel": 3, "dilation": 6, "padding": 6}]})",
                                               generic_array(4, 4), 0);
  REQUIRE(apart);
  REQUIRE_FALSE(verify::verify(apart->program, apart->array));
  REQUIRE(functional_objection(*apart, apart->program) == "");
  const program::KernelCall& call = apart->program.calls[0];
  REQUIRE(call.in_h < call.out.h1 - call.out.h0 + 12);
  for (const int by : {-8, 8})
    CHECK(
        verify::verify(spoiled(apart->program, program::KernelKind::conv, [&](auto& k) { k.in += by; }), apart->array));
  CHECK(verify::verify(
      spoiled(apart->program, program::KernelKind::conv, [](auto& k) { k.in_h = k.out.h1 - k.out.h0 + 12; }),
      apart->array));
}

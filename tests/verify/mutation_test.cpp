// Is every wrong program refused, and by whom? Every named mutation strikes several places of several right programs;
// what the verifier lets pass is run with data and compared with the reference. A mutation that both let pass is a
// defect.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "sim/program/hash.h"
#include "sim/verify/verify.h"
#include "tests/verify/hand_program.h"
#include "tests/verify/mutations.h"

using namespace tessera;
using namespace tessera::program;
using namespace tessera::schedule;
using namespace tessera::verify;

namespace {

constexpr int places_per_mutation = 6;

const char* const residual_net = R"({"name": "residual", "input": [15, 14, 3], "layers": [
  {"name": "stem", "op": "conv2d", "channels": 32, "kernel": 5, "stride": 2, "padding": 2, "relu": true},
  {"name": "pool", "op": "maxpool", "kernel": 3, "stride": 1, "padding": 1},
  {"name": "a", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1, "relu": true},
  {"name": "b", "op": "conv2d", "channels": 32, "kernel": 1},
  {"name": "sum", "op": "add", "inputs": ["pool", "b"], "relu": true},
  {"name": "c", "op": "conv2d", "channels": 24, "kernel": [1, 3], "padding": [0, 1], "relu": true},
  {"name": "d", "op": "conv2d", "inputs": "sum", "channels": 16, "kernel": 1},
  {"name": "cat", "op": "concat", "inputs": ["c", "d"]},
  {"name": "e", "op": "conv2d", "channels": 40, "kernel": 3, "stride": 2, "padding": 1},
  {"name": "mean", "op": "avgpool", "global": true},
  {"name": "fc", "op": "gemm", "channels": 20}]})";

// Input channels in two parts: partial sums stay in the cores.
const char* const deep_net = R"({"name": "deep", "input": [9, 11, 32], "layers": [
  {"name": "a", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1, "relu": true},
  {"name": "b", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
  {"name": "sum", "op": "add", "inputs": ["a", "b"]},
  {"name": "c", "op": "conv2d", "channels": 32, "kernel": 1}]})";

// More zeros on a side than the padding of one descriptor adds.
const char* const padded_net = R"({"name": "padded", "input": [4, 6, 8], "layers": [
  {"name": "a", "op": "conv2d", "channels": 8, "kernel": [1, 37], "padding": [0, 34], "stride": [1, 3]},
  {"name": "b", "op": "conv2d", "channels": 16, "kernel": [19, 1], "padding": [18, 0]}]})";

// Rows and columns that nobody reads: of maps in memory tiles and in DDR, of a concatenation, with zeros around them.
const char* const strided_net = R"({"name": "strided", "input": [12, 13, 16], "layers": [
  {"name": "a", "op": "conv2d", "channels": 24, "kernel": 3, "padding": 1},
  {"name": "b", "op": "conv2d", "inputs": "input", "channels": 16, "kernel": 1},
  {"name": "cat", "op": "concat", "inputs": ["a", "b"]},
  {"name": "c", "op": "conv2d", "channels": 32, "kernel": 1, "stride": [2, 3]},
  {"name": "d", "op": "conv2d", "inputs": "a", "channels": 16, "kernel": [3, 1], "stride": 2, "padding": [1, 0]},
  {"name": "f", "op": "conv2d", "inputs": "input", "channels": 16, "kernel": 1, "stride": 3},
  {"name": "e", "op": "depthwise", "inputs": "c", "kernel": [1, 3], "stride": 2, "padding": [0, 1]}]})";

// General scales, of every kind.
const char* const scaled_net = R"({"name": "scaled", "input": [9, 11, 32], "layers": [
  {"name": "a", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1, "multiplier": "channel", "shift": 39},
  {"name": "b", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1, "multiplier": 1300000000, "shift": 40},
  {"name": "sum", "op": "add", "inputs": ["a", "b"], "multiplier": [900000000, 700000000], "shift": 30},
  {"name": "mean", "op": "avgpool", "kernel": 3, "padding": 1, "stride": 1, "multiplier": 1000, "shift": 13},
  {"name": "c", "op": "conv2d", "channels": 32, "kernel": 1, "multiplier": "channel", "shift": 38}]})";

std::vector<Subject> subjects() {
  std::vector<Subject> list;
  const auto add = [&](Expected<Subject> s) {
    if (!s) FAIL(describe(s.failure()));
    list.push_back(std::move(*s));
  };
  ScheduleSpec published;
  published.policy = "published";
  ScheduleSpec split;
  for (const char* layer : {"a", "b"}) split.layers[layer].tile = {2, 4, 32, 16};
  split.layers["c"].tile = {2, 3, 8, 16};
  list.push_back(hand_made());
  add(make_subject("residual 2x2", residual_net, generic_array(2, 2), 0.4));
  add(make_subject("residual 3x4 published", residual_net, generic_array(3, 4), 0, published));
  add(make_subject("deep 2x2", deep_net, generic_array(2, 2), 0.5, split));
  add(make_subject("padded 2x2", padded_net, generic_array(2, 2), 0));
  add(make_subject("strided 2x2", strided_net, generic_array(2, 2), 0.5));
  add(make_subject("scaled 2x2", scaled_net, generic_array(2, 2), 0.5, split));
  return list;
}

struct Tally {
  int verifier = 0, functional = 0, survived = 0;
  std::string how, why;  // of the first survivor; of the first refusal
};

void strike(const Subject& subject, const Mutation& mutation, Tally& tally) {
  const EngineMap map(subject.array);
  Places count(-1);
  Program copy = subject.program;
  mutation.apply(copy, map, count);
  const int step = std::max(1, count.count() / places_per_mutation);
  for (int chosen = step / 2; chosen < count.count(); chosen += step) {
    Program wrong = subject.program;
    Places places(chosen);
    mutation.apply(wrong, map, places);
    if (program_hash(wrong) == program_hash(subject.program)) continue;
    if (const std::optional<Failure> found = verify::verify(wrong, subject.array)) {
      ++tally.verifier;
      if (tally.why.empty()) tally.why = found->problems[0].path + ": " + found->problems[0].what;
      continue;
    }
    const std::string objection = functional_objection(subject, wrong);
    if (!objection.empty()) {
      ++tally.functional;
      if (tally.why.empty()) tally.why = objection;
      continue;
    }
    ++tally.survived;
    if (tally.how.empty()) tally.how = fmt::format("{}, place {} of {}", subject.name, chosen, count.count());
  }
}

}  // namespace

TEST_CASE("the subjects are right: verified, and bit-exact") {
  for (const Subject& s : subjects()) {
    INFO(s.name);
    CHECK(describe(verify::verify(s.program, s.array).value_or(Failure{})) == "");
    CHECK(functional_objection(s, s.program) == "");
  }
}

TEST_CASE("every mutation is refused") {
  const std::vector<Subject> list = subjects();
  REQUIRE(mutations().size() >= 40);
  std::set<std::string> names;
  std::string table;
  for (const Mutation& m : mutations()) {
    CHECK(names.insert(m.name).second);
    Tally tally;
    for (const Subject& s : list) strike(s, m, tally);
    INFO(m.name << ": " << tally.how);
    CHECK(tally.verifier + tally.functional > 0);  // it did strike somewhere
    CHECK(tally.survived == 0);
    table += fmt::format("{:46} verifier {:2}, functional run {:2}, survived {}   e.g. {}\n", m.name, tally.verifier,
                         tally.functional, tally.survived, tally.why.substr(0, 150));
  }
  WARN(mutations().size() << " mutations, refused by:\n" << table);
}

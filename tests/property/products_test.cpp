// Products of two activations whose sums are long: do they come in parts, verified and bit-exact? Is a wrong part
// noticed? And does attention over as many tokens as speech has stay near its bound?
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "sim/verify/verify.h"
#include "tests/run/isolated.h"
#include "tests/verify/subject.h"

using namespace tessera;
using nlohmann::json;

namespace {

// Scores, softmax and shares times values, for every head; queries, keys and values side by side in one tensor.
json attention(int groups, int rows, int heads, int depth) {
  const int width = heads * depth, step = static_cast<int>(round_up(width, 8));
  const json product = {{"heads", heads}, {"depth", depth}, {"rows", rows}, {"second_rows", rows}};
  json scores = product, mixed = product;
  scores.update(
      {{"name", "scores"}, {"op", "matmul"}, {"inputs", {"qkv", "qkv"}}, {"by_rows", true}, {"second", step}});
  mixed.update({{"name", "mixed"}, {"op", "matmul"}, {"inputs", {"shares", "qkv"}}, {"second", 2 * step}});
  return {{"name", "attention"},
          {"input", {groups * rows, 1, 16}},
          {"layers",
           {{{"name", "qkv"}, {"op", "conv2d"}, {"channels", 2 * step + width}, {"kernel", 1}},
            scores,
            {{"name", "shares"}, {"op", "softmax"}},
            mixed}}};
}

int parts_of_sums(const program::Program& program) {
  int parts = 0;
  for (const program::KernelCall& call : program.calls)
    parts += call.kind == program::KernelKind::matmul && !(call.first && call.last);
  return parts;
}

// Attention of a random shape on an array whose cores and memory tiles are too small for whole sums.
struct RandomAttention {
  std::string text;
  json network;
  arch::ArraySpec array;
  int images = 1;
};
RandomAttention random_attention(int seed) {
  Random random(derive_seed(static_cast<std::uint64_t>(seed), 61));
  const auto pick = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
  const int heads = 1 + pick(3), depth = heads == 1 ? 1 + pick(160) : 8 * (1 + pick(6)), groups = 1 + pick(2);
  const int rows = 40 + pick(260) / groups, side = 1 + pick(4), other = 1 + pick(4);
  RandomAttention a{"", attention(groups, rows, heads, depth), generic_array(side, other), 1 + pick(2)};
  a.array.tile.memory.size = pick(2) == 0 ? 8192 : 16384;
  if (pick(2) == 0) a.array.memtile.memory.size = 131072;
  a.text = fmt::format("seed {}: {} groups of {} rows, {} heads of {}, on {}x{}, {} images", seed, groups, rows, heads,
                       depth, side, other, a.images);
  return a;
}

// On cores too small for whole sums.
Expected<Subject> summed_in_parts() {
  arch::ArraySpec array = generic_array(2, 2);
  array.tile.memory.size = 8192;
  return make_subject("attention", attention(1, 200, 2, 16).dump(), array, 0);
}

Expected<run::RunConfig> config_of(const json& network, const json& hardware) {
  return run::make_run_config({{"network", network}, {"hardware", hardware}}, run::config_folder(), "attention", {});
}

bool refused(const program::Program& wrong, const arch::ArraySpec& array) {
  return verify::verify(wrong, array).has_value();
}

}  // namespace

TEST_CASE("Sums over many tokens come in parts, verify and match the reference") {
  constexpr int networks = 60;
  int parts = 0, too_large = 0;
  for (int seed = 0; seed < networks; ++seed) {
    const RandomAttention a = random_attention(seed);
    INFO(a.text);
    const auto subject = make_subject("attention", a.network.dump(), a.array, 0, {}, a.images);
    if (!subject && subject.failure().code == ExitCode::does_not_fit) {
      ++too_large;
      continue;
    }
    if (!subject) {
      FAIL_CHECK(describe(subject.failure()));
      continue;
    }
    parts += parts_of_sums(subject->program) > 0;
    const std::optional<Failure> wrong = verify::verify(subject->program, subject->array);
    CHECK(describe(wrong.value_or(Failure{})) == "");
    if (!wrong) CHECK(functional_objection(*subject, subject->program) == "");
  }
  INFO(parts << " with parts, " << too_large << " too large");
  CHECK(parts >= networks / 3);
  CHECK(too_large <= networks / 10);
}

TEST_CASE("A part of a sum that is wrong, left out or added twice is refused") {
  const Expected<Subject> subject = summed_in_parts();
  REQUIRE(subject);
  REQUIRE(parts_of_sums(subject->program) > 0);
  REQUIRE_FALSE(refused(subject->program, subject->array));
  // Spoils the first call of a product that goes on with sums.
  const auto spoiled = [&](const auto& spoil) {
    program::Program wrong = subject->program;
    const auto part = std::find_if(wrong.calls.begin(), wrong.calls.end(), [](const program::KernelCall& k) {
      return k.kind == program::KernelKind::matmul && !k.first;
    });
    REQUIRE(part != wrong.calls.end());
    spoil(*part);
    return refused(wrong, subject->array);
  };
  CHECK(spoiled([](program::KernelCall& k) { k.ic0 -= 8; }));
  CHECK(spoiled([](program::KernelCall& k) { k.in_c -= 8; }));
  CHECK(spoiled([](program::KernelCall& k) { k.ic0 = 4; }));
  CHECK(spoiled([](program::KernelCall& k) { k.first = true; }));
  CHECK(spoiled([](program::KernelCall& k) { k.last = !k.last; }));
  CHECK(spoiled([](program::KernelCall& k) { k.acc += 4; }));
  CHECK(spoiled([](program::KernelCall& k) { k.acc = k.in2; }));
  CHECK(spoiled([](program::KernelCall& k) { k.in2 += 4; }));
  CHECK(spoiled([](program::KernelCall& k) { std::swap(k.in, k.in2); }));
}

TEST_CASE("A part of a sum that no product has is an objection, never a crash") {
  const Expected<Subject> subject = summed_in_parts();
  REQUIRE(subject);
  REQUIRE(functional_objection(*subject, subject->program) == "");
  for (const int from : {-8, 4, 1 << 20}) {
    program::Program wrong = subject->program;
    for (program::KernelCall& k : wrong.calls)
      if (k.kind == program::KernelKind::matmul && !(k.first && k.last)) k.ic0 = from;
    CHECK(functional_objection(*subject, wrong) != "");
  }
}

TEST_CASE("Parts of sums whose transfers the firmware starts are bit-exact") {
  const json small = {{"extends", "hardware/xdna1_1800mhz.json"}, {"tile", {{"memory", {{"size", 16384}}}}}};
  const auto config = config_of(attention(1, 300, 2, 32), small);
  REQUIRE(config);
  run::RunOptions options;
  options.functional = true;
  const Expected<json> result = isolated([&] { return run::run_density(*config, run::Density::dense, options); });
  REQUIRE(result);
  CHECK((*result)["functional"]["mismatches"] == 0);
  CHECK((*result)["functional"]["layers_checked"].get<int>() == 4);
}

TEST_CASE("Attention over 1,500 tokens takes less than four times what its layers need alone") {
  for (const char* hardware : {"aie2", "xdna1_1800mhz"}) {
    INFO(hardware);
    const auto config = config_of(attention(1, 1500, 6, 64), {{"extends", fmt::format("hardware/{}.json", hardware)}});
    REQUIRE(config);
    const Expected<json> result = isolated([&] { return run::run_density(*config, run::Density::dense); });
    REQUIRE(result);
    const double latency = (*result)["latency_us"].get<double>(), alone = (*result)["alone_bound_us"].get<double>();
    INFO("latency " << latency << " us, layers alone at least " << alone << " us");
    CHECK(latency < 4 * alone);
  }
}

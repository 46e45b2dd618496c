// Do 300 random networks on random arrays schedule, verify and compute what the reference computes?
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/verify/verify.h"
#include "tests/property/random_case.h"
#include "tests/property/random_network.h"
#include "tests/property/whole_networks.h"

using namespace tessera;
using namespace tessera::program;
using namespace tessera::verify;

namespace {

constexpr int networks = 300, wide_networks = 200, padded_networks = 200;

// One layer with sizes beyond the fields of descriptors: long rows, many channels, much padding.
std::string wide_network(Random& random) {
  const auto pick = [&](std::initializer_list<int> of) { return *(of.begin() + random.below(of.size())); };
  const bool flat = pick({0, 1}) == 0;
  const int w = pick({40, 300, 1023, 1024, 1031, 2048, 4000}), h = pick({1, 2, 5}),
            most = pick({8, 24, 72, 520, 1032, 4104});
  const int kernel = pick({1, 1, 3, 9, 33}), c = std::min(most, 131071 / kernel - 8);  // what an accumulator holds
  const int pad = pick({0, kernel / 2}), stride = pick({1, 1, 2});
  const char* const ops[] = {"conv2d", "conv2d", "maxpool", "avgpool"};
  const std::string op = ops[random.below(4)];
  const std::string channels = op == "conv2d" ? fmt::format(R"("channels": {}, )", pick({8, 40, 1040})) : "";
  return fmt::format(R"({{"name": "wide", "input": [{}, {}, {}], "layers": [
      {{"name": "a", "op": "{}", {}"kernel": [{}, {}], "padding": [{}, {}], "stride": [{}, {}]}}]}})",
                     flat ? h : w, flat ? w : h, c / (w > 1000 ? 8 : 1) / 8 * 8 + 8, op, channels, flat ? 1 : kernel,
                     flat ? kernel : 1, flat ? 0 : pad, flat ? pad : 0, flat ? 1 : stride, flat ? stride : 1);
}

// One layer with more zeros around its map than the padding of one descriptor adds, on all sides or on some.
std::string padded_network(Random& random) {
  const auto pick = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
  const bool flat = pick(2) == 0;
  const int kernel = flat ? 33 + pick(60) : 17 + pick(30), other = 1 + pick(3), size = 1 + pick(20);
  const int before = pick(3) == 0 ? 0 : pick(kernel),
            after = std::max(pick(3) == 0 ? 0 : pick(kernel), kernel - before - size);
  const char* const ops[] = {"conv2d", "maxpool", "avgpool"};
  const std::string op = ops[random.below(3)];
  return fmt::format(R"({{"name": "padded", "input": [{}, {}, {}], "layers": [
      {{"name": "a", "op": "{}", {}"kernel": [{}, {}], "padding": [{}, {}, {}, {}], "stride": {}}}]}})",
                     flat ? other : size, flat ? size : other, 8 * (1 + pick(3)), op,
                     op == "conv2d" ? fmt::format(R"("channels": {}, )", 8 * (1 + pick(4))) : "", flat ? 1 : kernel,
                     flat ? kernel : 1, flat ? 0 : before, flat ? before : 0, flat ? 0 : after, flat ? after : 0,
                     1 + pick(2));
}

bool sends_zeros(const Program& program) {
  return std::any_of(program.engines.begin(), program.engines.end(), [](const EngineProgram& e) {
    return std::any_of(e.transfers.begin(), e.transfers.end(),
                       [](const Transfer& t) { return t.payload == Payload::padding; });
  });
}

}  // namespace

TEST_CASE("random networks schedule, verify and match the reference") {
  check_random_networks("random", networks, random_network);
}

TEST_CASE("random networks with general scales verify and match the reference") {
  int ran = 0, scaled = 0;
  for (int seed = 0; seed < networks; seed += 3) {
    const Case c = random_case(static_cast<std::uint64_t>(seed));
    const std::string json = with_general_scales(random_network(static_cast<std::uint64_t>(seed)), seed);
    INFO(c.text << "\n" << json);
    const Expected<Subject> subject = make_subject("random", json, c.array, c.ratio, c.spec);
    if (!subject && subject.failure().code == ExitCode::does_not_fit) continue;
    REQUIRE(subject);
    ++ran;
    for (const network::Layer& layer : subject->network.layers)
      scaled += layer.scaling == network::Scaling::power ? 0 : 1;
    const std::optional<Failure> wrong = verify::verify(subject->program, subject->array);
    CHECK(describe(wrong.value_or(Failure{})) == "");
    if (!wrong) CHECK(functional_objection(*subject, subject->program) == "");
  }
  CHECK(ran > networks / 4);
  CHECK(scaled > ran);
}

TEST_CASE("batches of random networks verify and match the reference, every image with an input of its own") {
  int ran = 0, shared = 0;
  for (int seed = 1; seed < networks; seed += 4) {
    const Case c = random_case(static_cast<std::uint64_t>(seed));
    const std::string json = random_network(static_cast<std::uint64_t>(seed));
    const int images = 2 + seed % 3;
    INFO(c.text << ", " << images << " images\n" << json);
    const Expected<Subject> subject = make_subject("random", json, c.array, c.ratio, c.spec, images);
    if (!subject && subject.failure().code == ExitCode::does_not_fit) continue;
    REQUIRE(subject);
    ++ran;
    for (const ChunkPlace& chunk : subject->program.chunks)
      CHECK(subject->program.layers[chunk.layer].layer.repeats < 0);  // weights stand once in DDR
    shared += std::any_of(subject->program.calls.begin(), subject->program.calls.end(), [&](const KernelCall& call) {
      return call.chunk >= 0 && subject->program.chunks[call.chunk].layer != call.layer;
    });
    const std::optional<Failure> wrong = verify::verify(subject->program, subject->array);
    CHECK(describe(wrong.value_or(Failure{})) == "");
    if (!wrong) CHECK(functional_objection(*subject, subject->program) == "");
  }
  CHECK(ran > networks / 8);
  CHECK(shared > ran / 2);
}

TEST_CASE("no schedule has a descriptor whose fields do not hold it") {
  int ran = 0, refused = 0;
  for (int seed = 0; seed < wide_networks; ++seed) {
    Random random(derive_seed(static_cast<std::uint64_t>(seed), 9));
    const Case c = random_case(static_cast<std::uint64_t>(seed));
    const std::string json = wide_network(random);
    INFO(c.text << "\n" << json);
    const Expected<Subject> subject = make_subject("wide", json, c.array, c.ratio, c.spec);
    if (!subject) {
      ++refused;
      CHECK(subject.failure().code == ExitCode::does_not_fit);
      continue;
    }
    ++ran;
    const std::optional<Failure> wrong = verify::verify(subject->program, subject->array);
    CHECK(describe(wrong.value_or(Failure{})) == "");
    if (!wrong && seed % 10 == 0) CHECK(functional_objection(*subject, subject->program) == "");
  }
  INFO(ran << " ran, " << refused << " did not fit");
  CHECK(ran >= wide_networks / 2);
}

TEST_CASE("zeros beyond the padding of one descriptor") {
  int with_zeros = 0;
  for (int seed = 0; seed < padded_networks; ++seed) {
    Random random(derive_seed(static_cast<std::uint64_t>(seed), 12));
    const Case c = random_case(static_cast<std::uint64_t>(seed));
    const std::string json = padded_network(random);
    INFO(c.text << "\n" << json);
    const Expected<Subject> subject = make_subject("padded", json, c.array, c.ratio, c.spec);
    if (!subject) {
      CHECK(describe(subject.failure()) == "");
      continue;
    }
    with_zeros += sends_zeros(subject->program) ? 1 : 0;
    const std::optional<Failure> wrong = verify::verify(subject->program, subject->array);
    CHECK(describe(wrong.value_or(Failure{})) == "");
    if (!wrong) CHECK(functional_objection(*subject, subject->program) == "");
  }
  CHECK(with_zeros >= padded_networks / 3);
}

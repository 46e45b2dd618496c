// Damaged files: whatever stands in them is read or refused, without a crash, a hang or a large allocation.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "sim/base/random.h"
#include "sim/import/import.h"
#include "tests/import/model_builder.h"
#include "tests/import/temporary_folder.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {

// Every kind of node whose rules read attributes or constants.
std::string many_operators() {
  ModelBuilder b(13);
  b.input("x", {1, 4, 8, 8}).filled("w", {8, 4, 3, 3}).filled("bias", {8}).filled("g", {128, 10});
  b.node("Conv", {"x", "w", "bias"}, {"c"})
      .with("pads", Sides{1, 1, 1, 1})
      .with("strides", Sides{1, 1})
      .with("group", 1);
  b.node("MaxPool", {"c"}, {"p"}).with("kernel_shape", Sides{2, 2}).with("strides", Sides{2, 2}).with("ceil_mode", 1);
  b.integers("starts", {0})
      .integers("ends", {4})
      .integers("axes", {1})
      .node("Slice", {"p", "starts", "ends", "axes"}, {"s"});
  b.integers("sizes", {4, 4}).node("Split", {"p", "sizes"}, {"s1", "s2"}).with("axis", 1);
  b.node("Concat", {"s1", "s2"}, {"j"}).with("axis", 1);
  b.node("Shape", {"j"}, {"shape"}).integers("first", {0}).node("Gather", {"shape", "first"}, {"n"}).with("axis", 0);
  b.integers("rest", {-1}).node("Concat", {"n", "rest"}, {"target"}).with("axis", 0);
  b.node("Reshape", {"j", "target"}, {"f"}).node("Gemm", {"f", "g"}, {"y"}).with("transB", 0);
  b.integers("pads", {0, 0, 1, 1, 0, 0, 1, 1}).node("Pad", {"s", "pads"}, {"padded"}).with("mode", "constant");
  b.node("Transpose", {"padded"}, {"t"})
      .with("perm", Sides{0, 2, 3, 1})
      .node("ReduceMean", {"t"}, {"m"})
      .with("axes", Sides{1, 2});
  return b.output("y").output("m").model.SerializeAsString();
}

std::string bytes_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// A byte changed, bytes cut off or put in, or a run of them overwritten.
std::string mutated(std::string bytes, Random& random) {
  const auto at = static_cast<std::size_t>(random.below(bytes.size()));
  switch (random.below(5)) {
    case 0:
      bytes[at] = static_cast<char>(random.below(256));
      break;
    case 1:
      bytes.resize(at);
      break;
    case 2:
      bytes.insert(at, 1 + random.below(9), static_cast<char>(random.below(256)));
      break;
    case 3:
      bytes.erase(at, 1 + random.below(9));
      break;
    default:
      for (std::size_t i = at; i < std::min(bytes.size(), at + 9); ++i) bytes[i] = static_cast<char>(0xff);
  }
  return bytes;
}

}  // namespace

TEST_CASE("Mutations of two files are read or refused") {
  const std::string files[2] = {many_operators(), bytes_of("tests/import/models/mobilenet_v3_small_op17.onnx.gz")};
  Random random(19);
  const TemporaryFolder folder;
  int refused = 0, read = 0;
  for (int n = 0; n < 500; ++n) {
    const std::string path = folder.path + "/m.onnx";
    std::ofstream(path, std::ios::binary) << mutated(files[n % 5 == 0 ? 1 : 0], random);
    const Expected<Imported> imported = import_onnx(path, {});
    (imported ? read : refused) += 1;
    if (imported) continue;
    REQUIRE(imported.failure().code == ExitCode::bad_input);
    for (const Problem& problem : imported.failure().problems) {
      REQUIRE_FALSE(problem.what.empty());
      REQUIRE_FALSE((problem.path + problem.file).empty());
    }
  }
  CHECK(refused > 100);
  CHECK(read > 20);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  CHECK(usage.ru_maxrss < 400 * 1024);  // KiB; the larger file unpacks to 10 MB
}

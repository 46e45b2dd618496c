// Are images and labels read as they are meant, and what does not fit refused by name?
#include "sim/evaluation/dataset.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "sim/evaluation/accuracy.h"
#include "sim/evaluation/calibration.h"
#include "sim/sparsity/numpy_file.h"

using namespace tessera;
using namespace tessera::evaluation;
using Catch::Contains;

namespace {

struct File {
  explicit File(const std::string& name, const std::string& bytes = "") : path("dataset_test_" + name) {
    if (!bytes.empty()) std::ofstream(path, std::ios::binary) << bytes;
  }
  ~File() { std::remove(path.c_str()); }
  std::string path;
};

// Unsigned bytes as idx.
std::string idx(const std::vector<int>& sides, const std::vector<int>& values) {
  std::string s{'\0', '\0', '\x08', static_cast<char>(sides.size())};
  for (const int side : sides) s += {'\0', '\0', static_cast<char>(side >> 8), static_cast<char>(side & 255)};
  for (const int v : values) s += static_cast<char>(v);
  return s;
}

std::string problem(const DatasetFiles& files, const network::Shape& shape, const Normalization& how = {}) {
  const Expected<Dataset> set = read_dataset(files, how, shape);
  return set ? "" : describe(set.failure());
}

DatasetFiles named(const std::string& images, const std::string& labels = "", int classes = 0) {
  DatasetFiles files;
  files.images = images;
  files.labels = labels;
  files.classes = classes;
  return files;
}

}  // namespace

TEST_CASE("Images may have the dimensions of the file's input") {
  const import::View view = import::rows_view("input", {1, 2, 3});  // two rows of three features: 2 x 1 x 3
  const File rows("r.idx", idx({2, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  const Expected<Dataset> set = read_dataset(named(rows.path), {}, {2, 1, 3}, &view);
  REQUIRE(set);
  CHECK(set->count == 2);
  CHECK(set->images == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  import::View turned = view;  // of which the features come first in the file
  std::swap(turned.dims[1], turned.dims[2]);
  const File features("f.idx", idx({1, 3, 2}, {0, 1, 2, 3, 4, 5}));
  const Expected<Dataset> other = read_dataset(named(features.path), {}, {2, 1, 3}, &turned);
  REQUIRE(other);
  CHECK(other->images == std::vector<float>{0, 2, 4, 1, 3, 5});
  const File wrong("w.idx", idx({1, 4, 2}, {0, 1, 2, 3, 4, 5, 6, 7}));
  const Expected<Dataset> refused = read_dataset(named(wrong.path), {}, {2, 1, 3}, &turned);
  REQUIRE_FALSE(refused);
  CHECK_THAT(describe(refused.failure()), Contains("or n x (1, 3, 2)"));
}

TEST_CASE("Dimensions of the file come before those of the tensor, where both fit") {
  import::View view = import::map_view("input", 1, 3, 3);  // a row that stands as a column
  std::swap(view.h, view.w);
  const File row("r.idx", idx({1, 3, 1, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}));
  const Expected<Dataset> set = read_dataset(named(row.path), {}, {3, 1, 3}, &view);
  REQUIRE(set);
  CHECK(set->images == std::vector<float>{0, 3, 6, 1, 4, 7, 2, 5, 8});
}

TEST_CASE("idx: values are scaled, centred, divided") {
  const File images("i.idx", idx({2, 2, 3}, {0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6})),
      labels("l.idx", idx({2}, {7, 1}));
  const Expected<Dataset> set = read_dataset(named(images.path, labels.path, 8), {255, {0.2}, {0.5}}, {2, 3, 1});
  REQUIRE(set);
  CHECK(set->count == 2);
  CHECK(set->labels == std::vector<int>{7, 1});
  CHECK(set->images[0] == Approx(-0.4));
  CHECK(set->images[1] == Approx(0).margin(1e-6));
  CHECK(set->image(0)[5] == Approx(1.6));
  CHECK(set->image(1)[0] == Approx((1 / 255.0 - 0.2) / 0.5));
}

TEST_CASE("npz: channels in front or behind, a mean per channel, labels in the same file") {
  std::vector<std::uint8_t> front(2 * 3 * 2 * 4), behind(front.size());
  for (int n = 0; n < 2; ++n)
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 2; ++y)
        for (int x = 0; x < 4; ++x) {
          const auto v = static_cast<std::uint8_t>(n * 100 + c * 20 + y * 4 + x);
          front[((n * 3 + c) * 2 + y) * 4 + x] = v;
          behind[((n * 2 + y) * 4 + x) * 3 + c] = v;
        }
  const File file("a.npz");
  const Normalization how{1, {1, 2, 3}, {}};
  for (const auto& [shape, bytes] : {std::pair{std::vector<std::int64_t>{2, 3, 2, 4}, front}, {{2, 2, 4, 3}, behind}}) {
    REQUIRE_FALSE(
        sparsity::write_npz(file.path, {{"images", {"|u1", shape, bytes}}, {"labels", {"|u1", {2}, {0, 1}}}}));
    const Expected<Dataset> set = read_dataset(named(file.path), how, {2, 4, 3});
    REQUIRE(set);
    CHECK(set->image(1)[(1 * 4 + 2) * 3 + 2] == 100 + 40 + 4 + 2 - 3);
    CHECK(set->labels == std::vector<int>{0, 1});
  }
}

TEST_CASE("What does not fit is refused by name") {
  const File images("i.idx", idx({2, 2, 3}, std::vector<int>(12, 1))), three("l.idx", idx({3}, {0, 1, 1})),
      wide("w.idx", idx({2}, {0, 9})), cut("c.idx", idx({2, 2, 3}, {1, 2})), text("t.txt", "no data");
  CHECK_THAT(problem(named(images.path, three.path), {2, 3, 1}), Contains("labels of the shape (3,); (2,)"));
  CHECK_THAT(problem(named(images.path, wide.path, 9), {2, 3, 1}), Contains("labels image 1 with 9; 0 to 8"));
  CHECK_THAT(problem(named(images.path), {3, 2, 1}), Contains("(2, 2, 3)") && Contains("n x 1 x 3 x 2"));
  CHECK_THAT(problem(named(cut.path), {2, 3, 1}), Contains("holds 2 bytes"));
  CHECK_THAT(problem(named(text.path), {2, 3, 1}), Contains("of no format that is read"));
  CHECK_THAT(problem(named("missing.idx"), {2, 3, 1}), Contains("missing.idx"));
  CHECK_THAT(problem(named(images.path), {2, 3, 1}, {1, {1, 2}, {}}), Contains("--mean has 2 numbers for 1 channels"));
  CHECK_THAT(problem(named(images.path), {2, 3, 1}, {1, {}, {0}}), Contains("--std is 0"));
  CHECK_THAT(problem(named(images.path), {2, 3, 1}, {1e-300, {}, {}}), Contains("holds 1, which --scale"));
  const File nan("n.npz");
  REQUIRE_FALSE(sparsity::write_npz(nan.path, {{"images", {"<f4", {1, 1, 2}, {0, 0, 0, 0, 0, 0, 0xc0, 0x7f}}}}));
  CHECK_THAT(problem(named(nan.path), {1, 2, 1}), Contains("no number, in image 0"));
}

TEST_CASE("A subset is drawn by its seed, in the order of the file") {
  std::vector<int> values(100);
  for (int i = 0; i < 100; ++i) values[i] = i;
  const File images("s.idx", idx({100, 1, 1}, values));
  DatasetFiles files = named(images.path);
  files.subset = 10;
  const Expected<Dataset> one = read_dataset(files, {}, {1, 1, 1}), again = read_dataset(files, {}, {1, 1, 1});
  files.seed = 0;
  const Expected<Dataset> first = read_dataset(files, {}, {1, 1, 1});
  REQUIRE(one->count == 10);
  CHECK(one->images == again->images);
  CHECK(std::is_sorted(one->images.begin(), one->images.end()));
  CHECK(one->images != first->images);
  CHECK(first->images.back() == 9);
}

TEST_CASE("Hits and agreements by hand: of equal outputs the first is the larger") {
  const Outputs a{3, {1, 2, 2, /**/ 5, 4, 3, /**/ 0, 0, 0}}, b{3, {0, 0, 1, /**/ 9, 0, 0, /**/ 1, 0, 0}};
  CHECK(hits(a, {1, 0, 0}, 1) == 3);
  CHECK(hits(a, {2, 2, 2}, 1) == 0);
  CHECK(hits(a, {2, 2, 2}, 2) == 1);
  CHECK(hits(a, {2, 2, 2}, 3) == 3);
  CHECK(agreements(a, b) == 2);
}

TEST_CASE("The best step clips a single outlier, and holds evenly spread values whole") {
  std::vector<float> values;
  for (int i = -127; i <= 127; ++i) values.push_back(static_cast<float>(i));
  CHECK(best_step(values) == Approx(1));
  std::vector<float> outlier(100000, 0);
  for (std::size_t i = 0; i < outlier.size(); ++i) outlier[i] = static_cast<float>(i % 201) / 100 - 1;
  outlier[5] = 2;
  CHECK(best_step(outlier) < 1.5 / 127);
  CHECK(best_step({0, 0}) == 0);
}

TEST_CASE("The peak signal-to-noise ratio") {
  CHECK_FALSE(psnr_db(mean_squared_error({1, 2}, {1, 2}), 255));
  CHECK(mean_squared_error({1, 2, 3, 4}, {1, 2, 3, 8}) == 4);
  CHECK(*psnr_db(4, 200) == Approx(40));
  CHECK(*psnr_db(0.0001, 1) == Approx(40));
}

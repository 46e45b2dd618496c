// Do NumPy and we read each other's files, and is what we do not read refused with a reason?
#include "sim/sparsity/numpy_file.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

using namespace tessera;
using namespace tessera::sparsity;
using Catch::Matchers::Contains;

namespace {

bool python(const std::string& code) {
  return std::system(("/usr/bin/python3 -c \"import numpy as np; " + code + "\"").c_str()) == 0;
}

// A file in the working directory that goes with the test.
struct File {
  explicit File(std::string name) : path(std::move(name)) {}
  ~File() { std::remove(path.c_str()); }
  std::string path;
};

std::string problem(const std::string& path) {
  const auto arrays = read_numpy(path);
  REQUIRE_FALSE(arrays);
  return describe(arrays.failure());
}

}  // namespace

TEST_CASE("NumPy reads what we write") {
  const File npz("numpy_file_test_out.npz"), npy("numpy_file_test_out.npy");
  REQUIRE_FALSE(write_npz(npz.path, {{"layer1.0.conv1", {"|b1", {2, 3}, {1, 0, 1, 1, 1, 0}}},
                                     {"bias", {"<i4", {2}, {1, 0, 0, 0, 255, 255, 255, 255}}}}));
  REQUIRE_FALSE(write_npy(npy.path, {"|i1", {2, 2}, {1, 255, 127, 128}}));
  CHECK(python("z = np.load('" + npz.path +
               "'); assert sorted(z) == ['bias', 'layer1.0.conv1']; "
               "assert z['layer1.0.conv1'].dtype == bool; assert z['layer1.0.conv1'].tolist() == "
               "[[True, False, True], [True, True, False]]; assert z['bias'].tolist() == [1, -1]"));
  CHECK(python("a = np.load('" + npy.path + "'); assert a.tolist() == [[1, -1], [127, -128]]"));
  CHECK_FALSE(python("a = np.load('" + npy.path + "'); assert a.tolist() == [[1, -1], [127, 0]]"));
}

TEST_CASE("We read what NumPy writes") {
  const File npz("numpy_file_test_in.npz"), npy("numpy_file_test_in.npy");
  REQUIRE(python("np.savez('" + npz.path +
                 "', **{'a.b': np.array([[True, False]]), 'c': np.arange(3, dtype='int32')}); "
                 "np.save('" +
                 npy.path + "', np.array([-1, 2], dtype='int8'))"));
  const auto arrays = read_numpy(npz.path);
  REQUIRE(arrays);
  REQUIRE(arrays->size() == 2);
  CHECK(arrays->at("a.b").shape == std::vector<std::int64_t>{1, 2});
  CHECK(arrays->at("a.b").bytes == std::vector<std::uint8_t>{1, 0});
  CHECK(arrays->at("c").dtype == "<i4");
  CHECK(arrays->at("c").elements() == 3);
  const auto array = read_numpy(npy.path);
  REQUIRE(array);
  CHECK(array->at("").bytes == std::vector<std::uint8_t>{255, 2});
}

TEST_CASE("Compressed archives and floating point are read") {
  const File f("numpy_file_test_packed.npz");
  REQUIRE(python("np.savez_compressed('" + f.path +
                 "', a=np.arange(1000, dtype='int32'), h=np.array([1.5, -2**-24, 65504], dtype='float16'), "
                 "f=np.array([0.1], dtype='float32'), d=np.array([-1e-3]), e=np.zeros(0))"));
  const auto arrays = read_numpy(f.path);
  REQUIRE(arrays);
  CHECK(to_floats(arrays->at("a"))[999] == 999);
  CHECK(to_floats(arrays->at("h")) == std::vector<float>{1.5F, -std::exp2(-24.0F), 65504});
  CHECK(to_floats(arrays->at("f")) == std::vector<float>{0.1F});
  CHECK(to_floats(arrays->at("d")) == std::vector<float>{-1e-3F});
  CHECK(arrays->at("e").bytes.empty());
  std::ifstream in(f.path, std::ios::binary);
  std::string whole{std::istreambuf_iterator<char>(in), {}};
  whole[whole.size() / 3] ^= 1;  // within the deflated data of the first array
  std::ofstream(f.path, std::ios::binary) << whole;
  CHECK_FALSE(read_numpy(f.path));
}

TEST_CASE("Fortran, big-endian, complex: refused with what would be legal") {
  const File g("numpy_file_test_bad.npy");
  REQUIRE(python("np.save('" + g.path + "', np.zeros((2, 3), dtype='int8', order='F'))"));
  CHECK_THAT(problem(g.path), Contains("Fortran order"));
  REQUIRE(python("np.save('" + g.path + "', np.zeros(2, dtype='>i4'))"));
  CHECK_THAT(problem(g.path), Contains("'>i4'"));
  REQUIRE(python("np.save('" + g.path + "', np.zeros(2, dtype='complex64'))"));
  CHECK_THAT(problem(g.path), Contains("'<c8'") && Contains("little-endian numbers or bool"));
}

TEST_CASE("Damaged files: cut short at every length, and with every byte of the data changed") {
  const File f("numpy_file_test_cut.npz");
  REQUIRE_FALSE(write_npz(f.path, {{"a", {"|u1", {3}, {7, 8, 9}}}}));
  std::ifstream in(f.path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t n = 0; n < whole.size(); ++n) {
    std::ofstream(f.path, std::ios::binary) << whole.substr(0, n);
    CHECK_FALSE(read_numpy(f.path));
  }
  std::string changed = whole;
  changed[whole.find("\x07\x08\x09")] = 6;
  std::ofstream(f.path, std::ios::binary) << changed;
  CHECK_THAT(problem(f.path), Contains("wrong checksum"));
  std::ofstream(f.path, std::ios::binary) << whole;
  CHECK(read_numpy(f.path));
}

TEST_CASE("An archive whose entries share their bytes is refused before it grows") {
  const File f("numpy_file_test_overlap.npz");
  std::map<std::string, NumpyArray> arrays;
  arrays["big"] = {"|u1", {100000}, std::vector<std::uint8_t>(100000, 1)};
  for (int i = 0; i < 99; ++i) arrays["copy" + std::to_string(100 + i)] = arrays["big"];
  REQUIRE_FALSE(write_npz(f.path, arrays));
  std::ifstream in(f.path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  // Every entry of the directory at the end points to the first content; the others are cut out.
  const std::size_t first = bytes.find("PK\x01\x02"), second = bytes.find("PK\x03\x04", 4);
  std::string directory = bytes.substr(first);
  for (std::size_t at = 0; (at = directory.find("PK\x01\x02", at)) != std::string::npos; at += 4)
    directory.replace(at + 42, 4, 4, '\0');
  const std::size_t end = directory.rfind("PK\x05\x06");
  for (int i = 0; i < 4; ++i) directory[end + 16 + i] = static_cast<char>(second >> 8 * i & 0xff);
  std::ofstream(f.path, std::ios::binary) << bytes.substr(0, second) + directory;
  CHECK_THAT(problem(f.path), Contains("overlaps other entries of the archive"));
}

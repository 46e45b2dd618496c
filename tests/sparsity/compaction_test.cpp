// Do the bytes of a chunk hold exactly the weights of its present blocks, found again through the index alone?
#include "sim/sparsity/compaction.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <numeric>

#include "sim/base/random.h"
#include "sim/sparsity/generators.h"

using namespace tessera;
using namespace tessera::sparsity;

namespace {

WeightTensor random_weights(int cout, int taps, int cin, Random& random) {
  WeightTensor w{cout, taps, cin, 1, {}, {}, {}, {}};
  for (int i = 0; i < cout * taps * cin; ++i) w.values.push_back(static_cast<std::int8_t>(random.below(255)) | 1);
  for (int i = 0; i < cout; ++i) w.bias.push_back(static_cast<std::int32_t>(random.next()));
  for (int i = 0; i < cout; ++i) w.multiplier.push_back(static_cast<std::int32_t>(random.next() >> 33));
  return w;
}

void clear_missing(WeightTensor& w, const KernelMask& mask) {
  for (int oc = 0; oc < w.cout; ++oc)
    for (int t = 0; t < w.taps; ++t)
      for (int ic = 0; ic < w.cin; ++ic)
        if (!mask.present(oc / 8, ic / 8)) w.values[(static_cast<std::size_t>(oc) * w.taps + t) * w.cin + ic] = 0;
}

// Dense [rows*8][taps][cols*8] weights of the chunk, read back as a kernel would: index first, then the blocks.
std::vector<int> unpack(const std::vector<std::uint8_t>& bytes, const ChunkShape& chunk, const ChunkSize& size,
                        const IndexUnits& units) {
  const int rows = static_cast<int>(chunk.rows.size()), cols = chunk.col1 - chunk.col0;
  std::vector<std::vector<bool>> present(rows, std::vector<bool>(cols, !size.indexed));
  if (size.indexed) {
    const auto half = [&](int i) {
      std::uint16_t v;
      std::memcpy(&v, &bytes[static_cast<std::size_t>(size.parameters()) + 2 * i], 2);
      return static_cast<int>(v);
    };
    int next = rows / units.rows;
    for (int u = 0; u < rows / units.rows; ++u)
      for (int n = half(u); n > 0; --n, ++next)
        for (int r = u * units.rows; r < (u + 1) * units.rows; ++r)
          for (int c = half(next) * units.cols; c < std::min(cols, (half(next) + 1) * units.cols); ++c)
            present[r][c] = true;
  }
  std::vector<int> dense(static_cast<std::size_t>(rows) * 8 * chunk.taps * cols * 8, 0);
  auto at = static_cast<std::size_t>(size.parameters() + size.index);
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < cols; ++c) {
      if (!present[r][c]) continue;
      for (int t = 0; t < chunk.taps; ++t)
        for (int i = 0; i < 8; ++i)
          for (int o = 0; o < 8; ++o)
            dense[((static_cast<std::size_t>(r) * 8 + o) * chunk.taps + t) * cols * 8 + c * 8 + i] =
                static_cast<std::int8_t>(bytes[at++]);
    }
  CHECK(at == bytes.size());
  return dense;
}

std::vector<int> expected(const WeightTensor& w, const ChunkShape& chunk) {
  const int cols = chunk.col1 - chunk.col0;
  std::vector<int> dense;
  for (int row : chunk.rows)
    for (int o = 0; o < 8; ++o)
      for (int t = 0; t < chunk.taps; ++t)
        for (int ic = chunk.col0 * 8; ic < (chunk.col0 + cols) * 8; ++ic) {
          const int oc = row * 8 + o;
          dense.push_back(oc < w.cout && ic < w.cin ? w.values[(static_cast<std::size_t>(oc) * w.taps + t) * w.cin + ic]
                                                    : 0);
        }
  return dense;
}

}  // namespace

TEST_CASE("Every block is read back through the index: random shapes, blocks, chunks and row orders") {
  Random random(7);
  for (int round = 0; round < 400; ++round) {
    const int cout = 1 + static_cast<int>(random.below(90)), cin = 1 + static_cast<int>(random.below(90));
    const int taps = 1 + static_cast<int>(random.below(3));
    const auto& sides = legal_block_sides();
    const int bc = sides[random.below(sides.size())], bi = sides[random.below(sides.size())];
    const BlockMask block = *generate_mask(cout, cin, {bc, bi}, random.uniform(), "random", random.next());
    KernelMask mask = kernel_mask(block);
    if (random.below(3) == 0) random.shuffle(mask.bits);  // reordered blocks: units are no longer alike
    ChunkShape chunk;
    chunk.taps = taps;
    chunk.bias = random.below(2) == 0;
    chunk.multipliers = random.below(2) == 0;
    chunk.rows.resize(static_cast<std::size_t>(mask.rows));
    std::iota(chunk.rows.begin(), chunk.rows.end(), 0);
    if (random.below(2) == 0) random.shuffle(chunk.rows);
    chunk.rows.resize(1 + random.below(chunk.rows.size()));
    chunk.col0 = static_cast<int>(random.below(static_cast<std::uint64_t>(mask.cols)));
    chunk.col1 = chunk.col0 + 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(mask.cols - chunk.col0)));
    WeightTensor w = random_weights(cout, taps, cin, random);
    clear_missing(w, mask);
    CAPTURE(round, cout, cin, bc, bi);
    const ChunkSize size = chunk_size(mask, chunk);
    const std::vector<std::uint8_t> bytes = pack_chunk(w, mask, chunk);
    REQUIRE(static_cast<Bytes>(bytes.size()) == size.total());
    REQUIRE(unpack(bytes, chunk, size, index_units(mask, chunk)) == expected(w, chunk));
    if (chunk.bias) {
      std::int32_t bias;
      std::memcpy(&bias, bytes.data(), 4);
      CHECK(bias == w.bias[static_cast<std::size_t>(chunk.rows[0]) * 8]);
    }
    if (chunk.multipliers) {
      CHECK(size.multipliers == static_cast<Bytes>(chunk.rows.size()) * 32);
      std::int32_t multiplier;
      std::memcpy(&multiplier, bytes.data() + size.bias, 4);
      CHECK(multiplier == w.multiplier[static_cast<std::size_t>(chunk.rows[0]) * 8]);
    }
  }
}

TEST_CASE("An all-ones mask costs what dense costs, to the byte") {
  for (int side : legal_block_sides()) {
    const KernelMask mask = kernel_mask(BlockMask::all_ones(100, 60, side, side));
    const ChunkSize size = chunk_size(mask, {{0, 1, 2, 3}, 0, 8, 9, true});
    CHECK_FALSE(size.indexed);
    CHECK(size.total() == 4 * 8 * 4 + 4 * 8 * 9 * 64);
  }
}

TEST_CASE("Index bytes by hand") {
  BlockMask mask = BlockMask::all_ones(32, 64);
  mask.bits[5] = 0;
  // 4 rows: 4 counts + 31 entries of 2 bytes = 70, to 72
  CHECK(chunk_size(kernel_mask(mask), {{0, 1, 2, 3}, 0, 8, 1, false}).index == 72);
  BlockMask large = BlockMask::all_ones(32, 64, 16, 32);
  large.bits[3] = 0;
  // 2 rows of units: 2 counts + 3 entries = 10, to 12
  CHECK(chunk_size(kernel_mask(large), {{0, 1, 2, 3}, 0, 8, 1, false}).index == 12);
  // rows that cut the units fall back to single rows: 2 counts + 2 + 1 entries = 10, to 12
  CHECK(chunk_size(kernel_mask(large), {{1, 2}, 0, 8, 1, false}).index == 12);
  // columns that cut them, too: 2 counts + 7 + 3 entries = 24
  CHECK(chunk_size(kernel_mask(large), {{1, 2}, 1, 8, 1, false}).index == 24);
}

TEST_CASE("Padding makes a chunk longer and changes nothing before its table") {
  Random random(7);
  WeightTensor w = random_weights(8, 1, 16, random);
  w.table = {1, 2, 3, 4};
  KernelMask mask{1, 2, 1, 1, {1, 0}};
  ChunkShape chunk;
  chunk.rows = {0};
  chunk.col1 = 2;
  chunk.bias = true;
  chunk.table = 4;
  const std::vector<std::uint8_t> tight = pack_chunk(w, mask, chunk);
  chunk.padding = 12;
  const std::vector<std::uint8_t> padded = pack_chunk(w, mask, chunk);
  REQUIRE(padded.size() == tight.size() + 12);
  CHECK(chunk_size(mask, chunk).total() == static_cast<Bytes>(padded.size()));
  CHECK(std::equal(tight.begin(), tight.end() - 4, padded.begin()));
  CHECK(std::equal(tight.end() - 4, tight.end(), padded.end() - 4));
  CHECK(std::all_of(padded.end() - 16, padded.end() - 4, [](std::uint8_t b) { return b == 0; }));
}

TEST_CASE("Blocks smaller than 8x8 keep a kernel block as long as one of them is there") {
  BlockMask mask = BlockMask::all_ones(16, 16, 4, 8);
  mask.bits = {0, 0, 1, 0, 0, 1, 0, 0};  // 4 rows of 4 channels, 2 columns
  const KernelMask kernel = kernel_mask(mask);
  CHECK(kernel.bits == std::vector<std::uint8_t>{1, 0, 0, 1});
}

TEST_CASE("Blocks larger than 8x8 cover all their kernel blocks, cut at the edge") {
  BlockMask mask = BlockMask::all_ones(24, 40, 16, 32);
  mask.bits = {1, 0, 0, 1};
  const KernelMask kernel = kernel_mask(mask);
  CHECK(kernel.rows == 3);
  CHECK(kernel.cols == 5);
  CHECK(kernel.bits == std::vector<std::uint8_t>{1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1});
  CHECK(kernel.count() == 9);
  CHECK(kernel.count(1, 3, 3, 5) == 2);
}

// Is the arithmetic what its definition says? Expected values worked out by hand.
#include "sim/base/arithmetic.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace tessera;

TEST_CASE("Requantization adds half and floors: halves go up, on both sides of zero") {
  CHECK(requantize(5, 1) == 3);    // 2.5 -> 3
  CHECK(requantize(-5, 1) == -2);  // -2.5 -> -2
  CHECK(requantize(6, 2) == 2);    // 1.5 -> 2
  CHECK(requantize(-6, 2) == -1);  // -1.5 -> -1
  CHECK(requantize(5, 2) == 1);    // 1.25
  CHECK(requantize(-7, 2) == -2);  // -1.75
  CHECK(requantize(7, 3) == 1);    // 0.875
  CHECK(requantize(3, 3) == 0);    // 0.375
  CHECK(requantize(-4, 3) == 0);   // -0.5 -> 0
  CHECK(requantize(-5, 3) == -1);  // -0.625
}

TEST_CASE("Requantization saturates, and without shift it only saturates") {
  CHECK(requantize(1000, 0) == 127);
  CHECK(requantize(-1000, 0) == -128);
  CHECK(requantize(-128, 0) == -128);
  CHECK(requantize(255, 1) == 127);    // 127.5 -> 128 -> 127
  CHECK(requantize(-257, 1) == -128);  // -128.5 -> -128
  CHECK(requantize(std::numeric_limits<std::int32_t>::max(), 24) == 127);
  CHECK(requantize(std::numeric_limits<std::int32_t>::min(), 24) == -128);
  CHECK(requantize(std::numeric_limits<std::int32_t>::max(), 31) == 1);  // no overflow on adding half
}

TEST_CASE("General scales round halves to even, and hold their widest operands") {
  CHECK(requantize(5, 1, 1) == 2);    // 2.5 -> 2
  CHECK(requantize(7, 1, 1) == 4);    // 3.5 -> 4
  CHECK(requantize(-5, 1, 1) == -2);  // -2.5 -> -2
  CHECK(requantize(-7, 1, 1) == -4);  // -3.5 -> -4
  CHECK(requantize(10, 3, 3) == 4);   // 3.75
  CHECK(requantize(9, 3, 3) == 3);    // 3.375
  CHECK(requantize(100, 3, 0) == 127);
  CHECK(requantize(0, 3, 62) == 0);
  const std::int32_t most = std::numeric_limits<std::int32_t>::max(), least = std::numeric_limits<std::int32_t>::min();
  CHECK(requantize(most, most, 62) == 1);  // 0.999999999
  CHECK(requantize(least, most, 62) == -1);
  CHECK(requantize(most, most, 0) == 127);
  CHECK(requantize(least, most, 0) == -128);
  CHECK(add_scaled(3, 5, 1, 3, 2) == 4);  // 4.5 -> 4
  CHECK(add_scaled(-3, -5, 1, 3, 2) == -4);
  CHECK(add_scaled(127, 127, most, most, 32) == 127);
  CHECK(add_scaled(-128, 127, most, most, 31) == -1);  // -0.9999999995
}

TEST_CASE("Average multiplies by round(65536 / count)") {
  CHECK(average(7, 1) == 7);
  CHECK(average(10, 4) == 3);    // 2.5 -> 3
  CHECK(average(-10, 4) == -2);  // -2.5 -> -2
  CHECK(average(9 * 100, 9) == 100);
  CHECK(average(49 * -128, 49) == -128);  // 1337 * -6272 / 65536 = -127.95
  CHECK(average(49 * 127, 49) == 127);
  CHECK(average(32, 64) == 1);
}

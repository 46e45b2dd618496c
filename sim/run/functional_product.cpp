#include <fmt/format.h>

#include <cstring>

#include "sim/run/functional.h"

namespace tessera {
namespace {

constexpr std::uint8_t untouched = 0xa5;  // stands where C has not been written
constexpr std::size_t max_shown = 8;

// Little-endian, sign-extended to the element's width.
void put(std::vector<std::uint8_t>& bytes, Bytes at, std::int8_t value, Bytes width) {
  for (Bytes b = 0; b < width; ++b)
    bytes[static_cast<std::size_t>(at + b)] = b == 0 ? static_cast<std::uint8_t>(value) : value < 0 ? 0xff : 0;
}

}  // namespace

std::optional<Problem> product_without_data(const Program& program) {
  const std::string legal =
      "legal: with schedule.policy=best or published and accounting=physical, or a gemm of i8 or i16 "
      "with an i32 product";
  if (program.product.layer < 0)
    return Problem{"", "--functional",
                   "the program does not say which elements it moves, so that no data can be checked", legal};
  const Layer& l = program.layers[static_cast<std::size_t>(program.product.layer)].layer;
  const bool integers = l.in_type == ElementType::i8 || l.in_type == ElementType::i16;
  if (integers && l.out_type == ElementType::i32) return std::nullopt;
  return Problem{"", "--functional",
                 fmt::format("the arithmetic of {} -> {} is not modelled", type_name(l.in_type), type_name(l.out_type)),
                 legal};
}

DdrImage build_product_image(const Program& program, const NetworkData& data) {
  const Product& q = program.product;
  const Layer& l = program.layers[static_cast<std::size_t>(q.layer)].layer;
  const Bytes width = type_bytes(l.in_type);
  const int m = l.out.h, k = l.in.c, n = l.out.c;
  const auto blank = [](const Matrix& x, std::uint8_t value) {
    return std::vector<std::uint8_t>(static_cast<std::size_t>(x.pitch * x.rows), value);
  };
  std::vector<std::uint8_t> a = blank(q.a, 0), b = blank(q.b, 0);
  for (int i = 0; i < m; ++i)
    for (int s = 0; s < k; ++s)
      put(a, i * q.a.pitch + s * width, data.input.values[static_cast<std::size_t>(i) * k + s], width);
  const WeightTensor& w = data.weights[static_cast<std::size_t>(q.layer)];
  for (int j = 0; j < n; ++j)
    for (int s = 0; s < k; ++s) put(b, s * q.b.pitch + j * width, w.values[static_cast<std::size_t>(j) * k + s], width);
  DdrImage image;
  image.parts.emplace_back(q.a.address, std::move(a));
  image.parts.emplace_back(q.b.address, std::move(b));
  image.parts.emplace_back(q.c.address, blank(q.c, untouched));
  return image;
}

FunctionalReport check_product(const Program& program, const SimResult& result,
                               const std::vector<std::int32_t>& reference) {
  const Product& q = program.product;
  const Layer& l = program.layers[static_cast<std::size_t>(q.layer)].layer;
  FunctionalReport report;
  report.layers_checked = 1;
  for (const FunctionalError& error : result.errors) report.errors.push_back(error.text);
  for (int i = 0; i < l.out.h; ++i)
    for (int j = 0; j < l.out.c; ++j) {
      const std::int32_t want = reference[static_cast<std::size_t>(i) * l.out.c + j];
      std::int32_t got = 0;
      std::memcpy(&got, result.host.data() + i * q.c.pitch + Bytes{j} * 4, 4);
      ++report.elements_checked;
      if (got == want) continue;
      ++report.mismatches;
      if (report.first.size() < max_shown)
        report.first.push_back(fmt::format("layer {} element [{}, {}]: expected {}, got {}", l.name, i, j, want, got));
    }
  return report;
}

}  // namespace tessera

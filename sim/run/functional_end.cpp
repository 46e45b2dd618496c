#include <fmt/format.h>

#include <cstring>

#include "sim/reference/reference.h"
#include "sim/run/functional.h"

namespace tessera::run {
namespace {

constexpr std::uint8_t untouched = 0xa5;  // stands where C has not been written

// Little-endian, sign-extended to the element's width.
void put(std::vector<std::uint8_t>& bytes, Bytes at, std::int8_t value, Bytes width) {
  for (Bytes b = 0; b < width; ++b)
    bytes[static_cast<std::size_t>(at + b)] = b == 0 ? static_cast<std::uint8_t>(value) : value < 0 ? 0xff : 0;
}

// Where the last layer's tensor stands as a whole, if it does.
const program::TensorPiece* output_piece(const program::Program& program) {
  const auto last = static_cast<int>(program.layers.size()) - 1;
  for (const program::TensorPiece& piece : program.pieces)
    if (piece.tensor == last && piece.in_ddr && piece.access.rank == 1 &&
        piece.access.memory_bytes() == program.layers.back().layer.out.elements())
      return &piece;
  return nullptr;
}

}  // namespace

std::optional<Problem> without_data(const program::Program& program) {
  const std::string legal =
      "legal: with schedule.policy=best or published and accounting=physical, a bottleneck, or a gemm of i8 or i16 "
      "with "
      "an i32 product";
  if (program.product.layer < 0 && output_piece(program) == nullptr)
    return Problem{"", "--functional", "the program moves no data of the network", legal};
  if (program.product.layer < 0) return std::nullopt;
  const network::Layer& l = program.layers[static_cast<std::size_t>(program.product.layer)].layer;
  const bool integers = l.in_type == network::ElementType::i8 || l.in_type == network::ElementType::i16;
  if (integers && l.out_type == network::ElementType::i32) return std::nullopt;
  return Problem{"", "--functional",
                 fmt::format("the arithmetic of {} -> {} is not modelled", type_name(l.in_type), type_name(l.out_type)),
                 legal};
}

HostBytes judged_bytes(const program::Program& program) {
  if (program.product.layer >= 0) return {program.product.c.address, program.product.c.pitch * program.product.c.rows};
  return {output_piece(program)->access.base, output_piece(program)->access.memory_bytes()};
}

namespace {
exec::DdrImage build_product_image(const program::Program& program, const reference::NetworkData& data) {
  const program::Product& q = program.product;
  const network::Layer& l = program.layers[static_cast<std::size_t>(q.layer)].layer;
  const Bytes width = type_bytes(l.in_type);
  const int m = l.out.h, k = l.in.c, n = l.out.c;
  const auto blank = [](const program::Matrix& x, std::uint8_t value) {
    return std::vector<std::uint8_t>(static_cast<std::size_t>(x.pitch * x.rows), value);
  };
  std::vector<std::uint8_t> a = blank(q.a, 0), b = blank(q.b, 0);
  for (int i = 0; i < m; ++i)
    for (int s = 0; s < k; ++s)
      put(a, i * q.a.pitch + s * width, data.input.values[static_cast<std::size_t>(i) * k + s], width);
  const sparsity::WeightTensor& w = data.weights[static_cast<std::size_t>(q.layer)];
  for (int j = 0; j < n; ++j)
    for (int s = 0; s < k; ++s) put(b, s * q.b.pitch + j * width, w.values[static_cast<std::size_t>(j) * k + s], width);
  exec::DdrImage image;
  image.parts.emplace_back(q.a.address, std::move(a));
  image.parts.emplace_back(q.b.address, std::move(b));
  image.parts.emplace_back(q.c.address, blank(q.c, untouched));
  return image;
}
}  // namespace

exec::DdrImage build_end_image(const program::Program& program, const reference::NetworkData& data) {
  if (program.product.layer >= 0) return build_product_image(program, data);
  exec::DdrImage image = build_ddr_image(program, data);
  const HostBytes output = judged_bytes(program);
  image.parts.emplace_back(output.address,
                           std::vector<std::uint8_t>(static_cast<std::size_t>(output.bytes), untouched));
  return image;
}

FunctionalReport check_end(const program::Program& program, const exec::SimResult& result,
                           const network::Network& network, const reference::NetworkData& data) {
  FunctionalReport report;
  for (const exec::FunctionalError& error : result.errors) report.errors.push_back(error.text);
  const auto compare = [&](const std::string& element, std::int32_t want, std::int32_t got) {
    ++report.elements_checked;
    if (got == want) return;
    ++report.mismatches;
    if (report.first.size() < max_shown)
      report.first.push_back(fmt::format("{}: expected {}, got {}", element, want, got));
  };
  if (const program::Product& q = program.product; q.layer >= 0) {
    const network::Layer& l = program.layers[static_cast<std::size_t>(q.layer)].layer;
    const std::vector<std::int32_t> reference =
        reference_product(network.layers[static_cast<std::size_t>(q.layer)], data);
    report.layers_checked = 1;
    for (int i = 0; i < l.out.h; ++i)
      for (int j = 0; j < l.out.c; ++j) {
        std::int32_t got = 0;
        std::memcpy(&got, result.host.data() + i * q.c.pitch + Bytes{j} * 4, 4);
        compare(fmt::format("layer {} element [{}, {}]", l.name, i, j),
                reference[static_cast<std::size_t>(i) * l.out.c + j], got);
      }
    return report;
  }
  const std::vector<reference::Tensor> tensors = run_reference(network, data);
  const network::Layer& l = network.layers.back();
  const reference::Tensor& reference = tensors.back();
  report.layers_checked =
      static_cast<std::int64_t>(network.layers.size()) - 1;  // all but the input show in the last one
  for (std::size_t e = 0; e < reference.values.size(); ++e) {
    const std::size_t pixel = e / static_cast<std::size_t>(l.out.c);
    compare(fmt::format("layer {} element [{}, {}, {}]", l.name, pixel / static_cast<std::size_t>(l.out.w),
                        pixel % static_cast<std::size_t>(l.out.w), e % static_cast<std::size_t>(l.out.c)),
            reference.values[e], static_cast<std::int8_t>(result.host[e]));
  }
  return report;
}

}  // namespace tessera::run

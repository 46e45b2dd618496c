// A network as layers in topological order; each layer produces exactly one tensor, named by its LayerId.
// Arithmetic (int8 activations and weights, see sim/base/arithmetic.h for rounding): conv2d and gemm accumulate in
// int32, add the bias, requantize as `scaling` says, saturate to int8, then ReLU; add saturates a + b, then ReLU;
// max pooling ignores padding; average pooling counts it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"

namespace tessera::network {

using LayerId = int;  // index into Network::layers; also names the tensor the layer produces

enum class Op { input, conv2d, maxpool, avgpool, add, concat };  // a gemm is a 1x1 conv2d over m x 1 pixels

const char* op_name(Op op);

// Of matrices. Networks are int8; a gemm may have others, which are widths and kernels only: nothing computes them.
// bfp16: eight values along the sum share an exponent, nine bytes in all.
enum class ElementType : std::uint8_t { i8, i16, i32, bf16, f32, bfp16 };
const char* type_name(ElementType type);
std::optional<ElementType> find_type(const std::string& name);
std::vector<std::string> type_names();
Bytes type_bytes(ElementType type);                       // of one element alone
Bytes bytes_of(ElementType type, std::int64_t elements);  // that follow each other

// How a sum becomes int8. An average pool of one pixel with a multiplier changes the scale of a tensor.
enum class Scaling : std::uint8_t {
  power,    // conv2d: over 2^shift; add: as it is; avgpool: over the number of elements
  tensor,   // times a multiplier over 2^shift; an add has a multiplier for each operand
  channel,  // conv2d: the multipliers, one per output channel, stand beside the weights
};
constexpr int max_shift = 31, max_scaled_shift = 62;  // of power, and of the others

struct Shape {
  int h = 0, w = 0, c = 0;
  std::int64_t elements() const { return std::int64_t{h} * w * c; }
  bool operator==(const Shape& o) const { return h == o.h && w == o.w && c == o.c; }
};

// Channels as stored: rounded up to the 8 that kernels and descriptors work in; the excess is zero.
inline int stored_channels(int c) { return static_cast<int>(round_up(c, 8)); }

struct Window {
  int kh = 1, kw = 1, sh = 1, sw = 1;
  int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  bool operator==(const Window& o) const {
    return kh == o.kh && kw == o.kw && sh == o.sh && sw == o.sw && pad_top == o.pad_top && pad_left == o.pad_left &&
           pad_bottom == o.pad_bottom && pad_right == o.pad_right;
  }
};

struct Layer {
  LayerId id = 0;
  std::string name;
  Op op = Op::input;
  std::vector<LayerId> inputs;
  Window window;      // conv2d and pools
  bool relu = false;  // conv2d, add
  int shift = 0;      // of the requantization; of power: conv2d only
  Scaling scaling = Scaling::power;
  std::array<std::int32_t, 2> multiplier{0, 0};  // of Scaling::tensor, each at least 1; the second of an add alone
  Shape in;           // of inputs[0]
  Shape out;
  bool is_gemm = false;                                               // spelled as gemm in the network file
  ElementType in_type = ElementType::i8, out_type = ElementType::i8;  // gemm: of both factors, and of the product
  bool is_int8() const { return in_type == ElementType::i8 && out_type == ElementType::i8; }
  std::int64_t macs() const { return op == Op::conv2d ? out.elements() * in.c * window.kh * window.kw : 0; }
  std::int64_t weight_count() const {
    return op == Op::conv2d ? std::int64_t{out.c} * in.c * window.kh * window.kw : 0;
  }
};

struct Network {
  std::string name;
  std::vector<Layer> layers;  // topological order; layers[i].id == i
};

}  // namespace tessera::network

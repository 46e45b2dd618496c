// One operator applied to tensors: what a network, a program and the kernels know of a layer. What an operator is -
// which axes it has, what it reads, how it is computed - stands in operator.h.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/ops/lookup.h"

namespace tessera::ops {

using LayerId = int;  // index into Network::layers; also names the tensor the layer produces

// A gemm is a 1x1 conv2d over m x 1 pixels.
enum class Op {
  input,
  conv2d,
  maxpool,
  avgpool,
  add,
  concat,
  depthwise,
  lookup,
  mul,
  sub,
  select,
  constant,
  pick,
  resize,
  depth_to_space,
  remap,
  transpose,
  matmul,
  softmax,
  layernorm
};

// Of matrices. Networks are int8; a gemm may have others, which are widths and kernels only: nothing computes them.
// bfp16: eight values along the sum share an exponent, nine bytes in all.
enum class ElementType : std::uint8_t { i8, i16, i32, bf16, f32, bfp16 };
const char* type_name(ElementType type);
std::optional<ElementType> find_type(const std::string& name);
std::vector<std::string> type_names();
Bytes type_bytes(ElementType type);                       // of one element alone
Bytes bytes_of(ElementType type, std::int64_t elements);  // that follow each other

struct Shape {
  int h = 0, w = 0, c = 0;
  std::int64_t elements() const { return std::int64_t{h} * w * c; }
  bool operator==(const Shape& o) const { return h == o.h && w == o.w && c == o.c; }
};

// How a sum becomes int8. An average pool of one pixel with a multiplier changes the scale of a tensor.
enum class Scaling : std::uint8_t {
  power,    // a sum over 2^shift; add and sub: as it is; avgpool: over the number of elements
  tensor,   // times a multiplier over 2^shift; add and sub have a multiplier for each operand
  channel,  // conv2d: the multipliers, one per output channel, stand beside the weights
};
constexpr int max_shift = 31, max_scaled_shift = 62;  // of power, and of the others

// A box of elements of a tensor, half open; channels as stored. What a window reads may reach outside of the tensor.
struct Region {
  int h0 = 0, h1 = 0, w0 = 0, w1 = 0, c0 = 0, c1 = 0;
  std::int64_t elements() const { return std::int64_t{h1 - h0} * (w1 - w0) * (c1 - c0); }
};

// Every h-th row and every w-th column of a map, its first ones among them.
struct Lattice {
  std::int16_t h = 1, w = 1;
  bool every() const { return h == 1 && w == 1; }  // no row or column is left out
  bool operator==(const Lattice& o) const { return h == o.h && w == o.w; }
};

// Channels as stored: rounded up to the 8 that kernels and descriptors work in; the excess is zero.
inline int stored_channels(int c) { return static_cast<int>(round_up(c, 8)); }

struct Window {
  int kh = 1, kw = 1, sh = 1, sw = 1;
  int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int dh = 1, dw = 1;  // distance between taps
  int taps() const { return kh * kw; }
  int extent_h() const { return (kh - 1) * dh + 1; }  // rows and columns from the first tap to the last
  int extent_w() const { return (kw - 1) * dw + 1; }
  bool operator==(const Window& o) const {
    return kh == o.kh && kw == o.kw && sh == o.sh && sw == o.sw && pad_top == o.pad_top && pad_left == o.pad_left &&
           pad_bottom == o.pad_bottom && pad_right == o.pad_right && dh == o.dh && dw == o.dw;
  }
};

// Columns of an input that stand side by side as one pixel (sim/network/side_by_side.h).
struct Columns {
  int joined = 1;
  int kernel = 0;  // columns of the convolution's own kernel, where some are joined
};

// Pixels of a map as digits: output pixel q, counted along the rows, is zero where t = q - first lies outside of
// [0, product of sizes), and else the input pixel `from` + sum of digits of t times strides.
struct Pixels {
  int from = 0, first = 0;
  std::vector<int> sizes, strides;
  int count() const;        // product of sizes
  int source(int q) const;  // input pixel of output pixel q, -1: zero
};

// Rows and columns of a map taken by themselves: output pixel (y, x) stands at row rows[y] and column columns[x] of the
// input, in steps of 1/position_steps. Between pixels it is interpolated, bilinear; where either is negative it is
// zero.
struct Remap {
  std::vector<int> rows, columns;
};
bool interpolates(const Remap& remap);  // whether a position stands between pixels
constexpr int position_bits = 8, position_steps = 1 << position_bits;

// A product of two inputs, for every head and group of rows by itself. Of the first input the pixel of row m of group g
// and head k is (g * rows + m) * width + k where its map has a column per head, else its head is a range of channels.
//   by_rows   out[(g, m)][head][n] = sum of k: first[(g, m)][head * depth + k] * second[(g, n)][head * depth + k]
//   else      out[(g, m)][head * depth + n] = sum of k: first[(g, m)][head][k] * second[(g, k)][head * depth + n]
struct MatMul {
  bool by_rows = false;
  int heads = 1, depth = 1;
  int rows = 1, second_rows = 1;  // of a group, of both inputs
  int first = 0, second = 0;      // first channel within the inputs
};

constexpr double largest_epsilon = 1e30;

struct Layer {
  LayerId id = 0;
  std::string name;
  Op op = Op::input;
  std::vector<LayerId> inputs;
  Window window;      // conv2d, depthwise and pools
  bool relu = false;  // conv2d, depthwise, add, sub, mul
  int most = 127;     // of the results, as a clipped ReLU has it; where relu is
  int shift = 0;      // of the requantization; of power: conv2d, depthwise, mul, matmul, layernorm
  Scaling scaling = Scaling::power;
  std::array<std::int32_t, 2> multiplier{0, 0};  // of Scaling::tensor, each at least 1; the second of add and sub alone
  int factor_h = 1, factor_w = 1;  // resize: rows and columns that an input pixel becomes; depth_to_space: of a block
  bool mean = true;                // layernorm: centred; without, divided by the root mean square alone
  double epsilon = 0;              // layernorm: added to the variance, in squared steps of its input; at least 0
  Pixels pixels;                   // pick
  Remap remap;
  int group_rows = 1;  // transpose: pixels of a group, which become channels; its channels become pixels
  MatMul matmul;
  int groups = 1;   // conv2d: output channels of a group sum over its input channels alone
  Columns columns;  // conv2d
  Lookup lookup;    // of conv2d and depthwise: applied to the results; of lookup: the layer itself; of softmax: exp
  std::vector<int> source;  // select: the input channel of each output channel
  Shape in, second;         // of inputs[0] and inputs[1]
  Shape out;
  // Of a batch: the layer of the first image that this one repeats, with its weights; -1: it is its own.
  LayerId repeats = -1;
  int images = 1;                                                     // whose rows follow each other in its tensor
  bool is_gemm = false;                                               // spelled as gemm in the network file
  ElementType in_type = ElementType::i8, out_type = ElementType::i8;  // gemm: of both factors, and of the product
  bool is_int8() const { return in_type == ElementType::i8 && out_type == ElementType::i8; }
  std::int64_t macs() const;  // multiply-accumulates, those with columns that its own kernel has not left out
  int own_taps() const { return columns.joined > 1 ? window.kh * columns.kernel : window.taps(); }
  std::int64_t weight_count() const;  // numbers that are multiplied, biases apart
};

}  // namespace tessera::ops

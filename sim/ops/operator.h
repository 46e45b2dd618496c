// An operator as data: how its output depends on its inputs, what stands beside them, and which kernel computes it.
// How a layer may be divided, what a tile reads, what moves and what is multiplied follows from here; whoever
// schedules, verifies, costs or executes a layer asks these properties and not for its name. An entry per operator, a
// file per family; its plain loops stand in sim/reference, its kernel in models/kernels.
#pragma once
#include <utility>

#include "sim/ops/layer.h"

namespace tessera::ops {

// How an output channel depends on the channels of the first input.
enum class Channels : std::uint8_t {
  parallel,  // on the same one alone
  reduced,   // it is a sum over all of them, which may be made in parts
  whole,     // on any of them, all at once
};

// What a layer has besides its inputs. It travels in chunks (sim/sparsity/compaction.h).
enum class Weights : std::uint8_t {
  none,
  blocks,    // 8x8 blocks of output by input channels; a mask may say which are there
  channels,  // numbers per output channel: no block of them can be left out
};

// What a core computes in one call. `ops`: operations of a replayed call; `copy`: the part of a concatenation that
// stands elsewhere; `gemm` and `clear`: tiles of a product in a program without tensors.
enum class KernelKind : std::uint8_t {
  conv,
  maxpool,
  avgpool,
  add,
  copy,
  ops,
  gemm,
  clear,
  depthwise,
  lookup,
  mul,
  sub,
  select,
  pick,
  resize,
  depth_to_space,
  remap,
  transpose,
  matmul,
  softmax,
  layernorm
};
constexpr int kernel_kinds = static_cast<int>(KernelKind::layernorm) + 1;
const char* kernel_name(KernelKind k);
// Whether such calls say which elements of the network's tensors they compute.
constexpr bool names_tensors(KernelKind k) { return k < KernelKind::ops || k > KernelKind::clear; }

struct Operator {
  Op op = Op::input;
  const char* name = "";  // in network files, programs and messages
  KernelKind kernel = KernelKind::copy;
  bool computed = false;  // by kernel calls; an input is there, a concatenation is a view of its parts
  int inputs = 1;         // how many it reads; -1: one or more
  Channels channels = Channels::parallel;
  Weights weights = Weights::none;
  bool window = false;          // slides over rows and columns; else an output pixel needs the same input pixel
  int weight_bytes = 0;         // channels: numbers of one byte beside the taps, per channel
  bool bias = false;            // an int32 per output channel
  bool symmetric = false;       // its two inputs may change places
  bool source = false;          // stands in DDR before the network begins
  bool splits_channels = true;  // cores may compute different output channels
  bool partial = false;         // may leave elements of its inputs unread
  bool product = false;         // sums elements of the first input times elements of the second
  bool rows = true;             // a row of the output needs rows of the input around the same place, top to bottom
};

const Operator* all_operators();  // by Op
inline const Operator& operator_of(Op op) {
  static const Operator* const table = all_operators();
  return table[static_cast<std::size_t>(op)];
}
inline const Operator& operator_of(const Layer& layer) { return operator_of(layer.op); }
constexpr int operator_count = static_cast<int>(Op::layernorm) + 1;
inline const char* op_name(Op op) { return operator_of(op).name; }

inline bool is_computed(const Layer& l) { return operator_of(l).computed; }
inline bool is_source(const Layer& l) { return operator_of(l).source; }
inline bool has_weights(const Layer& l) { return operator_of(l).weights != Weights::none; }
inline bool has_blocks(const Layer& l) { return operator_of(l).weights == Weights::blocks; }
inline bool sums_channels(const Layer& l) { return operator_of(l).channels == Channels::reduced; }
// Whether what is read of the first input depends on the output channels.
inline bool channelwise(const Layer& l) {
  return operator_of(l).channels == Channels::parallel || (l.op == Op::matmul && !l.matmul.by_rows) ||
         l.op == Op::transpose;
}
inline bool is_product(const Layer& l) { return operator_of(l).product; }
inline bool has_window(const Layer& l) { return operator_of(l).window; }
// Whether a block mask says something about its weights. Of a depthwise convolution an 8x8 block would be a diagonal,
// and the blocks of a grouped one lie on it.
inline bool is_maskable(const Layer& l) { return has_blocks(l) && l.groups == 1; }
const char* unmaskable_reason(const Layer& l);
// A convolution of one group, without dilation, and with nothing but ReLU behind it.
inline bool is_plain_convolution(const Layer& l) {
  return l.op == Op::conv2d && l.groups == 1 && l.window.dh == 1 && l.window.dw == 1 && !l.lookup && l.most == 127;
}

// What a layer reads of one of its inputs for `out`, channels as stored. It may reach outside of the input, where
// zeros are read.
Region reads(const Layer& layer, std::size_t input, const Region& out);
// Stored channels of the first input that every element of the output is summed over, where the sum may be made in
// chunks of 8 of them; 0: all at once.
int summed_channels(const Layer& layer);
// What a product reads of one of its inputs for a part of its sums: channels [from, from + channels), counted from the
// first one that they read.
Region reads_of_part(const Layer& layer, std::size_t input, const Region& out, int from, int channels);
// Whether there is such a part: blocks of 8 channels, for one head and one group of rows.
bool is_part(const Layer& layer, const Region& out, int from, int channels);
// Whether rows [h0, h1) of a product's output belong to one group.
bool in_one_group(const MatMul& product, int h0, int h1);
// The most that any box of the output of this size reads: height, width and stored channels.
Shape reads_at_most(const Layer& layer, std::size_t input, const Shape& out);

// The rows and columns of the first input that a convolution reads at all, where a window of one row or column moves on
// by more: the others are never sent.
Lattice lattice_of(const Layer& layer);
// A map of which the lattice alone is left.
inline Shape shape_on(const Lattice& lattice, const Shape& map) {
  return {static_cast<int>(ceil_div(map.h, lattice.h)), static_cast<int>(ceil_div(map.w, lattice.w)), map.c};
}
// The window of a kernel to which the lattice alone is there.
Window kernel_window(const Layer& layer);

// The window as it stands in a core that computes `out_h` x `out_w` pixels. Where the taps of a convolution lie further
// apart than what one of them reads for all these pixels, nothing stands between them; nor between pixels of a lattice.
Window packed_window(const Layer& layer, int out_h, int out_w);
// A box of the first input, counted in rows and columns of the lattice, and its place in the tile of a core.
struct TapBox {
  Region region;
  int row = 0, column = 0;
};
// What a core holds of the first input for `out`: all that `reads` says, or a box for every tap that stands by itself.
std::vector<TapBox> tap_boxes(const Layer& layer, const Region& out);
// Height and width of the tile that these boxes make up.
std::pair<int, int> tile_sides(const Layer& layer, const Region& out);
// Whether the windows at all `positions` of a side have a tap in the map; one can have none only where taps are further
// apart than the map is long.
bool all_meet(int size, int taps, int dilation, int stride, int pad, int positions);

// Bytes of a table that travels with the weights of a layer.
inline Bytes layer_table_bytes(const Layer& l) {
  return l.op == Op::softmax ? exponent_table_bytes : l.lookup ? table_bytes : 0;
}
// Bytes of numbers per output channel, of weights of the form `channels`.
inline int channel_bytes(const Layer& l) {
  const Operator& o = operator_of(l);
  return o.weight_bytes + (o.op == Op::depthwise ? l.window.taps() : 0);
}

// Elementary operations of a kernel for `out`: multiply-accumulates, or elements times taps.
std::int64_t work(const Layer& layer, const Region& out);
// The same of a part of a product's sums.
std::int64_t work_of_part(const Region& out, int channels);

// Tables of the families.
std::vector<Operator> convolution_operators();
std::vector<Operator> pool_operators();
std::vector<Operator> elementwise_operators();
std::vector<Operator> movement_operators();
std::vector<Operator> attention_operators();

}  // namespace tessera::ops

// Simplifications of a graph whose shapes are known. Each keeps what the outputs are, up to rounding, and leaves nodes
// in topological order; nodes that nothing reads any more stay until remove_dead_code. A file per pass.
#pragma once
#include "sim/import/graph.h"

namespace tessera::import {

// Readers of nodes that hand on their input read the input: Identity, Dropout, casts to the same type, reshapes and
// transpositions that change nothing, concatenations and sums of one part.
void remove_no_ops(Graph& graph);

// Operators that broadcast read what an Expand reads, where their result is the same.
void skip_expands(Graph& graph);

// BatchNormalization behind a convolution or Gemm, and a constant per channel that multiplies what these or a MatMul
// make, also behind a Transpose, go into weights and bias; elsewhere they stay.
void fold_batch_norm(Graph& graph);

// A constant per output channel that is added behind Conv, ConvTranspose, Gemm or MatMul becomes its bias, or goes into
// the one that is there. A MatMul then has three inputs, which ONNX does not know.
void fold_bias(Graph& graph);

// Quantized forms of operators (QLinearConv, QLinearMatMul, and those of com.microsoft) become DequantizeLinear, the
// operator, and QuantizeLinear. Before shapes are known.
void expand_quantized_forms(Graph& graph);

// Values that DequantizeLinear makes of constants keep their integers.
void note_quantized_constants(Graph& graph);

// QuantizeLinear and DequantizeLinear of other values go; the values keep their scale. One that is quantized twice with
// different scales keeps the first, and the second QuantizeLinear stays. A zero point away from the middle makes the
// scale larger, so that int8 without zero points holds the same range. Problems: what no int8 can say.
std::vector<Problem> take_quantization(Graph& graph);
// x * sigmoid(x), x * clip(x + 3, 0, 6) / 6, 0.5 * x * (1 + erf(x / sqrt 2)) and the like become Swish, HardSwish and
// Gelu; (x - mean) / sqrt(variance + epsilon) over one dimension becomes LayerNormalization, and without the mean
// RMSNormalization, with the attribute `single_axis` where ONNX would normalize all dimensions from the axis on.
constexpr const char* single_axis = "single_axis";
void recognize_activations(Graph& graph);

// ArgMax and ArgMin that make outputs of the graph, also behind casts and reshapes of what they make: the graph ends
// with what they read. Their names, with the operator.
std::vector<std::string> end_before_picks(Graph& graph);

// Attention of operator set 23 becomes products and a softmax.
void expand_attention(Graph& graph);

// What follows says operators by others that have layers; products are counted before.
// Convolutions and pools of N x C x L and N x C x 1 x L become those of N x C x L x 1, averages of depths of 1 x 1 x D
// x H x W convolutions of one pixel.
void widen_windows(Graph& graph);
// Parts that are concatenated and then split into rows are split, and their rows concatenated.
void split_parts_of_concats(Graph& graph);
// Softmax before operator set 13, of all elements from an axis on, becomes one along an axis.
void join_softmax_rows(Graph& graph);
// Resize to maps whose pixels mix more than two by two becomes products.
void resample_by_products(Graph& graph);
// Comparisons of what layers compute become functions of differences, with ones and zeros for their truth; logic and
// Where by them become sums and products.
void compare_by_signs(Graph& graph);
// ScatterND and ScatterElements to places that stand in the file become Concat and Gather, GatherND of a box and
// GatherElements of whole slices Gather, Trilu a product with a mask, CumSum one with a triangle of ones.
void write_out_assignments(Graph& graph);
// Convolutions with windows that no core holds, or that read nothing but padding, become others.
void divide_windows(Graph& graph);
// A Reshape into groups of channels, InstanceNormalization and the Reshape back become GroupNormalization.
void recognize_group_norm(Graph& graph);
// LayerNormalization and RMSNormalization over several dimensions become means, products and sums.
void write_out_norms(Graph& graph);
// Vectors that a MatMul multiplies become matrices.
void multiply_vectors(Graph& graph);
// Einsum becomes transpositions, sums and a MatMul for each tensor but the first.
void multiply_out(Graph& graph);
// Pow, Div by a tensor, Max, Min, Sum, Mean, PRelu of channels, LogSoftmax, Where with a constant mask, instance and
// group normalization, ReduceL2, SpaceToDepth.
void say_by_others(Graph& graph);
// Zeros around a map become the padding of the convolutions and average pools that read it.
void fold_padding(Graph& graph);
// Gather and GatherND of what layers compute, by indices that the inputs' integers decide, become a OneHot and a
// product.
void pick_rows_by_products(Graph& graph);
// What depends on integers of the graph's inputs alone, and is an integer itself or a row of a table or a mask, is
// computed by the host: where layers read it, it is an input of the graph.
void cut_host_inputs(Graph& graph);

// Removes what no output depends on, and what was computed of constants alone.
struct DeadCode {
  int nodes = 0;
  std::int64_t macs = 0, constant_macs = 0;  // see macs.h; of what no output depends on, of constants
};
DeadCode remove_dead_code(Graph& graph);

// Constants that nodes read and that hold what is no number.
std::vector<Problem> constants_without_numbers(const Graph& graph);

// Removes inputs that nothing reads and no output is, unless all are such. Their names.
std::vector<std::string> remove_unread_inputs(Graph& graph);

// Makes every reader of `from` read `to`, and every output of the graph that is `from` be `to`.
void redirect(Graph& graph, ValueId from, ValueId to);

// Copies a constant to floats, [outer][channels][inner] * factor[channel].
Tensor scaled_channels(const Tensor& tensor, std::size_t axis, const std::vector<double>& factors);

// A constant as a number per channel, where all its other dimensions are 1; the channel is a dimension counted from the
// end, the last one 1.
std::optional<std::vector<double>> numbers_per_channel(const Tensor& constant, std::size_t from_end,
                                                       std::int64_t channels);

// The constant of an input of a node, or null.
const Tensor* constant_input(const Graph& graph, const Node& node, std::size_t input);

}  // namespace tessera::import

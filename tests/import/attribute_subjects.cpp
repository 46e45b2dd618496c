#include "tests/import/attribute_subjects.h"

#include <cmath>

namespace tessera::import::test {
namespace {

std::vector<AttributeSubject> windows() {
  const std::vector<Other> of_conv = {
      {"auto_pad", Text("VALID")},   {"dilations", Sides{2, 2}},  {"group", 2},
      {"kernel_shape", Sides{2, 2}}, {"pads", Sides{0, 0, 0, 0}}, {"strides", Sides{2, 2}}};
  const std::vector<Other> of_pool = {{"auto_pad", Text("VALID")}, {"ceil_mode", 1},
                                      {"dilations", Sides{2, 2}},  {"kernel_shape", Sides{2, 2}},
                                      {"pads", Sides{0, 0, 0, 0}}, {"strides", Sides{1, 1}}};
  std::vector<Other> of_average = of_pool, of_maximum = of_pool;
  of_average.push_back({"count_include_pad", 1});
  of_maximum.push_back({"storage_order", 1});
  const std::vector<std::pair<std::string, AttributeValue>> conv = {{"pads", Sides{1, 1, 1, 1}}},
                                                            pool = {{"kernel_shape", Sides{3, 3}},
                                                                    {"pads", Sides{1, 1, 1, 1}},
                                                                    {"strides", Sides{2, 2}}};
  const Fixed weights = whole_of({4, 4, 1, 1}, 3, {1, -2, 3, 4, 5, 6, -7, 8, 9, 1, 2, 3, 4, -5, 6, 7}),
              zero = whole_of({}, 3, {0});
  const std::vector<Other> of_integers = {
      {"auto_pad", Text("SAME_UPPER")}, {"dilations", Sides{2, 2}},  {"group", 2},
      {"kernel_shape", Sides{3, 3}},    {"pads", Sides{0, 0, 0, 0}}, {"strides", Sides{2, 2}}};
  Fixed taps = weights;  // 1 output channel of 2 x 2
  taps.shape = {1, 4, 2, 2};
  return {
      {"Conv", 17, both, of(map), {of({4, 4, 3, 3}), of({4})}, conv, of_conv},
      {"ConvTranspose",
       17,
       both,
       of(map),
       {of({4, 2, 3, 3})},
       {{"strides", Sides{2, 2}}},
       {{"auto_pad", Text("SAME_UPPER")},
        {"dilations", Sides{2, 2}},
        {"group", 2},
        {"kernel_shape", Sides{2, 2}},
        {"output_padding", Sides{1, 1}},
        {"output_shape", Sides{16, 16}},
        {"pads", Sides{1, 1, 1, 1}},
        {"strides", Sides{1, 1}}}},
      {"ConvInteger", 17, both, of(map), {taps, zero, zero}, conv, of_integers, 1, true},
      {"QLinearConv",
       17,
       both,
       of(map),
       {number(1.0F / 64), zero, taps, number(0.25), zero, number(0.5), zero},
       conv,
       of_integers,
       1,
       true},
      {"AveragePool", 19, both, of(map), {}, pool, of_average},
      {"MaxPool", 17, both, of(map), {}, pool, of_maximum},
  };
}

std::vector<AttributeSubject> normalizations() {
  const Fixed four = of({4}), eight = of({8});
  return {
      {"BatchNormalization",
       15,
       both,
       of(map),
       {four, four, four, four},
       {},
       {{"epsilon", 0.5F}, {"momentum", 0.5F}, {"training_mode", 1}}},
      {"BatchNormalization", 7, both, of(map), {four, four, four, four}, {}, {{"spatial", 0}}},
      {"GroupNormalization",
       21,
       both,
       of(map),
       {four, four},
       {{"num_groups", 2}},
       {{"epsilon", 0.5F}, {"num_groups", 4}, {"stash_type", 16}}},
      {"InstanceNormalization", 17, both, of(map), {four, four}, {}, {{"epsilon", 0.5F}}},
      {"LayerNormalization",
       17,
       both,
       of(rows),
       {eight, eight},
       {},
       {{"axis", 1}, {"epsilon", 0.5F}, {"stash_type", 16}}},
      {"RMSNormalization", 23, both, of(rows), {eight}, {}, {{"axis", 1}, {"epsilon", 0.5F}, {"stash_type", 16}}},
      {"LRN",
       17,
       both,
       of({1, 8, 4, 4}),
       {},
       {{"size", 3}},
       {{"alpha", 0.5F}, {"beta", 0.5F}, {"bias", 2.0F}, {"size", 5}}},
      {"LpNormalization", 17, both, of(map), {}, {}, {{"axis", 1}, {"p", 1}}},
      {"Softmax", 13, both, of(map), {}, {}, {{"axis", 1}}},
      {"Softmax", 11, both, of(map), {}, {}, {{"axis", 2}}},
      {"LogSoftmax", 13, both, of(map), {}, {}, {{"axis", 1}}},
      {"LogSoftmax", 11, both, of(map), {}, {}, {{"axis", 2}}},
  };
}

std::vector<AttributeSubject> functions() {
  return {
      {"Celu", 17, both, of(map), {}, {}, {{"alpha", 2.0F}}},
      {"Elu", 17, both, of(map), {}, {}, {{"alpha", 2.0F}}},
      {"Gelu", 20, both, of(map), {}, {}, {{"approximate", Text("tanh")}}},
      {"HardSigmoid", 17, both, of(map), {}, {}, {{"alpha", 0.5F}, {"beta", 0.25F}}},
      {"Hardmax", 13, folded, of(map), {}, {}, {{"axis", 1}}},
      {"IsInf",
       10,
       folded,
       {{2}, 1, {}, {HUGE_VALF, -HUGE_VALF}},
       {},
       {},
       {{"detect_negative", 0}, {"detect_positive", 0}}},
      {"LeakyRelu", 17, both, of(map), {}, {}, {{"alpha", 0.5F}}},
      {"Selu", 17, both, of(map), {}, {}, {{"alpha", 1.0F}, {"gamma", 2.0F}}},
      {"Shrink", 17, both, of(map), {}, {{"lambd", 0.25F}}, {{"bias", 0.125F}, {"lambd", 0.75F}}},
      {"Swish", 23, both, of(map), {}, {}, {{"alpha", 2.0F}}},
      {"ThresholdedRelu", 17, both, of(map), {}, {}, {{"alpha", 0.25F}}},
      {"Clip", 9, both, of(map), {}, {{"min", -0.75F}, {"max", 0.75F}}, {{"min", -0.25F}, {"max", 0.25F}}},
      {"Cast", 19, both, of(map), {}, {{"to", 10}}, {{"to", 7}, {"saturate", 0}}},
      {"CastLike", 19, both, of(map), {of({1})}, {}, {{"saturate", 0}}},
      {"Dropout", 12, both, of(map), {}, {}, {{"seed", 3}}},
      {"Dropout", 10, both, of(map), {}, {}, {{"ratio", 0.25F}}},
      {"Mod", 17, folded, whole({-5, 5, -7, 7}), {whole({3, 3, 4, -4})}, {}, {{"fmod", 1}}},
  };
}

std::vector<AttributeSubject> products() {
  return {
      {"Gemm",
       17,
       both,
       of({4, 4}),
       {of({4, 4}), of({4})},
       {},
       {{"alpha", 2.0F}, {"beta", 0.5F}, {"transA", 1}, {"transB", 1}}},
      {"Einsum",
       17,
       both,
       of(rows),
       {of({8, 8})},
       {{"equation", Text("bij,jk->bik")}},
       {{"equation", Text("bij,kj->bik")}}},
      {"Attention",
       23,
       layers,
       of(rows),
       {same_as_first, same_as_first},
       {{"q_num_heads", 2}, {"kv_num_heads", 2}},
       {{"is_causal", 1},
        {"kv_num_heads", 1, ""},
        {"q_num_heads", 4, ""},
        {"scale", 0.25F},
        {"softcap", 5.0F},
        {"qk_matmul_output_mode", 1},
        {"softmax_precision", 1}}},
  };
}

std::vector<AttributeSubject> movements() {
  const Sides around{0, 0, 1, 1, 0, 0, 1, 1};
  return {
      {"Concat", 17, both, of(map), {of(map)}, {{"axis", 1}}, {{"axis", 2}}},
      {"DepthToSpace", 17, both, of({1, 8, 4, 4}), {}, {{"blocksize", 2}}, {{"blocksize", 1}, {"mode", Text("CRD")}}},
      {"SpaceToDepth", 17, both, of(map), {}, {{"blocksize", 2}}, {{"blocksize", 4}}},
      {"Flatten", 17, both, of({1, 4, 3, 2}), {}, {}, {{"axis", 3}}},
      {"Gather", 17, both, of(map), {whole({0, 1})}, {{"axis", 1}}, {{"axis", 2}}},
      {"GatherElements", 17, folded, of({2, 2}), {whole_of({2, 2}, 7, {0, 1, 1, 0})}, {}, {{"axis", 1}}},
      {"GatherND", 17, folded, of({2, 2}), {whole_of({2, 1}, 7, {0, 1})}, {}, {{"batch_dims", 1}}},
      {"Pad", 17, both, of(map), {whole(around)}, {}, {{"mode", Text("edge")}}},
      {"Pad",
       9,
       both,
       of(map),
       {},
       {{"pads", around}},
       {{"pads", Sides{0, 0, 2, 1, 0, 0, 1, 1}}, {"value", 1.0F}, {"mode", Text("reflect")}}},
      {"Reshape", 17, both, of(map), {whole({1, 0, 64})}, {}, {{"allowzero", 1, "shape"}}},
      {"ScatterElements",
       16,
       folded,
       of({3, 3}),
       {whole_of({1, 1}, 7, {2}), of({1, 1})},
       {},
       {{"axis", 1}, {"reduction", Text("add")}}},
      {"ScatterND", 17, folded, of({4}), {whole_of({2, 1}, 7, {0, 2}), of({2})}, {}, {{"reduction", Text("add")}}},
      {"Slice",
       9,
       both,
       of(map),
       {},
       {{"starts", Sides{0}}, {"ends", Sides{2}}, {"axes", Sides{1}}},
       {{"starts", Sides{1}}, {"ends", Sides{3}}, {"axes", Sides{2}}}},
      {"Split",
       11,
       both,
       of(map),
       {},
       {{"axis", 1}, {"split", Sides{2, 2}}},
       {{"axis", 2, "split"}, {"split", Sides{1, 3}}},
       2},
      {"Split",
       18,
       both,
       of(map),
       {},
       {{"axis", 1}, {"num_outputs", 2}},
       {{"axis", 2}, {"num_outputs", 3, "split"}},
       2},
      {"Squeeze", 11, both, of({1, 4, 1, 1}), {}, {{"axes", Sides{2}}}, {{"axes", Sides{2, 3}}}},
      {"Unsqueeze", 11, both, of(rows), {}, {{"axes", Sides{0}}}, {{"axes", Sides{3}}}},
      {"Transpose", 17, both, of(rows), {}, {{"perm", Sides{0, 2, 1}}}, {{"perm", Sides{0, 1, 2}}}},
      {"Trilu", 17, folded, of({4, 4}), {}, {}, {{"upper", 0}}},
      {"Upsample", 7, both, of(map), {}, {{"scales", Numbers{1, 1, 2, 2}}}, {{"scales", Numbers{1, 1, 3, 3}}}},
      {"Upsample", 9, both, of(map), {{{4}, 1, {}, {1, 1, 2, 2}}}, {}, {{"mode", Text("linear")}}},
  };
}

std::vector<AttributeSubject> resizes() {
  const auto scales = [](float h, float w) { return Fixed{{4}, 1, {}, {1, 1, h, w}}; };
  const std::pair<std::string, AttributeValue> linear{"mode", Text("linear")}, cubic{"mode", Text("cubic")};
  return {
      {"Resize",
       19,
       both,
       of(map),
       {left_out, scales(0.5, 0.5)},
       {linear},
       {{"mode", Text("nearest")},
        {"mode", Text("cubic")},
        {"antialias", 1},
        {"coordinate_transformation_mode", Text("asymmetric")},
        {"coordinate_transformation_mode", Text("tf_crop_and_resize")},
        {"extrapolation_value", 1.0F}}},
      {"Resize", 19, both, of(map), {left_out, scales(1.5, 1.5)}, {}, {{"nearest_mode", Text("ceil")}}},
      {"Resize",
       19,
       both,
       of(map),
       {left_out, scales(1.5, 1.5)},
       {cubic},
       {{"cubic_coeff_a", -0.5F}, {"exclude_outside", 1}}},
      {"Resize",
       19,
       both,
       of(map),
       {left_out, left_out, whole({1, 4, 16, 24})},
       {linear},
       {{"keep_aspect_ratio_policy", Text("not_larger")}}},
      {"Resize",
       19,
       both,
       of(map),
       {left_out, {{2}, 1, {}, {0.5, 2}}},
       {linear, {"axes", Sides{2, 3}}},
       {{"axes", Sides{3, 2}}}},
  };
}

std::vector<AttributeSubject> reductions() {
  std::vector<AttributeSubject> list = {
      {"ArgMax", 13, folded, of(rows), {}, {{"axis", 1}}, {{"axis", 2}, {"keepdims", 0}, {"select_last_index", 1}}},
      {"ArgMin", 13, folded, of(rows), {}, {{"axis", 1}}, {{"axis", 2}, {"keepdims", 0}, {"select_last_index", 1}}},
      {"CumSum", 17, folded, of(rows), {whole_of({}, 7, {2})}, {}, {{"exclusive", 1}, {"reverse", 1}}},
      {"ReduceSum", 13, both, of(map), {}, {}, {{"noop_with_empty_axes", 1}}},
  };
  for (const char* op : {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
                         "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"}) {
    const Way way = std::string(op) == "ReduceProd" ? folded : both;
    list.push_back(
        {op, 11, way, of(map), {}, {{"axes", Sides{2}}}, {{"axes", Sides{3}}, {"axes", Sides{1, 2}}, {"keepdims", 0}}});
    if (std::string(op) != "ReduceSum") list.push_back({op, 18, way, of(map), {}, {}, {{"noop_with_empty_axes", 1}}});
  }
  return list;
}

std::vector<AttributeSubject> others() {
  const Fixed steps = of({4}), integers = whole_of({4, 4}, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  const Sides recurrent{3, 1, 4};
  std::vector<AttributeSubject> list = {
      {"ConstantOfShape", 17, folded, whole({2, 3}), {}, {}, {{"value", Reals{3}}}},
      {"EyeLike", 17, folded, of({3, 4}), {}, {}, {{"k", 1}, {"dtype", 7}}},
      {"OneHot", 17, folded, whole({0, 0, 1}), {whole({3}), of({2})}, {}, {{"axis", 0}}},
      {"Shape", 17, folded, of(map), {}, {}, {{"start", 1}, {"end", 2}}},
      {"DequantizeLinear", 23, folded, integers, {steps}, {}, {{"axis", 0}, {"output_dtype", 10}}},
      {"DequantizeLinear",
       23,
       folded,
       integers,
       {of({4, 2})},
       {{"block_size", 2}},
       {{"block_size", 4, "scale"}, {"axis", 0, "scale"}}},
      {"QuantizeLinear",
       23,
       folded,
       of({4, 4}),
       {steps, whole_of({4}, 3, {0, 0, 0, 0})},
       {},
       {{"axis", 0}, {"precision", 1}, {"saturate", 0}}},
      {"QuantizeLinear", 23, both, of(map), {number(0.25)}, {{"output_dtype", 2}}, {{"output_dtype", 3}}},
      {"QuantizeLinear", 23, folded, of({4, 4}), {of({4, 2})}, {{"block_size", 2}}, {{"block_size", 4, "scale"}}},
  };
  for (const char* op : {"GRU", "LSTM", "RNN"}) {
    const std::int64_t rows_of = std::string(op) == "GRU" ? 12 : std::string(op) == "LSTM" ? 16 : 4;
    list.push_back(
        {op, 17, nowhere, of(recurrent), {of({1, rows_of, 4}), of({1, rows_of, 4})}, {{"hidden_size", 4}}, {}});
  }
  list.push_back({"TopK", 17, nowhere, of(rows), {whole({2})}, {}, {}, 2});
  return list;
}

}  // namespace

const std::vector<AttributeSubject>& attribute_subjects() {
  static const std::vector<AttributeSubject> all = [] {
    std::vector<AttributeSubject> list;
    for (const auto& family : {windows(), normalizations(), functions(), products(), movements(), resizes(),
                               reductions(), form_subjects(), others()})
      list.insert(list.end(), family.begin(), family.end());
    return list;
  }();
  return all;
}

}  // namespace tessera::import::test

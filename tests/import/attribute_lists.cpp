#include "tests/import/attribute_subjects.h"

namespace tessera::import::test {

const std::vector<WithoutEffect>& attributes_without_effect() {
  static const std::vector<WithoutEffect> list = {
      {"Attention", "qk_matmul_output_mode", "chooses a further output, which is refused where it is read"},
      {"Attention", "softmax_precision", "of real numbers: int8 is coarser than all of them"},
      {"BatchNormalization", "momentum", "of training"},
      {"Cast", "saturate", "of float8, which is refused"},
      {"CastLike", "saturate", "of float8, which is refused"},
      {"Dropout", "ratio", "nothing is dropped in inference"},
      {"Dropout", "seed", "nothing is dropped in inference"},
      {"GroupNormalization", "stash_type", "of real numbers: int8 is coarser than all of them"},
      {"LayerNormalization", "stash_type", "of real numbers: int8 is coarser than all of them"},
      {"MaxPool", "storage_order", "of the indices, a further output, which is refused where it is read"},
      {"QuantizeLinear", "precision", "of real numbers: int8 is coarser than all of them"},
      {"QuantizeLinear", "saturate", "of float8, which is refused"},
      {"RMSNormalization", "stash_type", "of real numbers: int8 is coarser than all of them"},
      {"Resize", "extrapolation_value", "of tf_crop_and_resize, which is refused"},
      {"SimplifiedLayerNormalization", "stash_type", "of real numbers: int8 is coarser than all of them"},
  };
  return list;
}

const std::vector<std::pair<std::string, std::string>>& newer_attributes() {
  static const std::vector<std::pair<std::string, std::string>> list = [] {
    std::vector<std::pair<std::string, std::string>> all = {
        {"Attention", "is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision"},
        {"AveragePool", "dilations"},
        {"Cast", "saturate"},
        {"CastLike", "saturate"},
        {"DequantizeLinear", "block_size output_dtype"},
        {"Gelu", "approximate"},
        {"LpPool", "ceil_mode dilations"},
        {"RotaryEmbedding", "interleaved num_heads rotary_embedding_dim"},
        {"SimplifiedLayerNormalization", "axis epsilon stash_type"},
        {"com.microsoft.Attention", "do_rotary mask_filter_value num_heads qkv_hidden_sizes scale unidirectional"},
        {"com.microsoft.BiasSoftmax", "axis is_inner_broadcast"},
        {"com.microsoft.DequantizeLinear", "axis"},
        {"com.microsoft.EmbedLayerNormalization", "epsilon mask_index_type"},
        {"com.microsoft.FusedConv", "activation activation_params auto_pad dilations group kernel_shape pads strides"},
        {"com.microsoft.FusedGemm", "activation activation_alpha activation_beta alpha beta transA transB"},
        {"com.microsoft.FusedMatMul", "alpha transA transB transBatchA transBatchB"},
        {"com.microsoft.MultiHeadAttention", "mask_filter_value num_heads scale unidirectional"},
        {"com.microsoft.QuantizeLinear", "axis"},
        {"com.microsoft.QuickGelu", "alpha"},
        {"com.microsoft.RotaryEmbedding", "interleaved num_heads rotary_embedding_dim scale"},
        {"com.microsoft.SkipLayerNormalization", "epsilon"},
        {"com.microsoft.SkipSimplifiedLayerNormalization", "epsilon"},
        {"com.microsoft.TransposeMatMul", "alpha transA transB"},
        {"GroupNormalization", "epsilon num_groups stash_type"},
        {"QuantizeLinear", "block_size output_dtype precision saturate"},
        {"RMSNormalization", "axis epsilon stash_type"},
        {"Resize", "antialias axes keep_aspect_ratio_policy"},
        {"Split", "num_outputs"},
        {"Swish", "alpha"},
    };
    for (const char* op : {"L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare"})
      all.emplace_back(std::string("Reduce") + op, "noop_with_empty_axes");
    return all;
  }();
  return list;
}

}  // namespace tessera::import::test

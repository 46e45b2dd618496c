// The kinds of attributes. Of every operator only those are accepted that its table names: one that nothing reads would
// change nothing without a word.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "sim/import/infer.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

// In the order of the alternatives of Attribute.
constexpr const char* kind_names[] = {"an INT", "a FLOAT", "a STRING", "INTS", "FLOATS", "STRINGS", "a TENSOR"};

// Names of each kind, with spaces between them.
constexpr const char* attribute_names[] = {
    "allowzero antialias axis batch_dims block_size blocksize ceil_mode count_include_pad detect_negative "
    "detect_positive do_rotary end "
    "exclude_outside exclusive fmod group hidden_size input_forget interleaved is_causal "
    "is_inner_broadcast keepdims kv_num_heads largest layout linear_before_reset mask_index_type "
    "noop_with_empty_axes num_groups num_heads num_outputs output_dtype p precision q_num_heads "
    "qk_matmul_output_mode reverse rotary_embedding_dim saturate seed select_last_index size "
    "softmax_precision sorted spatial start stash_type storage_order to training_mode transA transB "
    "transBatchA transBatchB unidirectional upper",
    "alpha beta bias clip cubic_coeff_a epsilon extrapolation_value gamma lambd mask_filter_value momentum "
    "ratio scale softcap",
    "activation approximate auto_pad coordinate_transformation_mode direction equation "
    "keep_aspect_ratio_policy mode nearest_mode reduction round_mode",
    "axes dilations kernel_shape output_padding output_shape pads perm qkv_hidden_sizes strides",
    "activation_alpha activation_beta activation_params",
    "activations",
    "value",
};

// Nothing is computed with numbers that are none; a mask may be infinite.
bool is_number(const std::string& name, const Attribute& attribute) {
  const auto good = [&](float v) { return std::isfinite(v) || (name == "mask_filter_value" && !std::isnan(v)); };
  if (const auto* value = std::get_if<float>(&attribute)) return good(*value);
  const auto* values = std::get_if<std::vector<float>>(&attribute);
  return values == nullptr || std::all_of(values->begin(), values->end(), good);
}

bool has_word(const char* list, const std::string& word) {
  if (word.find(' ') != std::string::npos) return false;
  const std::string padded = fmt::format(" {} ", list);
  return padded.find(fmt::format(" {} ", word)) != std::string::npos;
}

}  // namespace

void check_attributes(const Operator& op, Call& call) {
  for (const auto& [name, attribute] : call.node().attributes) {
    if (name == in_branch) continue;
    if (!has_word(op.attributes, name)) {
      call.refuse(name, fmt::format("is no attribute of {} that is known", op.name),
                  *op.attributes == 0 ? "none" : op.attributes);
      continue;
    }
    if (!is_number(name, attribute)) call.refuse(name, "is infinite or no number", "finite numbers");
    for (std::size_t kind = 0; kind < std::size(attribute_names); ++kind)
      if (has_word(attribute_names[kind], name) && attribute.index() != kind)
        call.refuse(name, fmt::format("is {}", kind_names[attribute.index()]), kind_names[kind]);
  }
}

}  // namespace tessera::import

#include "sim/network/layer_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/network/layer_keys.h"
#include "sim/network/magnitude.h"
#include "sim/network/operator_keys.h"
#include "sim/network/shapes.h"

namespace tessera::network {
namespace {

using nlohmann::json;
constexpr int most_pixels = 1 << 30;  // that picks count

class LayerReader : LayerKeys {
 public:
  LayerReader(const json& j, int index, const std::string& file, std::vector<Problem>& problems)
      : LayerKeys(j, fmt::format("layers[{}]", index), file, problems) {}

  LayerSpec read() {
    read_all();
    spec_.path = path_;
    return spec_;
  }

 private:
  void read_all() {
    if (!json_.is_object()) {
      report("", "is no object", R"(a layer like {"name": "conv1", "op": "conv2d", "channels": 64})");
      return;
    }
    read_name();
    const std::size_t before = problems_.size();
    const OpKeys* op = read_op();
    read_inputs();
    if (op == nullptr) return;
    spec_.layer.op = op->op;
    std::vector<std::string> legal = {"name", "op", "inputs"};
    legal.insert(legal.end(), op->keys.begin(), op->keys.end());
    refuse_unknown_keys(json_, legal, file_, path_, problems_);
    read_attributes(op->name);
    spec_.valid = problems_.size() == before;
  }

  void read_name() {
    const auto it = json_.find("name");
    if (it == json_.end() || !it->is_string() || it->get_ref<const std::string&>().empty())
      return report("name", it == json_.end() ? "is missing" : "is no name: " + it->dump(), "a non-empty string");
    spec_.layer.name = it->get<std::string>();
    path_ += " '" + spec_.layer.name + "'";
  }

  const OpKeys* read_op() {
    std::vector<std::string> names;
    for (const OpKeys& op : legal_ops()) names.emplace_back(op.name);
    const auto it = json_.find("op");
    if (it == json_.end() || !it->is_string()) {
      report("op", it == json_.end() ? "is missing" : "is no operation: " + it->dump(),
             fmt::format("one of {}", fmt::join(names, ", ")));
      return nullptr;
    }
    const std::string name = it->get<std::string>();
    for (const OpKeys& op : legal_ops())
      if (name == op.name) return &op;
    const std::string near = nearest_name(name, names);
    std::string legal = fmt::format("one of {}", fmt::join(names, ", "));
    if (name == "relu") legal = "ReLU is fused into its producer: give that layer \"relu\": true";
    if (!near.empty() && name != "relu") legal = fmt::format("did you mean '{}'? {}", near, legal);
    report("op", fmt::format("layer kind '{}' is not supported", name), legal);
    return nullptr;
  }

  void read_inputs() {
    const auto it = json_.find("inputs");
    if (it == json_.end()) return;
    std::vector<std::string> names;
    if (it->is_string()) {
      names.push_back(it->get<std::string>());
    } else if (it->is_array()) {
      for (const json& name : *it)
        if (name.is_string()) names.push_back(name.get<std::string>());
    }
    spec_.inputs = names;
    if (names.empty() || (it->is_array() && names.size() != it->size()))
      report("inputs", "is no list of layer names: " + it->dump(), "a layer name, or a list of them");
  }

  void read_attributes(const std::string& op) {
    if (op == "conv2d" || op == "depthwise") return read_conv();
    if (op == "gemm") return read_gemm();
    if (op == "matmul") return read_matmul();
    if (op == "constant") return read_constant();
    if (op == "pick") return read_pick();
    if (operator_of(spec_.layer).inputs == 2) {
      read_relu();
      if (spec_.layer.op == Op::mul)
        read_shift();
      else
        read_multiplier();
      return expect_inputs(2, 2);
    }
    if (op == "lookup") {
      read_lookup(json_, path_);
      return expect_inputs(1, 1);
    }
    if (op == "select") return read_select();
    if (op == "softmax") {
      expect_inputs(1, 1);
      return read_step(json_, path_, "from", spec_.layer.lookup.from);
    }
    if (op == "layernorm") {
      expect_inputs(1, 1);
      read_shift();
      if (json_.contains("mean")) spec_.layer.mean = flag("mean");
      return read_epsilon();
    }
    if (op == "resize" || op == "depth_to_space") return read_factor();
    if (op == "remap") return read_remap();
    if (op == "transpose") {
      spec_.layer.group_rows = optional("rows", 1, max_side, 0);
      return expect_inputs(1, 1);
    }
    if (op == "concat") return expect_inputs(2, 1 << 15);
    read_pool();
  }

  void expect_inputs(std::size_t low, std::size_t high) {
    const std::size_t n = spec_.inputs ? spec_.inputs->size() : 1;
    if (n >= low && n <= high) return;
    report("inputs", fmt::format("{} has {} input{}", op_name(spec_.layer.op), n, n == 1 ? "" : "s"),
           low == high ? fmt::format("exactly {}", low) : fmt::format("at least {}", low));
  }

  void read_conv() {
    expect_inputs(1, 1);
    if (spec_.layer.op == Op::conv2d) spec_.layer.out.c = required("channels", 1, max_side);
    read_window(false);
    read_relu();
    read_shift();
    if (json_.contains("groups")) spec_.layer.groups = required("groups", 1, max_side);
    read_own_lookup();
  }

  // The table behind a convolution.
  void read_own_lookup() {
    const auto lookup = json_.find("lookup");
    if (lookup == json_.end()) return;
    if (!lookup->is_object())
      return report("lookup", "is " + lookup->dump(),
                    R"(a function like {"function": "silu", "from": 0.0625, "to": 0.0625})");
    refuse_unknown_keys(*lookup, {"function", "from", "to", "alpha", "beta"}, file_, path_ + ".lookup", problems_);
    read_lookup(*lookup, path_ + ".lookup");
  }

  // ReLU, and the most that it lets through.
  void read_relu() {
    spec_.layer.relu = flag("relu");
    if (!json_.contains("most")) return;
    if (!spec_.layer.relu) return report("most", "stands without relu", "\"relu\": true beside it");
    spec_.layer.most = required("most", 1, 127);
  }

  void read_lookup(const json& from, const std::string& path) {
    ops::Lookup& l = spec_.layer.lookup;
    const auto it = from.find("function");
    const auto function =
        it != from.end() && it->is_string() ? ops::find_function(it->get<std::string>()) : std::nullopt;
    if (!function) {
      problems_.push_back({file_, path + ".function", it == from.end() ? "is missing" : "is " + it->dump(),
                           fmt::format("one of {}", fmt::join(ops::function_names(), ", "))});
      return;
    }
    l.function = *function;
    read_step(from, path, "from", l.from);
    read_step(from, path, "to", l.to);
    int parameters = function_parameters(l.function);
    for (const auto& [key, value] : {std::pair{"alpha", &l.alpha}, {"beta", &l.beta}}) {
      const bool wanted = parameters-- > 0, given = from.contains(key), number = given && from[key].is_number();
      if (wanted && number)
        *value = from[key].get<double>();
      else if (wanted || given)
        problems_.push_back({file_, path + "." + key, given ? "is " + from[key].dump() : "is missing",
                             wanted ? "a number" : fmt::format("{} has no such parameter", function_name(l.function))});
    }
  }

  void read_epsilon() {
    const auto it = json_.find("epsilon");
    if (it == json_.end()) return;
    double& epsilon = spec_.layer.epsilon;
    epsilon = it->is_number() ? it->get<double>() : -1;
    if (!(epsilon >= 0 && epsilon <= ops::largest_epsilon))
      report(
          "epsilon", "is " + it->dump(),
          fmt::format("what is added to the variance, in squared steps of the input: 0 to {}", ops::largest_epsilon));
  }

  void read_matmul() {
    expect_inputs(2, 2);
    ops::MatMul& m = spec_.layer.matmul;
    m.by_rows = flag("by_rows");
    m.heads = optional("heads", 1, max_side, 1);
    m.depth = optional("depth", 1, max_side, 0);
    m.rows = optional("rows", 1, max_side, 0);
    m.second_rows = optional("second_rows", 1, max_side, 0);
    m.first = optional("first", 0, max_side, 0);
    m.second = optional("second", 0, max_side, 0);
    read_shift();
  }

  void read_constant() {
    if (json_.contains("inputs")) report("inputs", "stands beside a constant", "none");
    spec_.inputs = std::vector<std::string>{};
    const std::vector<int> size = int_list("size", 1, max_side, 3);
    if (size.size() == 3) spec_.layer.out = {size[0], size[1], size[2]};
  }

  void read_pick() {
    expect_inputs(1, 1);
    const std::vector<int> size = int_list("size", 1, max_side, 2);
    if (size.size() == 2) spec_.layer.out = {size[0], size[1], 0};
    ops::Pixels& p = spec_.layer.pixels;
    p.from = optional("from", 0, most_pixels, 0);
    p.first = optional("first", 0, most_pixels, 0);
    p.sizes = int_list("sizes", 1, max_side, 0);
    p.strides = int_list("strides", -most_pixels, most_pixels, static_cast<int>(p.sizes.size()));
    std::int64_t count = 1;
    for (const int n : p.sizes) count = std::min<std::int64_t>(count * n, std::int64_t{most_pixels} + 1);
    if (count > most_pixels || p.sizes.size() > 8)
      report("sizes", "are too many", fmt::format("at most 8, of a product of at most {}", most_pixels));
  }

  void read_factor() {
    expect_inputs(1, 1);
    if (!json_.contains("factor")) return report("factor", "is missing", "a number, or [height, width]");
    const std::vector<int> factor = numbers("factor", {2}, 1, max_side, {});
    if (factor.size() != 2) return;
    spec_.layer.factor_h = factor[0];
    spec_.layer.factor_w = factor[1];
  }

  void read_remap() {
    expect_inputs(1, 1);
    spec_.layer.remap.rows = positions("rows", ops::position_steps);
    spec_.layer.remap.columns = positions("columns", ops::position_steps);
  }

  void read_select() {
    expect_inputs(1, 1);
    const auto it = json_.find("source");
    if (it == json_.end() || !it->is_array() || it->empty() || it->size() > static_cast<std::size_t>(max_side))
      return report("source", it == json_.end() ? "is missing" : "is no list of channels",
                    "the number of the input channel of each output channel, -1 for zero");
    for (std::size_t i = 0; i < it->size(); ++i)
      spec_.layer.source.push_back(
          read_int((*it)[i], -1, max_side - 2, file_, fmt::format("{}.source[{}]", path_, i), problems_).value_or(0));
  }

  void read_gemm() {
    expect_inputs(1, 1);
    spec_.layer.is_gemm = true;
    read_relu();
    read_shift();
    read_own_lookup();
    const bool plain = json_.contains("m") || json_.contains("n") || json_.contains("k");
    if (plain && json_.contains("channels"))
      return report("channels", "stands beside m, n, k", "either channels (fully connected) or m, n and k");
    if (!plain) {
      spec_.layer.out.c = required("channels", 1, max_side);
      spec_.whole_map = true;
      for (const char* key : {"in_type", "out_type"})
        if (json_.contains(key))
          report(key, "stands beside channels", "types with m, n and k; everything else is int8");
      return;
    }
    spec_.layer.in_type = type("in_type");
    spec_.layer.out_type = type("out_type");
    for (const char* key : {"relu", "most", "shift", "multiplier", "lookup"})
      if (!spec_.layer.is_int8() && json_.contains(key))
        report(key, "stands beside in_type or out_type", "without: sums of other types than i8 to i8 stay as they are");
    const int m = required("m", 1, max_side);
    spec_.layer.out.c = required("n", 1, max_side);
    spec_.gemm_input = Shape{m, 1, required("k", 1, max_side)};
  }

  void read_pool() {
    expect_inputs(1, 1);
    if (spec_.layer.op == Op::avgpool) read_multiplier();
    spec_.whole_map = flag("global");
    if (!spec_.whole_map) return read_window(true);
    for (const char* key : {"kernel", "stride", "padding"})
      if (json_.contains(key)) report(key, "stands beside \"global\": true", "a global pool covers the whole map");
  }

  void read_window(bool pool) {
    Window& k = spec_.layer.window;
    const std::vector<int> kernel =
        numbers("kernel", {2}, 1, max_side, pool ? std::vector<int>{} : std::vector<int>{1, 1});
    if (kernel.empty()) {
      if (!json_.contains("kernel")) report("kernel", "is missing", "a number, [height, width], or \"global\": true");
      return;
    }
    k.kh = kernel[0];
    k.kw = kernel[1];
    const std::vector<int> stride = numbers("stride", {2}, 1, max_side, pool ? kernel : std::vector<int>{1, 1});
    if (stride.size() == 2) {
      k.sh = stride[0];
      k.sw = stride[1];
    }
    const std::vector<int> dilation =
        json_.contains("dilation") ? numbers("dilation", {2}, 1, max_side, {}) : std::vector<int>{1, 1};
    if (dilation.size() == 2) {
      k.dh = dilation[0];
      k.dw = dilation[1];
    }
    const std::int64_t reach_h = (k.kh - std::int64_t{1}) * k.dh + 1, reach_w = (k.kw - std::int64_t{1}) * k.dw + 1;
    if (std::max(reach_h, reach_w) > max_side)
      return report("dilation", fmt::format("makes windows of {}x{}", reach_h, reach_w),
                    fmt::format("at most {} on a side", max_side));
    const std::vector<int> pad = numbers("padding", {2, 4}, 0, max_side, {0, 0});
    if (pad.empty()) return;
    k.pad_top = pad[0];
    k.pad_left = pad[1];
    k.pad_bottom = pad[pad.size() - 2];
    k.pad_right = pad.back();
    if (std::max(k.pad_top, k.pad_bottom) >= reach_h || std::max(k.pad_left, k.pad_right) >= reach_w)
      report("padding",
             fmt::format("[{}, {}, {}, {}] leaves windows that read nothing but padding", k.pad_top, k.pad_left,
                         k.pad_bottom, k.pad_right),
             fmt::format("at most {} vertically and {} horizontally for a kernel of {}x{}", reach_h - 1, reach_w - 1,
                         reach_h, reach_w));
  }

  void read_shift() {
    if (json_.contains("multiplier")) return read_multiplier();
    spec_.layer.shift = default_shift;
    const auto it = json_.find("shift");
    if (it != json_.end())
      spec_.layer.shift = read_int(*it, 0, max_shift, file_, path_ + ".shift", problems_).value_or(default_shift);
  }

  // General scales: "multiplier" and "shift" go together.
  void read_multiplier() {
    const auto it = json_.find("multiplier");
    if (it == json_.end()) {
      if (json_.contains("shift")) report("shift", "stands without a multiplier", "both, or neither");
      return;
    }
    const bool add = spec_.layer.op == Op::add || spec_.layer.op == Op::sub, weights = spec_.layer.op == Op::conv2d;
    spec_.layer.shift = required("shift", 0, max_scaled_shift);
    spec_.layer.scaling = Scaling::tensor;
    if (weights && *it == "channel") {
      spec_.layer.scaling = Scaling::channel;
    } else if (add ? !it->is_array() || it->size() != 2 : !it->is_number()) {
      report("multiplier", "is " + it->dump(),
             add       ? "two whole numbers, one for each operand"
             : weights ? "a whole number, or \"channel\": one per output channel, in the file of the weights"
                       : "a whole number");
    } else {
      for (std::size_t i = 0; i < (add ? 2U : 1U); ++i)
        spec_.layer.multiplier[i] = read_int(add ? (*it)[i] : *it, 1, std::numeric_limits<std::int32_t>::max(), file_,
                                             path_ + ".multiplier", problems_)
                                        .value_or(1);
    }
  }

  LayerSpec spec_;
};

}  // namespace

LayerSpec read_layer(const json& j, int index, const std::string& file, std::vector<Problem>& problems) {
  return LayerReader(j, index, file, problems).read();
}

}  // namespace tessera::network

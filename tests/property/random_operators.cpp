#include "tests/property/random_operators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "sim/base/random.h"
#include "sim/base/units.h"
#include "sim/ops/lookup.h"

namespace tessera {
namespace {

class OperatorNetwork {
 public:
  explicit OperatorNetwork(std::uint64_t seed) : random_(derive_seed(seed, 41)), seed_(seed) {}

  std::string make() {
    h_ = 1 + pick(14);
    w_ = pick(4) == 0 ? 1 : 1 + pick(14);
    c_ = pick(2) == 0 ? 1 + pick(40) : 8 * (1 + pick(6));
    const std::string input = fmt::format("{}, {}, {}", h_, w_, c_);
    const int layers = 1 + pick(4);
    using Maker = void (OperatorNetwork::*)();
    const std::vector<Maker> makers = {
        &OperatorNetwork::grouped,   &OperatorNetwork::dilated,      &OperatorNetwork::depthwise,
        &OperatorNetwork::lookup,    &OperatorNetwork::scaled,       &OperatorNetwork::combined,
        &OperatorNetwork::select,    &OperatorNetwork::pick_pixels,  &OperatorNetwork::resize,
        &OperatorNetwork::spread,    &OperatorNetwork::softmax,      &OperatorNetwork::normalize,
        &OperatorNetwork::attention, &OperatorNetwork::add_constant, &OperatorNetwork::pooled,
        &OperatorNetwork::remap,     &OperatorNetwork::transpose};
    for (int i = 0; i < layers; ++i) (this->*makers[static_cast<std::size_t>(pick(static_cast<int>(makers.size())))])();
    return fmt::format(R"({{"name": "operators{}", "input": [{}], "layers": [{}]}})", seed_, input, text_);
  }

 private:
  int pick(int n) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(n))); }
  void put(const std::string& body) {
    last_ = fmt::format("l{}", ++count_);
    text_ += fmt::format(R"({}{{"name": "{}", {}}})", text_.empty() ? "" : ", ", last_, body);
  }

  std::string window(int dilation) {
    const int kernel = 1 + pick(4), stride = pick(3) == 0 ? 2 : 1, reach = (kernel - 1) * dilation + 1;
    const int pad = reach / 2, least = std::max(1, reach - 2 * pad);
    const int kh = h_ >= least ? kernel : 1, kw = w_ >= least ? kernel : 1, ph = kh == 1 ? 0 : pad,
              pw = kw == 1 ? 0 : pad;
    const auto out = [&](int size, int k, int p) { return (size + 2 * p - ((k - 1) * dilation + 1)) / stride + 1; };
    h_ = out(h_, kh, ph);
    w_ = out(w_, kw, pw);
    return fmt::format(R"("kernel": [{}, {}], "stride": {}, "padding": [{}, {}], "dilation": {})", kh, kw, stride, ph,
                       pw, dilation);
  }
  std::string after() {
    const int kind = pick(4);
    if (kind == 1) return fmt::format(R"(, "relu": true, "most": {})", 1 + pick(127));
    return kind == 2 ? R"(, "lookup": )" + function() : "";
  }
  std::string function() {
    const std::vector<std::string> names = ops::function_names();
    const std::string name = names[static_cast<std::size_t>(pick(static_cast<int>(names.size())))];
    const int parameters = function_parameters(*ops::find_function(name));
    return fmt::format(R"({{"function": "{}", "from": {}, "to": {}{}{}}})", name, 1.0 / (1 << pick(7)),
                       1.0 / (1 << pick(7)), parameters > 0 ? R"(, "alpha": 0.25)" : "",
                       parameters > 1 ? R"(, "beta": 0.75)" : "");
  }

  void grouped() {
    std::vector<int> divisors;
    for (int g = 1; g <= c_; ++g)
      if (c_ % g == 0) divisors.push_back(g);
    const int groups = divisors[static_cast<std::size_t>(pick(static_cast<int>(divisors.size())))];
    c_ = groups * (1 + pick(std::max(1, 48 / groups)));
    put(fmt::format(R"("op": "conv2d", "channels": {}, "groups": {}, {}{})", c_, groups, window(1), after()));
  }
  void dilated() {
    constexpr int distances[] = {1, 2, 3, 1, 2, 5, 9, 14};
    c_ = 1 + pick(40);
    put(fmt::format(R"("op": "conv2d", "channels": {}, {}{})", c_, window(distances[pick(8)]), after()));
  }
  void pooled() {
    put(fmt::format(R"("op": "{}", {})", pick(2) == 0 ? "maxpool" : "avgpool",
                    window(h_ > 1 && w_ > 1 ? 1 + pick(2) : 1)));
  }
  void depthwise() { put(fmt::format(R"("op": "depthwise", {}{})", window(1 + pick(2)), after())); }
  void lookup() {
    std::string body = function();
    put(R"("op": "lookup", )" + body.substr(1, body.size() - 2));
  }
  // By numbers per channel, as squeeze and excitation do it.
  void scaled() {
    const std::string map = last_;
    put(R"("op": "avgpool", "global": true)");
    put(fmt::format(R"("op": "mul", "inputs": ["{}", "{}"], "shift": {}, "relu": {})", map, last_, pick(8),
                    pick(2) == 0));
  }
  void combined() {
    const std::string first = last_;
    put(fmt::format(R"("op": "conv2d", "channels": {}, "kernel": 1)", c_));
    const char* const kinds[] = {"add", "sub", "mul"};
    const std::string second = last_;
    const bool swapped = pick(2) == 0;
    put(fmt::format(R"("op": "{}", "inputs": ["{}", "{}"])", kinds[pick(3)], swapped ? second : first,
                    swapped ? first : second));
  }
  void pick_pixels() {
    const int rows = 1 + pick(h_), first = pick(3), total = rows * w_ + first + pick(3);
    put(fmt::format(R"("op": "pick", "size": [{}, 1], "from": {}, "first": {}, "sizes": [{}, {}], "strides": [1, {}])",
                    total, pick(h_ - rows + 1) * w_, first, w_, rows, w_));
    h_ = total;
    w_ = 1;
  }
  void resize() {
    if (h_ * w_ > 100) return depthwise();
    const int fh = 1 + pick(3), fw = 1 + pick(3);
    put(fmt::format(R"("op": "resize", "factor": [{}, {}])", fh, fw));
    h_ *= fh;
    w_ *= fw;
  }
  // Zeros, repeated rows and places between pixels.
  void remap() {
    const auto positions = [&](int side) {
      std::vector<double> list;
      for (int n = 1 + pick(20); n > 0; --n)
        list.push_back(pick(5) == 0 ? -1 : std::min(side - 1.0, pick(side) + (pick(2) == 0 ? 0.0 : pick(256) / 256.0)));
      return list;
    };
    const std::vector<double> rows = positions(h_), columns = positions(w_);
    put(fmt::format(R"("op": "remap", "rows": [{}], "columns": [{}])", fmt::join(rows, ", "),
                    fmt::join(columns, ", ")));
    h_ = static_cast<int>(rows.size());
    w_ = static_cast<int>(columns.size());
  }
  void transpose() {
    put(fmt::format(R"("op": "pick", "size": [{0}, 1], "sizes": [{0}], "strides": [1])", h_ * w_));
    const int groups = h_ * w_ % 2 == 0 ? 1 + pick(2) : 1, rows = h_ * w_ / groups;
    put(fmt::format(R"("op": "transpose", "rows": {})", rows));
    h_ = groups * c_;
    w_ = 1;
    c_ = rows;
  }
  void spread() {
    const int fh = 1 + pick(2), fw = 1 + pick(3), c = 1 + pick(20);
    put(fmt::format(R"("op": "conv2d", "channels": {}, "kernel": 1)", c * fh * fw));
    put(fmt::format(R"("op": "depth_to_space", "factor": [{}, {}])", fh, fw));
    h_ *= fh;
    w_ *= fw;
    c_ = c;
  }
  void softmax() { put(fmt::format(R"("op": "softmax", "from": {})", 1.0 / (1 << pick(7)))); }
  void normalize() {
    const bool mean = pick(3) > 0;
    const double epsilon = pick(2) == 0 ? 0 : std::exp2(pick(12) - 4);
    put(fmt::format(R"("op": "layernorm", "mean": {}, "epsilon": {})", mean, epsilon));
  }
  // Of groups of rows and heads of channels, as vision and language transformers have it.
  void attention() {
    const int heads = 1 + pick(3), depth = heads == 1 ? 1 + pick(20) : 8 * (1 + pick(2)), width = heads * depth;
    const int groups = h_ * w_ % 2 == 0 ? 2 : 1, rows = h_ * w_ / groups,
              offset = 8 * static_cast<int>(ceil_div(width, 8));
    put(fmt::format(R"("op": "pick", "size": [{0}, 1], "sizes": [{0}], "strides": [1])", h_ * w_));
    put(fmt::format(R"("op": "conv2d", "channels": {}, "kernel": 1)", 2 * offset + width));
    const std::string qkv = last_;
    put(fmt::format(
        R"("op": "matmul", "inputs": ["{0}", "{0}"], "by_rows": true, "heads": {1}, "depth": {2}, "rows": {3}, )"
        R"("second_rows": {3}, "second": {4})",
        qkv, heads, depth, rows, offset));
    put(R"("op": "softmax")");
    put(fmt::format(R"("op": "matmul", "inputs": ["{0}", "{1}"], "heads": {2}, "depth": {3}, "rows": {4}, )"
                    R"("second_rows": {4}, "second": {5})",
                    last_, qkv, heads, depth, rows, 2 * offset));
    h_ *= w_;
    w_ = 1;
    c_ = width;
  }
  void add_constant() {
    const std::string first = last_;
    put(fmt::format(R"("op": "constant", "size": [{}, {}, {}])", h_, pick(2) == 0 ? 1 : w_, c_));
    put(fmt::format(R"("op": "add", "inputs": ["{}", "{}"])", first, last_));
  }
  void select() {
    std::vector<int> source;
    for (int n = 1 + pick(40); n > 0; --n) source.push_back(pick(c_ + 1) - 1);
    c_ = static_cast<int>(source.size());
    put(fmt::format(R"("op": "select", "source": [{}])", fmt::join(source, ", ")));
  }

  Random random_;
  std::uint64_t seed_;
  int h_ = 1, w_ = 1, c_ = 1, count_ = 0;
  std::string text_, last_ = "input";
};

}  // namespace

std::string random_operators(std::uint64_t seed) { return OperatorNetwork(seed).make(); }

}  // namespace tessera

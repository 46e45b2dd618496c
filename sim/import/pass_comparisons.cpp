// Comparisons of what layers compute, logic of their results, and choices by them: truth is a tensor of ones and zeros.
#include <set>

#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

constexpr float sheer = 1e30F;       // no difference but zero stays within the slope of a HardSigmoid
constexpr double much_below = -1e3;  // what masks of scores put

class Truths {
 public:
  bool rewrite(Rewriter& r, const Node& node) {
    if (!node.domain.empty() || node.inputs.empty()) return false;
    const bool written = compare(r, node) || combine(r, node) || choose(r, node);
    if (!written && is_view(node) && holds(node, 0)) {
      r.retype(node.outputs[0], DataType::f32);
      truths_.insert(node.outputs[0]);
    }
    return written;
  }

 private:
  bool holds(const Node& node, std::size_t input) const {
    return input < node.inputs.size() && truths_.count(node.inputs[input]) > 0;
  }
  static bool is_view(const Node& node) {
    for (const char* op :
         {"Expand", "Flatten", "Identity", "Reshape", "Slice", "Squeeze", "Tile", "Transpose", "Unsqueeze"})
      if (node.op == op) return true;
    return false;
  }
  void made(Rewriter& r, const Node& node) {
    r.retype(node.outputs[0], DataType::f32);
    truths_.insert(node.outputs[0]);
  }

  // 1 where x > 0, with `at_zero` where it is 0.
  static std::map<std::string, Attribute> step(double at_zero) {
    return {{"alpha", sheer}, {"beta", static_cast<float>(at_zero)}};
  }

  bool compare(Rewriter& r, const Node& node) {
    const bool less = node.op == "Less", at_most = node.op == "LessOrEqual", equal = node.op == "Equal";
    const bool more = node.op == "Greater", at_least = node.op == "GreaterOrEqual";
    if (!(less || at_most || equal || more || at_least) || !is_real(r.value(node.inputs[0]).type)) return false;
    const Dims out = r.shape(node.outputs[0]);
    ValueId a = node.inputs[0], b = node.inputs[1];
    if (less || at_most) std::swap(a, b);
    ValueId difference = a;
    if (const Tensor* zero = r.value(b).constant ? &*r.value(b).constant : nullptr;
        zero == nullptr || zero->elements() != 1 || reals(*zero)[0] != 0 || r.shape(a) != out)
      difference = r.add(node, "Sub", {a, b}, out);
    if (equal) {
      const ValueId apart = r.add(node, "Abs", {difference}, out);
      r.finish(node, "HardSigmoid", {apart}, {{"alpha", -sheer}, {"beta", 1.0F}});
    } else {
      r.finish(node, "HardSigmoid", {difference}, step(less || more ? 0 : 1));
    }
    made(r, node);
    return true;
  }

  ValueId opposite(Rewriter& r, const Node& node, ValueId truth) {
    return r.add(node, "Sub", {r.real(node, 1), truth}, r.shape(truth));
  }

  bool combine(Rewriter& r, const Node& node) {
    if (node.op == "Cast" && holds(node, 0)) {
      r.finish(node, "Identity", {node.inputs[0]});
    } else if (node.op == "Not" && holds(node, 0)) {
      r.finish(node, "Sub", {r.real(node, 1), node.inputs[0]});
    } else if (holds(node, 0) && holds(node, 1)) {
      const Dims out = r.shape(node.outputs[0]);
      if (node.op == "And") r.finish(node, "Mul", node.inputs);
      if (node.op == "Or") r.finish(node, "Max", node.inputs);
      if (node.op == "Xor") r.finish(node, "Abs", {r.add(node, "Sub", node.inputs, out)});
      if (node.op != "And" && node.op != "Or" && node.op != "Xor") return false;
    } else {
      return false;
    }
    made(r, node);
    return true;
  }

  // condition * a + (1 - condition) * b; of two numbers b + condition * (a - b).
  bool choose(Rewriter& r, const Node& node) {
    if (node.op != "Where" || !holds(node, 0)) return false;
    const ValueId truth = node.inputs[0];
    const Dims out = r.shape(node.outputs[0]);
    const std::optional<double> a = r.number(node, 1), b = r.number(node, 2);
    for (const auto& number : {a, b})
      if (number && *number <= much_below) return false;
    if (a && b) {
      const ValueId share = r.add(node, "Mul", {truth, r.real(node, *a - *b)}, r.shape(truth));
      r.finish(node, "Add", {share, r.real(node, *b)});
    } else if (b == 0.0) {
      r.finish(node, "Mul", {node.inputs[1], truth});
    } else {
      const ValueId second = r.add(node, "Mul", {node.inputs[2], opposite(r, node, truth)}, out);
      if (a == 0.0)
        r.finish(node, "Identity", {second});
      else
        r.finish(node, "Add", {r.add(node, "Mul", {node.inputs[1], truth}, out), second});
    }
    return true;
  }

  std::set<ValueId> truths_;
};

}  // namespace

void compare_by_signs(Graph& graph) {
  Truths truths;
  Rewriter(graph).each([&](Rewriter& r, const Node& node) { return truths.rewrite(r, node); });
}

}  // namespace tessera::import

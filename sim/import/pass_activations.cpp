// Activations and layer normalizations that exporters write as subgraphs become one node again, also where the parts
// are quantized: a QuantizeLinear and DequantizeLinear between two of them round what no layer makes any more.
#include <algorithm>
#include <cmath>

#include "sim/import/passes.h"

namespace tessera::import {
namespace {

bool near(double a, double b) { return std::fabs(a - b) <= 1e-3 * std::fabs(b); }

class Recognizer {
 public:
  explicit Recognizer(Graph& graph) : graph_(graph), producers_(producers_of(graph)), users_(users_of(graph)) {}

  void run() {
    // The outermost node of a product is looked at before those within it.
    for (std::size_t n = graph_.nodes.size(); n-- > 0;) {
      Node& node = graph_.nodes[n];
      if (!node.domain.empty()) continue;
      if (node.op == "Mul" || node.op == "Div") activation(node);
      if (node.op == "Mul" || node.op == "Div") normalization(node);
    }
  }

 private:
  const Node* producer(ValueId id, const char* op) const {
    const int n = id == no_value ? -1 : producers_[static_cast<std::size_t>(id)];
    const Node* node = n < 0 ? nullptr : &graph_.nodes[static_cast<std::size_t>(n)];
    return node != nullptr && node->op == op && node->domain.empty() ? node : nullptr;
  }
  // What a value was before it was rounded to integers.
  ValueId source(ValueId id) const {
    while (const Node* real = producer(id, "DequantizeLinear")) {
      const Node* integers = producer(real->inputs[0], "QuantizeLinear");
      if (integers == nullptr) break;
      id = integers->inputs[0];
    }
    return id;
  }
  bool same(ValueId a, ValueId b) const { return source(a) == source(b); }
  const Node* made_by(ValueId id, const char* op) const { return producer(source(id), op); }
  std::optional<double> number(ValueId id) const {
    if (id == no_value) return std::nullopt;
    const auto& constant = graph_.values[static_cast<std::size_t>(id)].constant;
    if (!constant || constant->elements() != 1) return std::nullopt;
    return reals(*constant)[0];
  }

  // A product: numbers, and values that are none.
  struct Product {
    double factor = 1;
    std::vector<ValueId> values;
  };
  void collect(ValueId id, Product& product) const {
    if (const auto v = number(id)) {
      product.factor *= *v;
      return;
    }
    const Node *mul = made_by(id, "Mul"), *div = made_by(id, "Div");
    if (mul != nullptr) {
      collect(mul->inputs[0], product);
      collect(mul->inputs[1], product);
    } else if (div != nullptr && number(div->inputs[1])) {
      product.factor /= *number(div->inputs[1]);
      collect(div->inputs[0], product);
    } else {
      product.values.push_back(id);
    }
  }
  Product product_of(ValueId id) const {
    Product product;
    collect(id, product);
    return product;
  }

  bool is_power(const Product& product, ValueId x, std::size_t exponent) const {
    return product.values.size() == exponent &&
           std::all_of(product.values.begin(), product.values.end(), [&](ValueId value) { return same(value, x); });
  }

  // id = x + number.
  bool is_sum(ValueId id, ValueId* x, double v) const {
    const Node* add = made_by(id, "Add");
    if (add == nullptr) return false;
    for (const std::size_t i : {0, 1})
      if (const auto n = number(add->inputs[i]); n && near(*n, v)) {
        *x = add->inputs[1 - i];
        return true;
      }
    return false;
  }
  bool is_scaled(ValueId id, ValueId x, double v) const {
    const Product p = product_of(id);
    return is_power(p, x, 1) && near(p.factor, v);
  }
  // sqrt(2 / pi) * (x + 0.044715 * x^3)
  bool is_cubic(ValueId id, ValueId x) const {
    const Product p = product_of(id);
    if (p.values.size() != 1 || !near(p.factor, std::sqrt(2 / M_PI))) return false;
    const Node* add = made_by(p.values[0], "Add");
    if (add == nullptr) return false;
    for (const std::size_t i : {0, 1}) {
      if (!same(add->inputs[i], x)) continue;
      const Product cube = product_of(add->inputs[1 - i]);
      if (!near(cube.factor, 0.044715)) continue;
      if (is_power(cube, x, 3)) return true;
      const Node* power = cube.values.size() == 1 ? made_by(cube.values[0], "Pow") : nullptr;
      if (power != nullptr && same(power->inputs[0], x) && near(number(power->inputs[1]).value_or(0), 3)) return true;
    }
    return false;
  }

  void become(Node& node, const char* op, ValueId x, std::map<std::string, Attribute> attributes) {
    node.op = op;
    node.inputs = {x};
    node.attributes = std::move(attributes);
  }

  void activation(Node& node) {
    Product p;
    collect(node.outputs[0], p);
    if (p.values.size() != 2) return;
    for (const std::size_t i : {0, 1}) {
      const ValueId x = p.values[i], f = p.values[1 - i];
      ValueId inner = no_value;
      if (const Node* sigmoid = made_by(f, "Sigmoid"); sigmoid != nullptr && near(p.factor, 1)) {
        const Product argument = product_of(sigmoid->inputs[0]);
        if (is_power(argument, x, 1)) return become(node, "Swish", x, {{"alpha", static_cast<float>(argument.factor)}});
      }
      if (const Node* hard = made_by(f, "HardSigmoid");
          hard != nullptr && near(p.factor, 1) && same(hard->inputs[0], x) &&
          near(real_of(*hard, "alpha", 0.2), 1.0 / 6) && near(real_of(*hard, "beta", 0.5), 0.5))
        return become(node, "HardSwish", x, {});
      if (const Node* clip = made_by(f, "Clip");
          clip != nullptr && near(p.factor, 1.0 / 6) && clip->inputs.size() == 3 && number(clip->inputs[1]) == 0.0 &&
          near(number(clip->inputs[2]).value_or(0), 6) && is_sum(clip->inputs[0], &inner, 3) && same(inner, x))
        return become(node, "HardSwish", x, {});
      if (!near(p.factor, 0.5) || !is_sum(f, &inner, 1)) continue;
      if (const Node* erf = made_by(inner, "Erf"); erf != nullptr && is_scaled(erf->inputs[0], x, std::sqrt(0.5)))
        return become(node, "Gelu", x, {});
      if (const Node* tanh = made_by(inner, "Tanh"); tanh != nullptr && is_cubic(tanh->inputs[0], x))
        return become(node, "Gelu", x, {{"approximate", std::string("tanh")}});
    }
  }

  // The one dimension over which the mean is taken.
  std::optional<std::int64_t> axis_of(const Node& mean) const {
    const Value& in = graph_.values[static_cast<std::size_t>(mean.inputs[0])];
    Dims axes;
    const auto it = mean.attributes.find("axes");
    if (it != mean.attributes.end() && std::holds_alternative<Dims>(it->second)) axes = std::get<Dims>(it->second);
    if (const Tensor* given = constant_input(graph_, mean, 1)) axes = integers(*given);
    const auto rank = static_cast<std::int64_t>(in.shape.size());
    if (!in.known || axes.size() != 1 || integer_of(mean, "keepdims", 1) == 0) return std::nullopt;
    return (axes[0] + rank) % rank;
  }
  bool is_square(ValueId id, ValueId x) const {
    const Node *power = made_by(id, "Pow"), *square = made_by(id, "Mul");
    return (power != nullptr && same(power->inputs[0], x) && near(number(power->inputs[1]).value_or(0), 2)) ||
           (square != nullptr && same(square->inputs[0], x) && same(square->inputs[1], x));
  }

  struct Norm {
    std::int64_t axis = 0;
    double epsilon = 0;
  };
  // mean of the square of x + epsilon
  std::optional<Norm> square_mean(ValueId id, ValueId x) const {
    const Node* sum = made_by(id, "Add");
    if (sum == nullptr) return std::nullopt;
    const std::size_t at = number(sum->inputs[1]) ? 0 : 1;
    const Node* mean = made_by(sum->inputs[at], "ReduceMean");
    const auto epsilon = number(sum->inputs[1 - at]);
    const auto axis = mean == nullptr ? std::nullopt : axis_of(*mean);
    if (!axis || !epsilon || !is_square(mean->inputs[0], x)) return std::nullopt;
    return Norm{*axis, *epsilon};
  }
  // The root of that, or with `inverse` 1 over it.
  std::optional<Norm> root_of(ValueId id, ValueId x, bool inverse) const {
    if (const Node* root = made_by(id, "Sqrt"); root != nullptr && !inverse) return square_mean(root->inputs[0], x);
    if (!inverse) return std::nullopt;
    if (const Node* one = made_by(id, "Reciprocal")) return root_of(one->inputs[0], x, false);
    if (const Node* one = made_by(id, "Div"); one != nullptr && number(one->inputs[0]) == 1.0)
      return root_of(one->inputs[1], x, false);
    const Node* power = made_by(id, "Pow");
    if (power != nullptr && number(power->inputs[1]) == -0.5) return square_mean(power->inputs[0], x);
    return std::nullopt;
  }

  // x / sqrt(mean of its square + epsilon); where x is y - mean of y it is centred.
  void normalization(Node& node) {
    for (const std::size_t i : {0, 1}) {
      const bool divides = node.op == "Div";
      if (divides && i == 1) return;
      const ValueId x = node.inputs[i];
      const std::optional<Norm> norm = root_of(node.inputs[1 - i], x, !divides);
      if (norm) return become_norm(node, x, *norm);
    }
  }

  void become_norm(Node& node, ValueId x, const Norm& norm) {
    const Node* difference = made_by(x, "Sub");
    const Node* mean = difference == nullptr ? nullptr : made_by(difference->inputs[1], "ReduceMean");
    const bool centred = mean != nullptr && same(mean->inputs[0], difference->inputs[0]) && axis_of(*mean) == norm.axis;
    const ValueId in = centred ? mean->inputs[0] : x;
    const Dims shape = graph_.values[static_cast<std::size_t>(in)].shape;
    const Dims sides{shape[static_cast<std::size_t>(norm.axis)]};
    const auto count = static_cast<std::size_t>(sides[0]), behind = shape.size() - static_cast<std::size_t>(norm.axis);
    const std::string name = node.name;
    Node* last = &node;
    ValueId scale = no_value, bias = no_value;
    if (Node* mul = only_user(*last, "Mul", sides[0], behind, &scale)) last = mul;
    if (Node* add = centred ? only_user(*last, "Add", sides[0], behind, &bias) : nullptr) last = add;
    if (scale == no_value)
      scale = graph_.add_constant(name + ".scale", make_tensor(DataType::f32, sides, std::vector<double>(count, 1)));
    if (bias == no_value && centred)
      bias = graph_.add_constant(name + ".bias", make_tensor(DataType::f32, sides, std::vector<double>(count, 0)));
    last->op = centred ? "LayerNormalization" : "RMSNormalization";
    last->inputs = {in, scale};
    if (centred) last->inputs.push_back(bias);
    last->attributes = {
        {"axis", norm.axis}, {"epsilon", static_cast<float>(norm.epsilon)}, {single_axis, std::int64_t{1}}};
  }

  // The one node that reads a value, also rounded; null where several do, or the graph itself.
  Node* only_reader(ValueId id) {
    const auto& users = users_[static_cast<std::size_t>(id)];
    if (users.size() != 1 || graph_.is_output(id)) return nullptr;
    Node& user = graph_.nodes[static_cast<std::size_t>(users[0])];
    const bool rounds = user.domain.empty() && (user.op == "QuantizeLinear" || user.op == "DequantizeLinear");
    return rounds ? only_reader(user.outputs[0]) : &user;
  }

  // The one node that reads the output of `node`, if it combines it with a constant per channel, which stands `behind`
  // dimensions from the end.
  Node* only_user(const Node& node, const char* op, std::int64_t channels, std::size_t behind, ValueId* constant) {
    Node* user = only_reader(node.outputs[0]);
    if (user == nullptr || user->op != op) return nullptr;
    for (const ValueId id : user->inputs) {
      const auto& value = graph_.values[static_cast<std::size_t>(id)].constant;
      if (!value || value->elements() != channels || value->shape.size() < behind ||
          value->shape[value->shape.size() - behind] != channels)
        continue;
      *constant = id;
      return user;
    }
    return nullptr;
  }

  Graph& graph_;
  std::vector<int> producers_;
  std::vector<std::vector<int>> users_;
};

}  // namespace

void recognize_activations(Graph& graph) { Recognizer(graph).run(); }

}  // namespace tessera::import

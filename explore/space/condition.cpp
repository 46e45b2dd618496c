#include "explore/space/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace tessera::explore {

using Json = nlohmann::json;

struct Operand {
  int axis = -1;  // or a literal
  std::vector<std::size_t> elements;
  Json literal;
  std::string text;
};

struct Condition::Node {
  std::string op;  // "&&", "||" or a comparison
  std::shared_ptr<const Node> left, right;
  Operand a, b;
};

namespace {

// What reads and evaluates a condition recurses over it.
constexpr int deepest = 100, most_comparisons = 1000;

constexpr const char* grammar = "comparisons (== != < <= > >=) of axis paths and literals, joined by && and ||";

class Parser {
 public:
  Parser(const std::string& text, const std::vector<std::string>& axes) : text_(text), axes_(axes) {}

  std::shared_ptr<const Condition::Node> parse() {
    auto node = any();
    skip();
    if (!problem_ && at_ < text_.size()) complain("is not expected here");
    return node;
  }
  const std::optional<Problem>& problem() const { return problem_; }

 private:
  using NodePtr = std::shared_ptr<const Condition::Node>;

  NodePtr any() {
    return joined("||", [this] { return all(); });
  }
  NodePtr all() {
    return joined("&&", [this] { return one(); });
  }

  template <class Part>
  NodePtr joined(const char* op, Part part) {
    NodePtr left = part();
    while (!problem_ && take(op)) {
      auto node = std::make_shared<Condition::Node>();
      node->op = op;
      node->left = left;
      node->right = part();
      left = node;
    }
    return left;
  }

  NodePtr one() {
    if (take("(")) {
      if (depth_ == deepest) return complain(fmt::format("more than {} parentheses in each other", deepest)), nullptr;
      ++depth_;
      NodePtr inner = any();
      --depth_;
      if (!problem_ && !take(")")) complain("a ')' is missing");
      return inner;
    }
    if (++comparisons_ > most_comparisons)
      return complain(fmt::format("more than {} comparisons", most_comparisons)), nullptr;
    auto node = std::make_shared<Condition::Node>();
    node->a = operand();
    if (problem_) return node;
    for (const char* op : {"==", "!=", "<=", ">=", "<", ">"})
      if (take(op)) {
        node->op = op;
        node->b = operand();
        return node;
      }
    complain("a comparison is missing");
    return node;
  }

  Operand operand() {
    skip();
    const std::size_t begin = at_;
    Operand result;
    if (at_ < text_.size() && (std::isalpha(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) {
      while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                                    std::string("_.-[]").find(text_[at_]) != std::string::npos))
        ++at_;
      result.text = text_.substr(begin, at_ - begin);
      if (result.text == "true" || result.text == "false")
        result.literal = result.text == "true";
      else
        path(result);
      return result;
    }
    literal(result);
    return result;
  }

  void path(Operand& result) {
    std::string name = result.text;
    while (true) {
      const auto found = std::find(axes_.begin(), axes_.end(), name);
      if (found != axes_.end()) {
        result.axis = static_cast<int>(found - axes_.begin());
        return;
      }
      const std::size_t open = name.rfind('[');
      if (open == std::string::npos || name.back() != ']') break;
      const std::string digits = name.substr(open + 1, name.size() - open - 2);
      if (digits.empty() || digits.size() > 6 || digits.find_first_not_of("0123456789") != std::string::npos) break;
      result.elements.insert(result.elements.begin(), std::stoul(digits));
      name.resize(open);
    }
    const std::string near = nearest_name(result.text, axes_);
    problem_ = Problem{
        "", "where", fmt::format("'{}' is not an axis of this sweep", result.text),
        near.empty() ? fmt::format("axes: {}", fmt::join(axes_, ", ")) : fmt::format("did you mean '{}'?", near)};
  }

  void literal(Operand& result) {
    const std::size_t begin = at_;
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first == '\'' || first == '"') {
      const std::size_t end = text_.find(first, at_ + 1);
      if (end == std::string::npos) return complain("this string has no end");
      result.literal = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
    } else if (first == '[') {
      int depth = 0;
      do {
        if (depth == deepest) return complain(fmt::format("more than {} lists in each other", deepest));
        depth += text_[at_] == '[' ? 1 : text_[at_] == ']' ? -1 : 0;
        ++at_;
      } while (depth > 0 && at_ < text_.size());
      result.literal = Json::parse(text_.substr(begin, at_ - begin), nullptr, false);
    } else {
      while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                                    std::string("+-.").find(text_[at_]) != std::string::npos))
        ++at_;
      result.literal = Json::parse(text_.substr(begin, at_ - begin), nullptr, false);
    }
    result.text = text_.substr(begin, at_ - begin);
    if (result.literal.is_discarded()) {
      at_ = begin;
      complain("is neither an axis nor a literal");
    }
  }

  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(const std::string& token) {
    skip();
    if (text_.compare(at_, token.size(), token) != 0) return false;
    at_ += token.size();
    return true;
  }
  void complain(const std::string& what) {
    if (problem_) return;
    skip();
    const std::string rest = at_ < text_.size() ? "'" + text_.substr(at_, 20) + "'" : "the end";
    problem_ = Problem{"", "where", fmt::format("column {}: {}: {}", at_ + 1, rest, what), grammar};
  }

  const std::string& text_;
  const std::vector<std::string>& axes_;
  std::size_t at_ = 0;
  int depth_ = 0, comparisons_ = 0;
  std::optional<Problem> problem_;
};

Failure cannot_compare(const Operand& a, const std::string& op, const Operand& b, const std::string& why) {
  return fail(ExitCode::bad_input, {"", "where", fmt::format("'{} {} {}': {}", a.text, op, b.text, why),
                                    "numbers with numbers, strings with strings; == and != also for lists"});
}

Expected<bool> compare(const Condition::Node& node, const Condition::Lookup& lookup) {
  Json values[2];
  for (int side = 0; side < 2; ++side) {
    const Operand& operand = side == 0 ? node.a : node.b;
    values[side] = operand.axis < 0 ? operand.literal : lookup(operand.axis);
    for (std::size_t element : operand.elements) {
      if (!values[side].is_array() || element >= values[side].size())
        return cannot_compare(node.a, node.op, node.b, fmt::format("{} has no such element", values[side].dump()));
      values[side] = Json(values[side][element]);
    }
  }
  const Json &a = values[0], &b = values[1];
  const bool alike = a.type() == b.type() || (a.is_number() && b.is_number()) || a.is_null() || b.is_null();
  if (node.op == "==" || node.op == "!=") {
    if (!alike)
      return cannot_compare(node.a, node.op, node.b, fmt::format("{} and {} are never equal", a.dump(), b.dump()));
    return (a == b) == (node.op == "==");
  }
  if (!(a.is_number() && b.is_number()) && !(a.is_string() && b.is_string()))
    return cannot_compare(node.a, node.op, node.b, fmt::format("{} and {} have no order", a.dump(), b.dump()));
  if (node.op == "<") return a < b;
  if (node.op == "<=") return a <= b;
  if (node.op == ">") return a > b;
  return a >= b;
}

Expected<bool> evaluate(const Condition::Node& node, const Condition::Lookup& lookup) {
  if (!node.left) return compare(node, lookup);
  const Expected<bool> left = evaluate(*node.left, lookup);
  if (!left || *left == (node.op == "||")) return left;
  return evaluate(*node.right, lookup);
}

}  // namespace

Expected<Condition> Condition::parse(const std::string& text, const std::vector<std::string>& axes) {
  Parser parser(text, axes);
  Condition condition;
  condition.text_ = text;
  condition.root_ = parser.parse();
  if (parser.problem()) return fail(ExitCode::bad_input, *parser.problem());
  return condition;
}

Expected<bool> Condition::holds(const Lookup& lookup) const {
  if (!root_) return true;
  return evaluate(*root_, lookup);
}

}  // namespace tessera::explore

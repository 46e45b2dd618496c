// Does an attribute that the importer accepts do what ONNX says of it? For every operator and every attribute that a
// schema of ONNX allows: another value changes what is computed (the imported network, and the constant where all
// inputs are), or is refused by name, or stands in the list of those that no value depends on.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "sim/base/random.h"
#include "sim/import/forms/form.h"
#include "sim/import/infer.h"
#include "sim/import/layer_table.h"
#include "sim/import/operators/operator.h"
#include "sim/import/opset.h"
#include "tests/import/attribute_subjects.h"
#include "tests/import/problems.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <onnx/defs/schema.h>
#pragma GCC diagnostic pop

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {

void put_attribute(onnx::NodeProto& node, const std::string& name, const AttributeValue& value) {
  onnx::AttributeProto* a = nullptr;
  for (onnx::AttributeProto& given : *node.mutable_attribute())
    if (given.name() == name) a = &given;
  if (a == nullptr) a = node.add_attribute();
  a->Clear();
  a->set_name(name);
  if (const auto* i = std::get_if<int>(&value)) {
    a->set_type(onnx::AttributeProto::INT);
    a->set_i(*i);
  } else if (const auto* f = std::get_if<float>(&value)) {
    a->set_type(onnx::AttributeProto::FLOAT);
    a->set_f(*f);
  } else if (const auto* s = std::get_if<std::string>(&value)) {
    a->set_type(onnx::AttributeProto::STRING);
    a->set_s(*s);
  } else if (const auto* list = std::get_if<Sides>(&value)) {
    a->set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t n : *list) a->add_ints(n);
  } else if (const auto* reals = std::get_if<std::vector<double>>(&value)) {
    a->set_type(onnx::AttributeProto::FLOATS);
    for (const double n : *reals) a->add_floats(static_cast<float>(n));
  } else {
    const auto& numbers = std::get<std::vector<float>>(value);
    a->set_type(onnx::AttributeProto::TENSOR);
    a->mutable_t()->set_data_type(onnx::TensorProto::FLOAT);
    a->mutable_t()->add_dims(static_cast<std::int64_t>(numbers.size()));
    for (const float n : numbers) a->mutable_t()->add_float_data(n);
  }
}

// Random reals are multiples of a half, so that some are alike; those of parameters are positive.
void put_constant(ModelBuilder& model, const std::string& name, const Fixed& fixed, Random& random, bool parameter) {
  onnx::TensorProto& tensor = model.constant(name, fixed.shape, fixed.type);
  for (const std::int64_t n : fixed.numbers) {
    if (fixed.type == 7)
      tensor.add_int64_data(n);
    else
      tensor.add_int32_data(static_cast<std::int32_t>(n));
  }
  for (const float v : fixed.reals) tensor.add_float_data(v);
  if (!fixed.numbers.empty() || !fixed.reals.empty()) return;
  for (std::int64_t i = 0; i < element_count(fixed.shape); ++i)
    tensor.add_float_data(parameter ? static_cast<float>(0.25 + random.uniform())
                                    : static_cast<float>(static_cast<int>(random.uniform() * 5) - 2) / 2);
}

// The node is named y. A layer stands in front of the first input, which is data or a constant.
ModelBuilder model_of(const AttributeSubject& subject, bool constant) {
  ModelBuilder model(subject.opset);
  Random random(7);
  if (constant)
    put_constant(model, "x", subject.x, random, false);
  else
    model.input("x", subject.x.shape);
  std::string first = "x";
  if (!constant) model.node("Abs", {"x"}, {"front"}), first = "front";
  if (subject.quantized) {
    model.floats("front_scale", {}, {1.0F / 64}).constant("front_zero", {}, 3).add_int32_data(0);
    model.node("QuantizeLinear", {first, "front_scale", "front_zero"}, {"front_q"});
    first = "front_q";
  }
  std::vector<std::string> inputs{first}, outputs{"y"};
  for (std::size_t i = 0; i < subject.rest.size(); ++i) {
    const int type = subject.rest[i].type;
    const std::string name = type == 0 ? "" : type < 0 ? first : fmt::format("c{}", i);
    if (type > 0) put_constant(model, name, subject.rest[i], random, true);
    inputs.push_back(name);
  }
  for (int o = 1; o < subject.outputs; ++o) outputs.push_back(fmt::format("y{}", o));
  model.node(subject.op, inputs, outputs);
  if (const std::size_t dot = subject.op.rfind('.'); dot != std::string::npos) {
    onnx::NodeProto& node = *model.model.mutable_graph()->mutable_node(model.model.graph().node_size() - 1);
    node.set_domain(subject.op.substr(0, dot));
    node.set_op_type(subject.op.substr(dot + 1));
  }
  for (const std::string& name : outputs) model.output(name);
  for (const auto& [name, value] : subject.base)
    put_attribute(*model.model.mutable_graph()->mutable_node(model.model.graph().node_size() - 1), name, value);
  return model;
}

ModelBuilder changed(ModelBuilder model, const Other& other) {
  put_attribute(*model.model.mutable_graph()->mutable_node(model.model.graph().node_size() - 1), other.attribute,
                other.value);
  return model;
}

// What was made of a model, or why it was refused.
struct Outcome {
  std::string made, refused;
};

void append(std::ostringstream& text, const View& v) {
  text << v.layer << ' ' << v.h << ' ' << v.w << ' ' << v.c << ' ' << v.first_pixel << ' ' << v.first_channel << ' '
       << v.factor;
  for (const Digits& digits : v.dims) {
    text << " |";
    for (const Digit& d : digits) text << ' ' << d.size << (d.channel ? 'c' : 'p') << d.stride;
  }
  text << '\n';
}

Outcome imported(const ModelBuilder& model) {
  const TemporaryFolder folder;
  const Expected<Imported> imported = import_onnx(model.write(folder.path, "m.onnx"), {});
  if (!imported) return {"", describe(imported.failure())};
  std::ostringstream text;
  text << imported->file.dump() << '\n';
  for (const auto& weights : imported->weights)
    if (weights) {
      for (const float v : weights->values()) text << v << ' ';
      for (const double b : weights->bias) text << b << ' ';
    }
  for (const auto& [name, values] : imported->constants)
    for (const float v : values) text << v << ' ';
  for (const View& view : imported->outputs) append(text, view);
  return {text.str(), ""};
}

Outcome computed(const ModelBuilder& model) {
  const TemporaryFolder folder;
  Expected<Graph> graph = read_onnx(model.write(folder.path, "m.onnx"), {});
  if (!graph) return {"", describe(graph.failure())};
  upgrade(*graph);
  const std::vector<Problem> problems = import::infer(*graph);
  if (!problems.empty()) return {"", describe(Failure{ExitCode::bad_input, problems})};
  std::ostringstream text;
  for (const ValueId id : graph->outputs) {
    const Value& out = graph->values[static_cast<std::size_t>(id)];
    text << type_name(out.type) << ' ' << dims_text(out.shape) << (out.constant ? " constant\n" : "\n");
    if (out.constant)
      for (const double v : reals(*out.constant)) text << v << ' ';
  }
  return {text.str(), ""};
}

bool is_listed(const std::string& op, const std::string& attribute) {
  const auto& list = attributes_without_effect();
  return std::any_of(list.begin(), list.end(),
                     [&](const WithoutEffect& w) { return op == w.op && attribute == w.attribute; });
}

// What the outcome says of an attribute; empty: it changes the values, or is refused by name.
std::string judgement(const AttributeSubject& subject, const Other& other, const Outcome& before,
                      const Outcome& after) {
  if (!after.refused.empty()) {
    // A part of a form is named after it: y.Conv1.
    const bool named =
        after.refused.find("node 'y") != std::string::npos && after.refused.find(other.says) != std::string::npos;
    return named ? "" : "is refused without its name: " + after.refused;
  }
  const bool same = before.made == after.made, listed = is_listed(subject.op, other.attribute);
  if (same && !listed) return "changes nothing";
  return !same && listed ? "changes values, and is listed as one that does not" : "";
}

using Outcomes = Outcome (*)(const ModelBuilder&);

std::string judge(const AttributeSubject& subject, Outcomes outcome, bool constant) {
  const ModelBuilder model = model_of(subject, constant);
  const Outcome before = outcome(model);
  if (!before.refused.empty()) return fmt::format("{} is refused: {}\n", subject.op, before.refused);
  std::string wrong;
  for (const Other& other : subject.others)
    if (const std::string said = judgement(subject, other, before, outcome(changed(model, other))); !said.empty())
      wrong += fmt::format("{} of {} (operator set {}, {}) {}\n", other.attribute, subject.op, subject.opset,
                           constant ? "of constants" : "layers", said);
  return wrong;
}

// Names of attributes that ONNX allows an operator in the operator sets that are read.
std::set<std::string> allowed(const std::string& op) {
  std::set<std::string> names;
  for (int opset = min_opset; opset <= 17; ++opset)
    if (const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(op, opset, ""))
      for (const auto& [name, attribute] : schema->attributes()) names.insert(name);
  for (const auto& [newer, list] : newer_attributes()) {
    std::istringstream words(newer == op ? list : "");
    for (std::string name; words >> name;) names.insert(name);
  }
  return names;
}

}  // namespace

TEST_CASE("Every attribute of an operator changes the imported network, is refused, or is known to change no value") {
  std::string wrong;
  for (const AttributeSubject& subject : attribute_subjects()) {
    if ((subject.way & layers) != 0) wrong += judge(subject, imported, false);
    if ((subject.way & folded) != 0) wrong += judge(subject, computed, true);
    if (subject.way != nowhere) continue;
    const std::string refused = imported(model_of(subject, false)).refused;
    if (refused.find(fmt::format("the operator {} has no layer", subject.op)) == std::string::npos)
      wrong += fmt::format("{} is no operator for the host alone\n", subject.op);
  }
  CHECK(wrong == "");
}

TEST_CASE("Attributes that ONNX allows are all tried, and no others are accepted") {
  std::set<std::string> operators;
  for (const std::string& op : operator_names()) operators.insert(op);
  for (const std::string& op : layer_operators()) operators.insert(op);
  for (const std::string& form : form_names()) operators.insert(form);
  std::string wrong;
  for (const std::string& op : operators) {
    std::set<std::string> tried;
    bool for_host = false;
    for (const AttributeSubject& subject : attribute_subjects()) {
      if (subject.op != op) continue;
      for_host = for_host || subject.way == nowhere;
      for (const Other& other : subject.others) tried.insert(other.attribute);
    }
    const std::set<std::string> legal = allowed(op);
    for (const std::string& name : legal)
      if (tried.count(name) == 0 && !for_host) wrong += fmt::format("{} of {} is not tried\n", name, op);
    Node node;
    node.op = op.substr(op.rfind('.') + 1);
    node.domain = op.substr(0, op.size() - node.op.size() - (node.op.size() < op.size() ? 1 : 0));
    const Form* form = find_form(node);
    const Operator* known_operator = form == nullptr ? find_operator(op) : nullptr;
    std::istringstream words(form != nullptr             ? form->attributes
                             : known_operator != nullptr ? known_operator->attributes
                                                         : "");
    for (std::string name; words >> name;)
      if (legal.count(name) == 0) wrong += fmt::format("{} of {} is accepted, and ONNX has none\n", name, op);
  }
  CHECK(wrong == "");
}

TEST_CASE("Attributes that an operator does not have, or of another kind, are refused") {
  const auto refused = [](const std::string& op, const std::string& name, const AttributeValue& value) {
    ModelBuilder model;
    model.input("x", {1, 4, 8, 8}).node(op, {"x"}, {"y"}).output("y");
    put_attribute(*model.model.mutable_graph()->mutable_node(0), name, value);
    return problems_of(model);
  };
  CHECK(refused("Relu", "alpha", 0.5F).find("node 'y' (Relu).alpha: is no attribute of Relu that is known; none") !=
        std::string::npos);
  CHECK(refused("LeakyRelu", "slope", 0.5F)
            .find("(LeakyRelu).slope: is no attribute of LeakyRelu that is known; alpha") != std::string::npos);
  CHECK(refused("LeakyRelu", "alpha", 1).find("(LeakyRelu).alpha: is an INT; a FLOAT") != std::string::npos);
  CHECK(refused("DepthToSpace", "mode", std::string("CDR")).find("(DepthToSpace).mode: is CDR; DCR, CRD") !=
        std::string::npos);
}

TEST_CASE("Attributes that are wrong and operators that are not known are told in one pass") {
  ModelBuilder model;
  model.input("x", {1, 4, 8, 8}).node("Relu", {"x"}, {"a"}).with("alpha", 1).node("NonZero", {"a"}, {"b"});
  model.node("QAttention", {"x"}, {"c"}).output("b").output("c");
  model.model.mutable_graph()->mutable_node(2)->set_domain("com.microsoft");
  const std::string said = problems_of(model);
  for (const char* part : {"node 'a' (Relu).alpha: ", "node 'b' (NonZero): the operator NonZero is not known",
                           "node 'c' (QAttention): the operator com.microsoft.QAttention is not known"})
    CHECK(said.find(part) != std::string::npos);
}

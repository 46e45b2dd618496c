// Small nodes of every operator that has attributes, and for each attribute another value.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "tests/import/model_builder.h"

namespace tessera::import::test {

// Of an attribute: INT, FLOAT, STRING, INTS, FLOATS, or a TENSOR of reals.
using AttributeValue = std::variant<int, float, std::string, Sides, std::vector<double>, std::vector<float>>;

// A constant input: random reals where no numbers are given.
struct Fixed {
  Sides shape;
  int type = 1;  // as ONNX numbers them
  Sides numbers{};
  std::vector<float> reals{};
};

enum Way {
  layers = 1,  // the first input is data
  folded = 2,  // all inputs are constants
  both = 3,
  nowhere = 4,  // only the host computes it
};

struct Other {
  std::string attribute;
  AttributeValue value;
  std::string says = attribute;  // what a refusal names beside the node
};

struct AttributeSubject {
  std::string op;
  int opset;
  Way way;
  Fixed x;                  // the first input
  std::vector<Fixed> rest;  // the others
  std::vector<std::pair<std::string, AttributeValue>> base;
  std::vector<Other> others;
  int outputs = 1;
  bool quantized = false;  // the first input is quantized in front of the node: int8 in steps of 1/64
};

const std::vector<AttributeSubject>& attribute_subjects();
std::vector<AttributeSubject> form_subjects();  // those of forms (sim/import/forms), which are among them

using Text = std::string;
using Numbers = std::vector<double>;
using Reals = std::vector<float>;

inline Fixed of(Sides shape) { return {std::move(shape)}; }
inline Fixed whole(Sides numbers) { return {{static_cast<std::int64_t>(numbers.size())}, 7, numbers}; }
inline Fixed whole_of(Sides shape, int type, Sides numbers) { return {std::move(shape), type, std::move(numbers)}; }
inline Fixed number(float value) { return {{}, 1, {}, {value}}; }
inline const Fixed left_out{{}, 0}, same_as_first{{}, -1};
inline const Sides map{1, 4, 8, 8}, rows{1, 4, 8};

// Attributes that no value depends on.
struct WithoutEffect {
  const char *op, *attribute, *reason;
};
const std::vector<WithoutEffect>& attributes_without_effect();

// Those of operator sets behind 17, which Debian's schemas do not have: operator, and names with spaces between them.
const std::vector<std::pair<std::string, std::string>>& newer_attributes();

}  // namespace tessera::import::test

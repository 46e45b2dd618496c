#include "sim/import/operators/operator.h"

#include <fmt/format.h>

#include <map>

namespace tessera::import {
namespace {

const std::map<std::string, const Operator*>& by_name() {
  static const std::map<std::string, const Operator*> all = [] {
    std::map<std::string, const Operator*> map;
    for (const auto* table :
         {&unary_operators(), &binary_operators(), &movement_operators(), &indexing_operators(), &generator_operators(),
          &reduction_operators(), &window_operators(), &convolution_operators(), &product_operators(),
          &norm_operators(), &quantization_operators(), &resize_operators(), &recurrent_operators(),
          &attention_operators()})
      for (const Operator& op : *table) map[op.name] = &op;
    return map;
  }();
  return all;
}

}  // namespace

const Operator* find_operator(const std::string& name) {
  const auto it = by_name().find(name);
  return it == by_name().end() ? nullptr : it->second;
}

std::vector<std::string> operator_names() {
  std::vector<std::string> names;
  for (const auto& [name, op] : by_name()) names.push_back(name);
  return names;
}

bool check(const Operator& op, Call& call) {
  check_attributes(op, call);
  int missing = 0;
  for (int i = 0; i < op.least; ++i) missing += call.has(i) ? 0 : 1;
  if (missing > 0 || call.inputs() > op.most) {
    call.refuse("", fmt::format("has {} inputs", call.inputs() - (call.inputs() >= op.least ? missing : 0)),
                op.least == op.most     ? fmt::format("{}", op.least)
                : op.most == any_number ? fmt::format("at least {}", op.least)
                                        : fmt::format("{} to {}", op.least, op.most));
    return false;
  }
  return true;
}

bool infer(const Operator& op, Call& call) {
  if (!check(op, call)) return false;
  op.infer(call);
  if (!call.refused() && static_cast<int>(call.outputs().size()) < call.wanted_outputs())
    call.refuse("", fmt::format("has {} outputs", call.wanted_outputs()),
                fmt::format("at most {}", call.outputs().size()));
  return !call.refused();
}

}  // namespace tessera::import

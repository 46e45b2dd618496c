#include "sim/import/forms/form.h"

#include <algorithm>

namespace tessera::import {
namespace {

const std::vector<const Form*>& forms() {
  static const std::vector<const Form*> all = [] {
    std::vector<const Form*> list;
    for (const auto* table :
         {&activation_forms(), &attention_forms(), &norm_forms(), &product_forms(), &rotary_forms()})
      for (const Form& form : *table) list.push_back(&form);
    return list;
  }();
  return all;
}

}  // namespace

const Form* find_form(const Node& node) {
  for (const Form* form : forms())
    if (node.op == form->name && node.domain == form->domain) return form;
  return nullptr;
}

std::vector<std::string> form_names() {
  std::vector<std::string> names;
  for (const Form* form : forms())
    names.push_back(*form->domain == 0 ? form->name : std::string(form->domain) + "." + form->name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Node> expanded(const Form& form, Graph& graph, const Node& node, Call& call) {
  const Operator as_operator{form.name, form.least, form.most, nullptr, nullptr, form.attributes};
  if (!check(as_operator, call)) return {};
  Expansion expansion(graph, node, call);
  form.expand(expansion);
  if (call.refused()) return {};
  return expansion.added_to(graph);
}

}  // namespace tessera::import

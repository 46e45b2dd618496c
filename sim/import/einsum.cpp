#include "sim/import/einsum.h"

#include <algorithm>
#include <cctype>

namespace tessera::import {

std::optional<Equation> equation_of(const Node& node) {
  const auto it = node.attributes.find("equation");
  if (it == node.attributes.end() || !std::holds_alternative<std::string>(it->second)) return std::nullopt;
  std::string text;
  for (const char c : std::get<std::string>(it->second))
    if (c != ' ') text += c;
  Equation e;
  const std::size_t arrow = text.find("->");
  std::string left = text.substr(0, arrow), term;
  for (const char c : left + ",") {
    if (c == ',') {
      e.terms.push_back(term);
      term.clear();
    } else if (std::isalpha(static_cast<unsigned char>(c)) != 0 && term.find(c) == std::string::npos) {
      term += c;
    } else {
      return std::nullopt;
    }
  }
  if (arrow != std::string::npos) {
    e.out = text.substr(arrow + 2);
  } else {  // what stands once, sorted
    for (const char c : left)
      if (c != ',' && std::count(left.begin(), left.end(), c) == 1) e.out += c;
    std::sort(e.out.begin(), e.out.end());
  }
  for (const char c : e.out)
    if (left.find(c) == std::string::npos || std::count(e.out.begin(), e.out.end(), c) != 1) return std::nullopt;
  return e.terms.size() == node.inputs.size() ? std::optional(e) : std::nullopt;
}

}  // namespace tessera::import

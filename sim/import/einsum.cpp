#include "sim/import/einsum.h"

#include <algorithm>
#include <cctype>

namespace tessera::import {

namespace {

constexpr const char* dots = "...";

// Letters that the text has not, in order.
std::string free_letters(const std::string& text) {
  std::string free;
  for (const char first : {'A', 'a'})
    for (char c = first; c < first + 26; ++c)
      if (text.find(c) == std::string::npos) free += c;
  return free;
}

// The term with letters for its dots, which stand for what its rank leaves; nothing where that is less than none.
std::optional<std::string> without_dots(std::string term, std::size_t rank, const std::string& letters) {
  const std::size_t at = term.find(dots);
  if (at == std::string::npos) return term;
  const std::size_t others = term.size() - 3;
  if (others > rank || rank - others > letters.size()) return std::nullopt;
  return term.replace(at, 3, letters.substr(letters.size() - (rank - others)));
}

bool has_letters_once(const std::string& term) {
  return std::all_of(term.begin(), term.end(), [&](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 && std::count(term.begin(), term.end(), c) == 1;
  });
}

std::vector<std::string> terms_of(const std::string& text) {
  std::vector<std::string> terms(1);
  for (const char c : text)
    if (c == ',')
      terms.emplace_back();
    else
      terms.back() += c;
  return terms;
}

// What stands once, sorted, behind the dots.
std::string implied_output(const std::string& left, const std::string& of_dots) {
  std::string out;
  for (const char c : left)
    if (std::isalpha(static_cast<unsigned char>(c)) != 0 && std::count(left.begin(), left.end(), c) == 1) out += c;
  std::sort(out.begin(), out.end());
  return of_dots + out;
}

}  // namespace

std::optional<Equation> equation_of(const Node& node, const std::vector<std::size_t>& ranks) {
  const auto it = node.attributes.find("equation");
  if (it == node.attributes.end() || !std::holds_alternative<std::string>(it->second)) return std::nullopt;
  std::string text;
  for (const char c : std::get<std::string>(it->second))
    if (c != ' ') text += c;
  const std::size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  Equation e;
  e.terms = terms_of(left);
  if (e.terms.size() != ranks.size()) return std::nullopt;
  std::string letters = free_letters(text);
  std::size_t most = 0;  // dimensions that dots stand for
  for (std::size_t i = 0; i < ranks.size(); ++i)
    if (e.terms[i].find(dots) != std::string::npos && e.terms[i].size() - 3 <= ranks[i])
      most = std::max(most, ranks[i] - (e.terms[i].size() - 3));
  if (most > letters.size()) return std::nullopt;
  letters.resize(most);
  std::string named;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const std::optional<std::string> term = without_dots(e.terms[i], ranks[i], letters);
    if (!term || !has_letters_once(*term)) return std::nullopt;
    e.terms[i] = *term;
    named += *term;
  }
  std::string out = arrow == std::string::npos ? implied_output(left, letters) : text.substr(arrow + 2);
  if (const std::size_t at = out.find(dots); at != std::string::npos) out.replace(at, 3, letters);
  const bool made = std::all_of(out.begin(), out.end(), [&](char c) { return named.find(c) != std::string::npos; });
  if (!made || !has_letters_once(out)) return std::nullopt;
  e.out = out;
  return e;
}

}  // namespace tessera::import

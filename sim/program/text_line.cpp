#include "sim/program/text_line.h"

namespace tessera::program {

void TextProblems::add(int line, std::string_view field, std::string what, std::string legal) {
  if (full()) return;
  std::string path = "line " + std::to_string(line);
  if (!field.empty()) path += ": " + std::string(field);
  failure_.problems.push_back({file_, std::move(path), std::move(what), std::move(legal)});
}

void TextLine::read(int number, std::string_view text) {
  number_ = number;
  next_ = 1;
  tokens_.clear();
  asked_.clear();
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  for (std::size_t i = 0; i < text.size();) {
    if (blank(text[i])) {
      ++i;
      continue;
    }
    if (text[i] == '#') break;
    Token t;
    std::size_t j = i;
    while (j < text.size() && !blank(text[j]) && text[j] != '=' && text[j] != '"') ++j;
    t.key = text.substr(i, j - i);
    if (j < text.size() && text[j] == '=') {
      t.assigned = true;
      ++j;
    }
    if (j < text.size() && text[j] == '"') {
      t.quoted = true;
      const std::size_t start = ++j;
      while (j < text.size() && text[j] != '"') j += text[j] == '\\' ? 2 : 1;
      if (j >= text.size()) {
        problem("", "a quoted text does not end");
        j = text.size();
      }
      t.value = text.substr(start, j - start);
      ++j;
    } else if (t.assigned) {
      const std::size_t start = j;
      while (j < text.size() && !blank(text[j])) ++j;
      t.value = text.substr(start, j - start);
    }
    tokens_.push_back(t);
    i = j;
  }
  if (!tokens_.empty()) tokens_[0].used = true;
}

// Fields usually stand in the order they are asked for: look at the next one first.
TextLine::Token* TextLine::look(std::string_view key) {
  asked_.push_back(key);
  for (std::size_t k = 0, n = tokens_.size(); k < n; ++k) {
    std::size_t i = next_ + k;
    if (i >= n) i -= n;
    if (i >= n || tokens_[i].used || tokens_[i].key != key) continue;
    tokens_[i].used = true;
    next_ = i + 1;
    return &tokens_[i];
  }
  return nullptr;
}

bool TextLine::flag(std::string_view key) {
  const Token* t = look(key);
  if (t != nullptr && t->assigned) problem(key, "takes no value");
  return t != nullptr;
}

std::string_view TextLine::word(std::string_view meaning) {
  for (std::size_t i = 1; i < tokens_.size(); ++i) {
    Token& t = tokens_[i];
    if (t.used || t.assigned || t.quoted) continue;
    t.used = true;
    next_ = i + 1;
    return t.key;
  }
  problem(meaning, "is missing");
  return {};
}

std::string TextLine::text(std::string_view meaning) {
  for (std::size_t i = 1; i < tokens_.size(); ++i) {
    Token& t = tokens_[i];
    if (t.used || t.assigned || !t.quoted || !t.key.empty()) continue;
    t.used = true;
    next_ = i + 1;
    return unescape(t.value);
  }
  problem(meaning, "is missing", "a text in quotes");
  return {};
}

bool TextLine::find(std::string_view key, std::string_view& value) {
  const Token* t = look(key);
  if (t == nullptr) return false;
  if (!t->assigned || t->value.empty()) {
    problem(key, "has no value");
    return false;
  }
  value = t->value;
  return true;
}

bool TextLine::optional_text(std::string_view key, std::string& v) {
  const Token* t = look(key);
  if (t == nullptr) return false;
  if (!t->quoted) problem(key, "is not a text", "a text in quotes");
  v = unescape(t->value);
  return true;
}

std::string_view TextLine::required(std::string_view key) {
  const Token* t = look(key);
  if (t != nullptr && t->assigned && !t->value.empty()) return t->value;
  problem(key, t == nullptr ? "is missing" : "has no value");
  return {};
}

void TextLine::unreadable(std::string_view key, std::string_view value, std::string legal) {
  problem(key, "cannot read '" + std::string(value.substr(0, 60)) + "'", "legal: " + legal);
}

void TextLine::problem(std::string_view field, std::string what, std::string legal) {
  problems_.add(number_, field, std::move(what), std::move(legal));
}

void TextLine::finish() {
  for (const Token& t : tokens_) {
    if (t.used) continue;
    const std::string key(t.key.substr(0, 60));
    std::vector<std::string> legal(asked_.begin(), asked_.end());
    bool twice = false;
    for (const std::string& name : legal) twice = twice || name == key;
    if (twice) {
      problem(key, "given twice");
      continue;
    }
    const std::string near = nearest_name(key, legal);
    problem(key.empty() ? "\"" + std::string(t.value.substr(0, 60)) + "\"" : key, "unknown field",
            near.empty() ? "" : "did you mean '" + near + "'?");
  }
}

std::string TextLine::unescape(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\\' && i + 1 < raw.size()) {
      ++i;
      out += raw[i] == 'n' ? '\n' : raw[i] == 'r' ? '\r' : raw[i];
    } else {
      out += raw[i];
    }
  }
  return out;
}

}  // namespace tessera::program

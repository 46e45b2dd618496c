// One line of a program's text: a keyword, positional words, key=value fields and flags, taken out by name. Whatever
// cannot be read, is missing or is left over becomes a problem that names line and field.
#pragma once
#include <charconv>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/error.h"

namespace tessera::program {

// Reads a value from left to right; every step fails softly.
struct Cursor {
  std::string_view rest;
  bool eat(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  template <class T>
  bool number(T& v) {
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), v);
    if (error != std::errc()) return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return true;
  }
  std::string_view until(std::string_view stops) {
    const std::string_view word = rest.substr(0, rest.find_first_of(stops));
    rest.remove_prefix(word.size());
    return word;
  }
  bool done() const { return rest.empty(); }
};

// Problems of one text, at most `limit` of them.
class TextProblems {
 public:
  explicit TextProblems(std::string file) : file_(std::move(file)) {}
  void add(int line, std::string_view field, std::string what, std::string legal = {});
  bool full() const { return static_cast<int>(failure_.problems.size()) >= limit; }
  bool empty() const { return failure_.problems.empty(); }
  Failure take() { return std::move(failure_); }

 private:
  static constexpr int limit = 100;
  std::string file_;
  Failure failure_;
};

class TextLine {
 public:
  explicit TextLine(TextProblems& problems) : problems_(problems) {}

  void read(int number, std::string_view text);
  int number() const { return number_; }
  bool blank() const { return tokens_.empty(); }
  std::string_view keyword() const { return tokens_.empty() ? std::string_view{} : tokens_[0].key; }

  bool flag(std::string_view key);
  std::string_view word(std::string_view meaning);           // next positional word, required
  std::string text(std::string_view meaning);                // next positional quoted text, required
  bool find(std::string_view key, std::string_view& value);  // raw value of an optional field
  bool optional_text(std::string_view key, std::string& v);
  std::string_view required(std::string_view key);  // raw value; empty and a problem when missing

  template <class T>
  bool optional(std::string_view key, T& v) {
    std::string_view value;
    return find(key, value) && integer(key, value, v);
  }
  template <class T>
  void number(std::string_view key, T& v) {
    const std::string_view value = required(key);
    if (!value.empty()) integer(key, value, v);
  }
  template <class T>
  void numbers(std::string_view key, std::initializer_list<T*> values, char separator = ',') {
    const std::string_view value = required(key);
    if (value.empty()) return;
    Cursor c{value};
    bool good = true, first = true;
    for (T* v : values) {
      good = good && (first || c.eat(separator)) && c.number(*v);
      first = false;
    }
    if (!good || !c.done())
      unreadable(key, value, std::to_string(values.size()) + " numbers separated by '" + separator + "'");
  }
  template <class T>
  bool integer(std::string_view key, std::string_view value, T& v) {
    Cursor c{value};
    if (c.number(v) && c.done()) return true;
    unreadable(key, value,
               "a number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                   std::to_string(std::numeric_limits<T>::max()));
    return false;
  }
  void unreadable(std::string_view key, std::string_view value, std::string legal);
  void problem(std::string_view field, std::string what, std::string legal = {});
  void finish();  // what nobody asked for is a problem

 private:
  struct Token {
    std::string_view key, value;
    bool assigned = false, quoted = false, used = false;
  };
  Token* look(std::string_view key);
  static std::string unescape(std::string_view raw);

  TextProblems& problems_;
  int number_ = 0;
  std::size_t next_ = 0;
  std::vector<Token> tokens_;
  std::vector<std::string_view> asked_;
};

}  // namespace tessera::program

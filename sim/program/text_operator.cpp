#include "sim/program/text_operator.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera::program {
namespace {

template <class... T>
void optional_numbers(TextLine& line, std::string_view key, T&... values) {
  std::string_view value;
  if (!line.find(key, value)) return;
  Cursor c{value};
  bool good = true, first = true;
  ((good = good && (first || c.eat(',')) && c.number(values), first = false), ...);
  if (!good || !c.done()) line.unreadable(key, value, std::to_string(sizeof...(values)) + " numbers separated by ','");
}

void read_list(TextLine& line, std::string_view key, std::vector<int>& values) {
  std::string_view value;
  if (!line.find(key, value)) return;
  Cursor c{value};
  bool good = true;
  do {
    values.emplace_back();
    good = c.number(values.back());
  } while (good && c.eat(','));
  if (!good || !c.done()) line.unreadable(key, value, "numbers separated by ','");
}

void read_lookup(TextLine& line, ops::Lookup& lookup) {
  std::string_view value;
  if (!line.find("lookup", value)) return;
  Cursor c{value};
  const std::string name(c.until(",").substr(0, 60));
  const auto function = ops::find_function(name);
  if (!function || !c.eat(',') || !c.number(lookup.from) || !c.eat(',') || !c.number(lookup.to) || !c.done())
    return line.unreadable("lookup", value, "function,from,to");
  lookup.function = *function;
  optional_numbers(line, "parameters", lookup.alpha, lookup.beta);
}

}  // namespace

std::string operator_attributes(const ops::Layer& y) {
  std::string text;
  const ops::Window& w = y.window;
  if (y.repeats >= 0) text += fmt::format(" repeats={}", y.repeats);
  if (w.dh != 1 || w.dw != 1) text += fmt::format(" dilation={},{}", w.dh, w.dw);
  if (y.most != 127) text += fmt::format(" most={}", y.most);
  if (y.groups != 1) text += fmt::format(" groups={}", y.groups);
  if (y.columns.joined != 1) text += fmt::format(" side_by_side={},{}", y.columns.joined, y.columns.kernel);
  if (ops::operator_of(y).inputs == 2 && !(y.second == y.in))
    text += fmt::format(" second={},{},{}", y.second.h, y.second.w, y.second.c);
  if (y.factor_h != 1 || y.factor_w != 1) text += fmt::format(" factor={},{}", y.factor_h, y.factor_w);
  if (!y.mean) text += " uncentred=1";
  if (y.epsilon != 0) text += fmt::format(" epsilon={:.17g}", y.epsilon);
  if (y.op == ops::Op::pick)
    text += fmt::format(" pixels={},{} sizes={} strides={}", y.pixels.from, y.pixels.first,
                        fmt::join(y.pixels.sizes, ","), fmt::join(y.pixels.strides, ","));
  if (y.op == ops::Op::remap)
    text += fmt::format(" rows={} columns={}", fmt::join(y.remap.rows, ","), fmt::join(y.remap.columns, ","));
  if (y.op == ops::Op::transpose) text += fmt::format(" group_rows={}", y.group_rows);
  const ops::MatMul& m = y.matmul;
  if (y.op == ops::Op::matmul)
    text += fmt::format(" matmul={},{},{},{},{},{},{}", m.by_rows ? 1 : 0, m.heads, m.depth, m.rows, m.second_rows,
                        m.first, m.second);
  if (y.op == ops::Op::softmax) text += fmt::format(" from={:.17g}", y.lookup.from);
  if (!y.lookup) return text;
  text += fmt::format(" lookup={},{:.17g},{:.17g}", function_name(y.lookup.function), y.lookup.from, y.lookup.to);
  if (function_parameters(y.lookup.function) > 0)
    text += fmt::format(" parameters={:.17g},{:.17g}", y.lookup.alpha, y.lookup.beta);
  return text;
}

void read_operator_attributes(TextLine& line, ops::Layer& y) {
  line.optional("repeats", y.repeats);
  optional_numbers(line, "dilation", y.window.dh, y.window.dw);
  line.optional("most", y.most);
  line.optional("groups", y.groups);
  optional_numbers(line, "side_by_side", y.columns.joined, y.columns.kernel);
  if (ops::operator_of(y).inputs == 2) y.second = y.in;
  optional_numbers(line, "second", y.second.h, y.second.w, y.second.c);
  optional_numbers(line, "factor", y.factor_h, y.factor_w);
  int uncentred = 0, by_rows = 0;
  line.optional("uncentred", uncentred);
  y.mean = uncentred == 0;
  optional_numbers(line, "epsilon", y.epsilon);
  if (!(y.epsilon >= 0 && y.epsilon <= ops::largest_epsilon)) {
    line.unreadable("epsilon", fmt::format("{}", y.epsilon), fmt::format("0 to {}", ops::largest_epsilon));
    y.epsilon = 0;
  }
  optional_numbers(line, "pixels", y.pixels.from, y.pixels.first);
  read_list(line, "sizes", y.pixels.sizes);
  read_list(line, "strides", y.pixels.strides);
  read_list(line, "rows", y.remap.rows);
  read_list(line, "columns", y.remap.columns);
  line.optional("group_rows", y.group_rows);
  ops::MatMul& m = y.matmul;
  optional_numbers(line, "matmul", by_rows, m.heads, m.depth, m.rows, m.second_rows, m.first, m.second);
  m.by_rows = by_rows != 0;
  optional_numbers(line, "from", y.lookup.from);
  read_lookup(line, y.lookup);
}

}  // namespace tessera::program

// The columns of a CSV of measured times: what is legal in each, and the field it fills.
#include "sim/validation/columns.h"

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <regex>
#include <sstream>

namespace tessera::validation {
namespace {

using Set = std::function<bool(MeasuredRow&, const std::string&)>;

bool number(const std::string& text, double& value) {
  char* end = nullptr;
  value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && std::isfinite(value);
}

bool whole(const std::string& text, int& value, double most) {
  double parsed = 0;
  if (!number(text, parsed) || parsed < 1 || parsed > most || parsed != std::floor(parsed)) return false;
  value = static_cast<int>(parsed);
  return true;
}

// "int8" and "INT8" are "i8" here.
std::string short_type(std::string type) {
  for (char& c : type) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static const std::map<std::string, std::string> names = {{"int8", "i8"},       {"int16", "i16"},   {"int32", "i32"},
                                                           {"bfloat16", "bf16"}, {"float32", "f32"}, {"fp32", "f32"}};
  const auto it = names.find(type);
  return it == names.end() ? type : it->second;
}

CoreTile read_tile(const std::string& text) {
  static const std::regex form(
      "([0-9]{1,4})[xX]([0-9]{1,4})[xX]([0-9]{1,4})(?: with A in slices of ([0-9]{1,4}) rows)?");
  std::smatch found;
  CoreTile t;
  if (!std::regex_match(text, found, form)) return t;
  t = {std::stoi(found[1]), std::stoi(found[2]), std::stoi(found[3]), 0};
  if (found[4].matched) t.slice = std::stoi(found[4]);
  const bool sane = t.m > 0 && t.k > 0 && t.n > 0 && t.m <= 4096 && t.k <= 4096 && t.n <= 4096 &&
                    (!found[4].matched || (t.slice > 0 && t.m % t.slice == 0));
  return sane ? t : CoreTile{};
}

bool read_buffering(MeasuredRow& row, const std::string& text) {
  Buffering b;
  std::istringstream words(text);
  int count = 0;
  for (std::string word; words >> word; ++count) {
    const std::string key = word.substr(0, word.find('=')), value = word.substr(std::min(word.size(), key.size() + 1));
    int* buffers = key == "a" ? &b.a : key == "b" ? &b.b : key == "c" ? &b.c : nullptr;
    if (word == "b=packed")
      b.packed = true;
    else if (word == "b=stays")
      b.stays = true;
    else if (word == "keeps=a" || word == "keeps=b")
      b.keeps = value;
    else if (buffers == nullptr || !whole(value, *buffers, 63))
      return false;
  }
  if (b.stays && b.keeps == "b") return false;  // it cannot be in both places
  if (count > 0) row.buffering = b;
  return true;
}

Set text(std::string MeasuredRow::*field, bool needed) {
  return [field, needed](MeasuredRow& row, const std::string& t) {
    row.*field = t;
    return !needed || !t.empty();
  };
}
Set type(std::string MeasuredRow::*field) {
  return [field](MeasuredRow& row, const std::string& t) {
    row.*field = short_type(t);
    return true;
  };
}
Set count(int MeasuredRow::*field, double most = 1e6) {
  return [field, most](MeasuredRow& row, const std::string& t) { return t.empty() || whole(t, row.*field, most); };
}

bool clock(MeasuredRow& row, const std::string& t) {
  if (t.empty() || t == "not stated" || t.rfind("n/a", 0) == 0) return true;
  return number(t, row.clock_ghz) && row.clock_ghz >= 0.1 && row.clock_ghz <= 5;
}

bool dispatch(MeasuredRow& row, const std::string& t) {
  double us = 0;
  if (t.empty()) return true;
  if (!number(t, us) || us < 0 || us > 1e9) return false;
  row.dispatch_us = us;
  return true;
}

}  // namespace

const std::vector<Column>& columns() {
  static const char* const counts = "empty or a whole number from 1 to 1000000";
  static const std::vector<Column> all = {
      {"id", true, text(&MeasuredRow::id, true), "a text"},
      {"group", true, text(&MeasuredRow::group, true), "a text"},
      {"platform", true, text(&MeasuredRow::platform, false), "a text"},
      {"clock_ghz", true, clock, "empty, \"not stated\" or 0.1 to 5 GHz"},
      {"workload", true, text(&MeasuredRow::workload, true), "a text"},
      {"m", true, count(&MeasuredRow::m), counts},
      {"k", true, count(&MeasuredRow::k), counts},
      {"n", true, count(&MeasuredRow::n), counts},
      {"shape", true, text(&MeasuredRow::shape, false), "a text"},
      {"in_type", true, type(&MeasuredRow::in_type), "a text"},
      {"out_type", true, type(&MeasuredRow::out_type), "a text"},
      {"rows", true, count(&MeasuredRow::rows), counts},
      {"cols", true, count(&MeasuredRow::cols), counts},
      {"core_tile", true,
       [](MeasuredRow& row, const std::string& t) {
         row.core_tile = t, row.tile = read_tile(t);
         return true;
       },
       "a text"},
      {"measured", true,
       [](MeasuredRow& row, const std::string& t) { return number(t, row.measured) && row.measured > 0; },
       "a number above 0"},
      {"unit", true, text(&MeasuredRow::unit, true), "a text"},
      {"notes", true, text(&MeasuredRow::notes, false), "a text"},
      {"source", true, text(&MeasuredRow::source, false), "a text"},
      {"hardware", false, text(&MeasuredRow::hardware, false), "empty or a file of configs/hardware, without .json"},
      {"kernels", false, text(&MeasuredRow::kernels, false),
       "empty or a library of configs/hardware/kernels, without .json"},
      {"dispatch_us", false, dispatch, "empty or microseconds, at least 0"},
      {"buffering", false, read_buffering,
       "empty or words of a=N b=N c=N (buffers in a core, 1 to 63), keeps=a, keeps=b, b=packed, b=stays (not with "
       "keeps=b)"},
      {"batch", false, count(&MeasuredRow::batch, 9999), "empty or a whole number from 1 to 9999"},
  };
  return all;
}

const Column* find_column(const std::string& name) {
  for (const Column& column : columns())
    if (column.name == name) return &column;
  return nullptr;
}

bool set_column(MeasuredRow& row, const std::string& column, const std::string& text) {
  const Column* found = find_column(column);
  row.text[column] = text;
  return found != nullptr && found->set(row, text);
}

std::string legal_in(const std::string& column) {
  const Column* found = find_column(column);
  return found == nullptr ? "" : found->legal;
}

}  // namespace tessera::validation

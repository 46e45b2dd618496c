// One line per metric, and everything that shows it comes from the line: the key of result.json, the column of
// layers.csv or of a sweep's table, the line of the first screen, the sentence of `tessera explain`.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "sim/result/run_result.h"
#include "sim/result/value.h"

namespace tessera::result {

// How to reach the value. Without `get` the name is a group of metrics or a part of a table, and explained only;
// without `set` the value follows from others.
template <class Owner>
struct Access {
  Kind kind = Kind::other;
  std::function<Value(const Owner&)> get;
  std::function<void(Owner&, const Value&)> set;
};

// Where a table has the metric: of a layer in layers.csv, of a run in table.csv of a sweep; `dense`: there for the
// dense baseline as well, as dense_NAME. A metric without a column can still be asked of a sweep by its name.
struct Column {
  std::string name;
  bool dense = false;
};

template <class Owner>
struct Metric {
  std::string name;  // path in result.json: "control.transfers"
  std::string unit, sentence, formula;
  Access<Owner> access;
  std::string label = "";  // on the first screen; empty: not there
  Column column = {};
};

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
constexpr Kind kind_of() {
  if constexpr (is_optional<T>::value)
    return kind_of<typename T::value_type>();
  else if constexpr (std::is_same_v<T, std::string>)
    return Kind::text;
  else
    return std::is_arithmetic_v<T> && !std::is_same_v<T, bool> ? Kind::number : Kind::other;
}

template <class T>
Value to_value(const T& member) {
  if constexpr (is_optional<T>::value)
    return member ? to_value(*member) : Value();
  else if constexpr (std::is_same_v<T, bool> || !std::is_integral_v<T>)
    return member;
  else if constexpr (std::is_unsigned_v<T>)
    return std::uint64_t{member};
  else
    return std::int64_t{member};
}

template <class T>
void from_value(const Value& value, T& member) {
  if constexpr (is_optional<T>::value)
    from_value(value, member.emplace());
  else if constexpr (std::is_same_v<T, double>)
    member = number(value);
  else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
    member = std::holds_alternative<std::uint64_t>(value)  ? static_cast<T>(std::get<std::uint64_t>(value))
             : std::holds_alternative<std::int64_t>(value) ? static_cast<T>(std::get<std::int64_t>(value))
                                                           : static_cast<T>(number(value));
  else if (const T* found = std::get_if<T>(&value))
    member = *found;
}

template <auto First, auto... Rest, class Owner>
Value get_path(const Owner& owner) {
  const auto& member = owner.*First;
  if constexpr (sizeof...(Rest) == 0)
    return to_value(member);
  else if constexpr (is_optional<std::decay_t<decltype(member)>>::value)
    return member ? get_path<Rest...>(*member) : Value();
  else
    return get_path<Rest...>(member);
}

template <auto First, auto... Rest, class Owner>
void set_path(Owner& owner, const Value& value) {
  auto& member = owner.*First;
  if constexpr (sizeof...(Rest) == 0) {
    from_value(value, member);
  } else if constexpr (is_optional<std::decay_t<decltype(member)>>::value) {
    if (!member) member.emplace();
    set_path<Rest...>(*member, value);
  } else {
    set_path<Rest...>(member, value);
  }
}

template <class Pointer>
struct member_of;
template <class Member, class Class>
struct member_of<Member Class::*> {
  using type = Member;
  using owner = Class;
};

template <auto First, auto... Rest>
constexpr Kind path_kind() {
  if constexpr (sizeof...(Rest) == 0)
    return kind_of<typename member_of<decltype(First)>::type>();
  else
    return path_kind<Rest...>();
}

// A member, or a member of a member: field<&RunResult::hardware, &HardwareResult::name>().
template <auto First, auto... Rest>
Access<typename member_of<decltype(First)>::owner> field() {
  using Owner = typename member_of<decltype(First)>::owner;
  return {path_kind<First, Rest...>(), [](const Owner& o) { return get_path<First, Rest...>(o); },
          [](Owner& o, const Value& v) { set_path<First, Rest...>(o, v); }};
}

// A number that follows from others.
template <class Owner, class Get>
Access<Owner> derived(Get get) {
  return {Kind::number, get, {}};
}

// The tables. The order is that of the screen and of the columns.
const std::vector<Metric<RunResult>>& run_metrics();          // of a run: what both densities share, and the speed-up
const std::vector<Metric<DensityResult>>& density_metrics();  // of `dense` and `sparse`
const std::vector<Metric<LayerResult>>& layer_metrics();      // of `layers[]`
const std::vector<Metric<ImageResult>>& image_metrics();      // of `images[]`
const std::vector<Metric<LayerZeros>>& zeros_metrics();       // of `sparsity.by_layer[]`

}  // namespace tessera::result

// Values as bytes, for another process or a later run of the same build of this program. A value is plain, a list, map
// or optional of values, or a structure whose parts a function lists in its namespace:
//   template <class Archive> void parts(Archive& archive, T& value) { archive(value.a); archive(value.b); }
#pragma once
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tessera {
inline namespace base {

class BytesOut {
 public:
  template <class T>
  void operator()(const T& value) {
    if constexpr (std::is_trivially_copyable_v<T>)
      bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    else
      parts(*this, const_cast<T&>(value));  // which only reads it
  }
  template <class T>
  void operator()(const std::optional<T>& value) {
    (*this)(value.has_value());
    if (value) (*this)(*value);
  }
  void operator()(const std::string& text) {
    (*this)(text.size());
    bytes_ += text;
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    (*this)(values.size());
    if constexpr (std::is_trivially_copyable_v<T>)
      bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    else
      for (const T& value : values) (*this)(value);
  }
  template <class K, class T>
  void operator()(const std::map<K, T>& values) {
    (*this)(values.size());
    for (const auto& [key, value] : values) {
      (*this)(key);
      (*this)(value);
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Bytes that BytesOut of this build made; where they end too early, values stay as they are and ok() is false.
class BytesIn {
 public:
  explicit BytesIn(const std::string& bytes) : at_(bytes.data()), left_(bytes.size()) {}
  template <class T>
  void operator()(T& value) {
    if constexpr (std::is_trivially_copyable_v<T>)
      copy(&value, sizeof value);
    else
      parts(*this, value);
  }
  template <class T>
  void operator()(std::optional<T>& value) {
    bool there = false;
    (*this)(there);
    if (there) (*this)(value.emplace());
  }
  void operator()(std::string& text) {
    text.resize(size(1));
    copy(text.data(), text.size());
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      values.resize(size(sizeof(T)));
      copy(values.data(), values.size() * sizeof(T));
    } else {
      values.resize(size(1));
      for (T& value : values) (*this)(value);
    }
  }
  template <class K, class T>
  void operator()(std::map<K, T>& values) {
    for (std::size_t left = size(1); left > 0 && ok_; --left) {
      K key{};
      (*this)(key);
      (*this)(values[key]);
    }
  }
  bool ok() const { return ok_; }

 private:
  // Of a list whose values take at least `least` bytes each.
  std::size_t size(std::size_t least) {
    std::size_t size = 0;
    (*this)(size);
    if (size > left_ / least) ok_ = false;
    return ok_ ? size : 0;
  }
  void copy(void* to, std::size_t size) {
    if (size > left_) ok_ = false;
    if (!ok_ || size == 0) return;
    std::memcpy(to, at_, size);
    at_ += size;
    left_ -= size;
  }

  const char* at_;
  std::size_t left_;
  bool ok_ = true;
};

}  // namespace base
}  // namespace tessera

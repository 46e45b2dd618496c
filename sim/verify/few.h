// A list of plain values of which the first N stand in the list itself: nearly all lists here have one or two, and are
// looked at in no order of memory.
#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace tessera::verify {

template <class T, std::size_t N>
class Few {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Few() = default;
  Few(const Few&) = delete;
  Few& operator=(const Few&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return begin()[i]; }
  const T& operator[](std::size_t i) const { return begin()[i]; }
  T* begin() { return more_.empty() ? own_ : more_.data(); }
  const T* begin() const { return more_.empty() ? own_ : more_.data(); }
  T* end() { return begin() + size_; }
  const T* end() const { return begin() + size_; }
  T& back() { return begin()[size_ - 1]; }

  void push_back(const T& value) {
    if (more_.empty() && size_ < N) {
      own_[size_++] = value;
      return;
    }
    const T copy = value;  // it may stand in the list
    if (more_.empty()) more_.assign(own_, own_ + size_);
    more_.resize(size_);
    more_.push_back(copy);
    ++size_;
  }
  void pop_back() { --size_; }
  void clear() {
    more_.clear();
    size_ = 0;
  }

 private:
  std::size_t size_ = 0;
  T own_[N];
  std::vector<T> more_;  // all of them, when they have been more than N
};

}  // namespace tessera::verify

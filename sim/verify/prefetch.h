// A hint that an object will be read soon: its cache lines are fetched meanwhile.
#pragma once
#include <cstddef>

namespace tessera::verify {

template <class T>
void prefetch([[maybe_unused]] const T& object) {
#if defined(__GNUC__)
  for (std::size_t i = 0; i < sizeof(T); i += 64) __builtin_prefetch(reinterpret_cast<const char*>(&object) + i);
#endif
}

}  // namespace tessera::verify

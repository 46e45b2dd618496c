// Engines take turns, so that the cache has lost an engine's list when it goes on: its next instruction is fetched in
// the meantime.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tessera::models {

template <class T>
void prefetch([[maybe_unused]] const std::vector<T>& list, [[maybe_unused]] std::int32_t index) {
#if defined(__GNUC__)
  if (static_cast<std::size_t>(index) >= list.size()) return;
  const auto* item = reinterpret_cast<const char*>(&list[static_cast<std::size_t>(index)]);
  for (std::size_t i = 0; i < sizeof(T); i += 64) __builtin_prefetch(item + i);
#endif
}

}  // namespace tessera::models

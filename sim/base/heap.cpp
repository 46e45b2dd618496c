#include "sim/base/heap.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

namespace tessera {
inline namespace base {

void prepare_heap([[maybe_unused]] std::size_t bytes) {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
  constexpr std::uintptr_t huge = 2 << 20;
  constexpr int never = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, never);
  mallopt(M_TRIM_THRESHOLD, never);
  void* top = std::malloc(bytes);
  if (top == nullptr) return;
  const auto begin = (reinterpret_cast<std::uintptr_t>(top) + huge - 1) / huge * huge;
  const auto end = (reinterpret_cast<std::uintptr_t>(top) + bytes) / huge * huge;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  std::free(top);  // stays with the process, at the end of its heap
#endif
}

}  // namespace base
}  // namespace tessera

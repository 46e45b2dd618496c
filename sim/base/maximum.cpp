#include "sim/base/maximum.h"

#include <algorithm>

namespace tessera {
inline namespace base {
namespace {

using Out = std::int32_t* __restrict;
using In = const std::int32_t* __restrict;

struct Maximum {
  void (*raise)(Out to, In from, std::size_t n);
  void (*both)(Out out, In a, In b, std::size_t n);
};

void raise(Out to, In from, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] = std::max(to[i], from[i]);
}
void both(Out out, In a, In b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = std::max(a[i], b[i]);
}

#if defined(__x86_64__) && defined(__GNUC__)
// Plain x86-64 has no maximum of 32-bit integers; nearly every machine has this one.
__attribute__((target("avx2"))) void raise_avx2(Out to, In from, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] = to[i] > from[i] ? to[i] : from[i];
}
__attribute__((target("avx2"))) void both_avx2(Out out, In a, In b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] > b[i] ? a[i] : b[i];
}
const Maximum maximum = __builtin_cpu_supports("avx2") ? Maximum{raise_avx2, both_avx2} : Maximum{raise, both};
#else
const Maximum maximum{raise, both};
#endif

}  // namespace

void raise_to(std::int32_t* to, const std::int32_t* from, std::size_t n) { maximum.raise(to, from, n); }

void maximum_of(std::int32_t* out, const std::int32_t* a, const std::int32_t* b, std::size_t n) {
  maximum.both(out, a, b, n);
}

}  // namespace base
}  // namespace tessera

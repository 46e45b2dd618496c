// Element by element, the larger of two rows of counts: what vector clocks do most of the time.
#pragma once
#include <cstddef>
#include <cstdint>

namespace tessera {
inline namespace base {

// to = max(to, from)
void raise_to(std::int32_t* to, const std::int32_t* from, std::size_t n);
// out = max(a, b)
void maximum_of(std::int32_t* out, const std::int32_t* a, const std::int32_t* b, std::size_t n);

}  // namespace base
}  // namespace tessera

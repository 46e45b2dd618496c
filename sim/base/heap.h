// The heap of a process that lives for one simulation.
#pragma once
#include <cstddef>

namespace tessera {
inline namespace base {

// Lets the heap grow by up to `bytes` in huge pages and keeps what is freed: a simulation fills some 100 MB in small
// pieces, and a tenth of its time would go into page faults. Address space is taken at once, memory when it is touched.
// Does nothing where the C library or the kernel cannot.
void prepare_heap(std::size_t bytes);

}  // namespace base
}  // namespace tessera

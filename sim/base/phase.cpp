#include "sim/base/phase.h"

#include <sys/mman.h>

#include <new>

namespace tessera {
inline namespace base {
namespace {
Phase own_phase{nullptr};
Phase* phase_place = &own_phase;
}  // namespace

void enter_phase(const char* name) { phase_place->store(name, std::memory_order_relaxed); }
const char* current_phase() { return phase_place->load(std::memory_order_relaxed); }

Phase* share_phase() {
  void* page = mmap(nullptr, sizeof(Phase), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? nullptr : new (page) Phase(nullptr);
}

void unshare_phase(Phase* place) {
  if (place != nullptr) munmap(place, sizeof(Phase));
}

void report_phase_to(Phase* place) {
  if (place != nullptr) phase_place = place;
}

}  // namespace base
}  // namespace tessera

// What this process is at work on, in a few words, for whoever shows progress: "scheduling", "simulating".
#pragma once
#include <atomic>

namespace tessera {
inline namespace base {

// A literal, so that it means the same in a forked child and in its parent; null: nothing in particular.
using Phase = std::atomic<const char*>;

void enter_phase(const char* name);
const char* current_phase();

// A place that a forked child shares with its parent. Null where there is no memory for it.
Phase* share_phase();
void unshare_phase(Phase* place);
// From now on, this process says there what it is at work on.
void report_phase_to(Phase* place);

}  // namespace base
}  // namespace tessera

// Work on numbered items by all cores. Which core does which item changes nothing but the time.
#pragma once
#include <cstdint>
#include <functional>

namespace tessera::evaluation {

// Calls work(item) for every item in [0, count), several at a time; `progress`, which may be empty, is called with the
// number of items begun, by one thread at a time.
void for_each_in_parallel(std::int64_t count, const std::function<void(std::int64_t)>& work,
                          const std::function<void(std::int64_t)>& progress = {});

}  // namespace tessera::evaluation

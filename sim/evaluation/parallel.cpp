#include "sim/evaluation/parallel.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace tessera::evaluation {

void for_each_in_parallel(std::int64_t count, const std::function<void(std::int64_t)>& work,
                          const std::function<void(std::int64_t)>& progress) {
  std::atomic<std::int64_t> next{0};
  std::mutex speaking;
  const auto run = [&] {
    for (std::int64_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      work(i);
      if (progress && speaking.try_lock()) {
        progress(i);
        speaking.unlock();
      }
    }
  };
  std::vector<std::thread> others;
  const auto threads = std::min<std::int64_t>(count, std::max(1U, std::thread::hardware_concurrency()));
  for (std::int64_t i = 1; i < threads; ++i) others.emplace_back(run);
  run();
  for (std::thread& thread : others) thread.join();
}

}  // namespace tessera::evaluation

// Progress of a sweep on a stream: a bar that redraws itself on a terminal, otherwise one plain line now and then.
//   [#########-----------] 3612/8232 runs of 8085 points 43.9%  7 failed  6.8/s  11 min 19 s left
#pragma once
#include <chrono>
#include <cstdio>
#include <string>

namespace tessera::explore {

std::string duration_text(double seconds);

class Progress {
 public:
  struct Runs {
    int total = 0, done = 0, failed = 0;  // those that are done, failed ones among them, need not be made again
  };

  // The rate counts only what this process does. `what` stands in front, `unit` behind the total.
  Progress(Runs runs, std::FILE* out, bool terminal, std::string what = "", std::string unit = "");
  void count(bool failed);
  void reach(int done);  // counts up to `done` what was known already
  void show();           // at most ten times a second on a terminal, else every ten seconds
  void finish();

  std::string line(double seconds) const;  // without bar; `seconds` since the start

 private:
  using Clock = std::chrono::steady_clock;
  void print();

  int total_, done_, failed_, here_ = 0;
  std::FILE* out_;
  std::string what_, unit_;
  bool terminal_;
  Clock::time_point begin_ = Clock::now(), shown_;
};

}  // namespace tessera::explore

#include "explore/pool/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/message.h"

namespace tessera::explore {

std::string duration_text(double seconds) {
  const auto s = static_cast<long long>(std::ceil(seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

Progress::Progress(Runs runs, std::FILE* out, bool terminal, std::string what, std::string unit)
    : total_(runs.total),
      done_(runs.done),
      failed_(runs.failed),
      out_(out),
      what_(std::move(what)),
      unit_(std::move(unit)),
      terminal_(terminal),
      shown_(begin_) {}

void Progress::count(bool failed) {
  ++done_;
  ++here_;
  failed_ += failed;
}

void Progress::reach(int done) { done_ = std::max(done_, done); }

std::string Progress::line(double seconds) const {
  std::string text =
      fmt::format("{}{}/{}{} {:.1f}%", what_, done_, total_, unit_, total_ > 0 ? 100.0 * done_ / total_ : 100.0);
  if (failed_ > 0) text += fmt::format("  {} failed", failed_);
  if (here_ > 0 && seconds > 0) {
    const double rate = here_ / seconds;
    text += rate >= 1 ? fmt::format("  {:.1f}/s", rate) : fmt::format("  {:.1f} s each", 1 / rate);
    if (done_ < total_) text += fmt::format("  {} left", duration_text((total_ - done_) / rate));
  }
  return text;
}

void Progress::show() {
  const auto now = Clock::now();
  if (now - shown_ < (terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10000))) return;
  shown_ = now;
  print();
}

void Progress::finish() {
  print();
  if (terminal_) write_message(out_, "\n");
}

void Progress::print() {
  const std::string text = line(std::chrono::duration<double>(Clock::now() - begin_).count());
  if (!terminal_) {
    message(out_, "{}\n", text);
  } else {
    constexpr int width = 24;
    const int filled = total_ > 0 ? static_cast<int>(static_cast<long long>(width) * done_ / total_) : width;
    message(out_, "\r\x1b[K[{}{}] {}", std::string(static_cast<std::size_t>(filled), '#'),
            std::string(static_cast<std::size_t>(width - filled), '-'), text);
  }
}

}  // namespace tessera::explore

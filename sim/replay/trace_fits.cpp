#include <fmt/format.h>

#include "sim/replay/lane_work.h"
#include "sim/replay/trace_file.h"

namespace tessera::replay {
namespace {

// Shares of a core's 64 KB: one weight buffer, two input and two output buffers (published estimates, section on the
// memory allocation).
constexpr Bytes weight_share = 16384;
constexpr Bytes input_share = 2 * 8192;
constexpr Bytes output_buffer_share = 2 * 8192;
constexpr Bytes core_memory = weight_share + input_share + output_buffer_share;

class FitCheck {
 public:
  FitCheck(const ScheduleTrace& trace, const arch::ArraySpec& array, const std::string& file)
      : trace_(trace), array_(array), file_(file) {}

  std::vector<Problem> problems() {
    if (array_.tile.memory.size < core_memory)
      problems_.push_back({file_, "hardware",
                           fmt::format("a core of {} has {} bytes", array_.name, array_.tile.memory.size),
                           fmt::format("{} bytes: 16 KB weights, 2 x 8 KB input, 2 x 8 KB output", core_memory)});
    for (const TraceLayer& l : trace_.layers) layer(l);
    return std::move(problems_);
  }

 private:
  void demand(const TraceLayer& l, const char* field, Bytes bytes, Bytes limit, const char* of) {
    if (bytes <= limit) return;
    problems_.push_back({file_, fmt::format("line {}: {}", l.line, field),
                         fmt::format("layer {} needs {} bytes, {} too many", l.name, bytes, bytes - limit),
                         fmt::format("at most {} bytes, {}", limit, of)});
  }

  void layer(const TraceLayer& l) {
    demand(l, "core_input", l.core_input.elements(), input_share, "two input buffers of a core");
    demand(l, "core_output", ceil_div(l.core_output.elements(), trace_.rows), output_buffer_share,
           "two output buffers of a core");
    Bytes resident = 0;
    if (!l.input_in_ddr) resident += l.memtile_input.elements();
    if (!l.output_in_ddr) resident += l.memtile_output.elements();
    if (l.op == network::Op::conv2d) {
      demand(l, "core_weights", weight_bytes(l.core_weights, l.density, false), weight_share,
             "the weight buffer of a core");
      if (!l.weights_in_ddr && !l.input_in_ddr)
        resident += static_cast<Bytes>(static_cast<double>(l.memtile_weights.count()) * l.density);
    }
    demand(l, "memtile_input", resident, array_.memtile.memory.size,
           "the memory tile of a column, shared by what lives there");
  }

  const ScheduleTrace& trace_;
  const arch::ArraySpec& array_;
  const std::string& file_;
  std::vector<Problem> problems_;
};

}  // namespace

Expected<bool> check_trace_fits(const ScheduleTrace& trace, const arch::ArraySpec& array, const std::string& file) {
  auto problems = FitCheck(trace, array, file).problems();
  if (!problems.empty()) return Failure{ExitCode::does_not_fit, std::move(problems)};
  return true;
}

}  // namespace tessera::replay

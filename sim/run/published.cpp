#include "sim/run/published.h"

#include <fmt/format.h>

#include "sim/replay/published_program.h"
#include "sim/run/config_folder.h"
#include "sim/schedule/verify.h"

namespace tessera {

const char* const published_machine = "dalberto2024";

Expected<Plan> make_published_plan(const RunConfig& config, const std::vector<std::optional<BlockMask>>& masks) {
  if (config.schedule.policy != "published")
    return fail(ExitCode::bad_input,
                {"", "schedule.policy",
                 fmt::format("is \"{}\" with accounting=published, whose arithmetic is defined for the sub-volumes and "
                             "passes of the published compiler only",
                             config.schedule.policy),
                 "legal: schedule.policy=published, or accounting=physical"});
  Expected<Program> program = make_published_program(config.network, masks, config.array);
  if (!program) return program.failure();
  std::vector<Problem> wrong = verify(*program, config.array);
  if (!wrong.empty()) {
    wrong.insert(wrong.begin(), {"", "schedule.published", "the verifier refuses this schedule", ""});
    return Failure{ExitCode::internal, std::move(wrong)};
  }
  Plan plan;
  plan.durations = published_durations(*program);
  plan.schedule.program = std::move(*program);
  return plan;
}

Document load_published_machine(int rows, int cols) {
  return load_document(config_folder() + "/hardware/" + published_machine + ".json", {},
                       {fmt::format("rows={}", rows), fmt::format("cols={}", cols)});
}

}  // namespace tessera

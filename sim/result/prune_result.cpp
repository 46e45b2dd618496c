#include "sim/result/prune_result.h"

#include "sim/result/json.h"

namespace tessera::result {
namespace {
using P = PruneResult;
using A = PruneAmounts;

template <PruneAmounts PruneResult::*Part>
void add_amounts(std::vector<Metric<P>>& table, const std::string& part, const std::string& of) {
  const std::vector<Metric<P>> lines{
      {part + ".latency_us", "us", "Simulated time on the array " + of, "simulated", field<Part, &A::latency_us>()},
      {part + ".weight_bytes", "B", "Weights in DDR, indices included, " + of, "counted",
       field<Part, &A::weight_bytes>()},
      {part + ".energy_uj", "uJ", "Energy, where the hardware file has a table, " + of, "counts times the table",
       field<Part, &A::energy_uj>()},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}
}  // namespace

const std::vector<Metric<PruneResult>>& prune_metrics() {
  static const std::vector<Metric<P>> table = [] {
    std::vector<Metric<P>> lines{
        {"network", "", "The network.", "given", field<&P::network>()},
        {"hardware", "", "The array.", "given", field<&P::hardware>()},
        {"importance", "", "What the importance of a block is.", "given", field<&P::importance>()},
        {"importance_kept", "share", "Of the importance of all blocks, what is left.", "left / all",
         field<&P::importance_kept>()},
        {"uniform_share", "share", "The zero share, the same in every layer, that takes as much.", "simulated",
         field<&P::uniform_share>()},
        {"uniform_importance_kept", "share", "What that keeps of the importance.", "left / all",
         field<&P::uniform_importance_kept>()},
        {"least", "", "The least seen of what the budget is of, in its unit.", "simulated", field<&P::least>()},
        {"simulations", "runs", "Simulations of the whole network.", "counted", field<&P::simulations>()},
    };
    add_amounts<&P::budget>(lines, "budget", "that the budget allows; what it is not of is absent.");
    add_amounts<&P::before>(lines, "before", "before a block was left out.");
    add_amounts<&P::pruned>(lines, "pruned", "of the pruned network.");
    return lines;
  }();
  return table;
}

std::string json_text(const PruneResult& result) {
  nlohmann::json object;
  write_metrics(result, prune_metrics(), object);
  return object.dump(1) + "\n";
}

}  // namespace tessera::result

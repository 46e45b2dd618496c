#include "sim/control/arrange.h"

#include <numeric>

namespace tessera::control {

void arrange(Operations& operations, program::EngineId first_controller) {
  const auto number = [&](program::EngineId controller) {
    return static_cast<std::size_t>(controller - first_controller);
  };
  std::vector<std::vector<std::size_t>> now;  // by controller: where each operation stands
  for (std::vector<Operations::Op>& list : operations.lists) {
    std::vector<std::size_t> begin(list.size() + 1, 0);  // by place: where its operations begin
    for (const Operations::Op& op : list) ++begin[op.place + 1];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    std::vector<Operations::Op> arranged(list.size());
    std::vector<std::size_t>& to = now.emplace_back(list.size());
    // At each place, those that belong before its own operation first.
    for (const bool own : {false, true})
      for (std::size_t i = 0; i < list.size(); ++i) {
        if ((list[i].place == i) != own) continue;
        to[i] = begin[list[i].place]++;
        arranged[to[i]] = list[i];
      }
    list = std::move(arranged);
  }
  for (std::vector<Operations::Start>& starts : operations.starts)
    for (Operations::Start& s : starts) s.at = now[number(s.controller)][s.at];
  for (std::vector<Operations::Op>& list : operations.lists)
    for (Operations::Op& op : list)
      if (op.op.kind == program::ControlKind::await_token && op.op.channel >= first_controller)
        op.awaited = static_cast<std::int32_t>(now[number(op.op.channel)][static_cast<std::size_t>(op.awaited)]);
}

}  // namespace tessera::control

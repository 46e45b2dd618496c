#include "sim/pruning/knapsack.h"

#include <glpk.h>

#include <algorithm>
#include <memory>

namespace tessera::pruning {
namespace {

// Options of a group that no other one is as good as in both, by falling cost.
std::vector<int> efficient(const std::vector<Option>& group) {
  std::vector<int> order(group.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  const auto option = [&](int i) { return group[static_cast<std::size_t>(i)]; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return option(a).loss != option(b).loss ? option(a).loss < option(b).loss : option(a).cost < option(b).cost;
  });
  std::vector<int> kept;
  for (const int i : order)
    if (kept.empty() || option(i).cost < option(kept.back()).cost) kept.push_back(i);
  return kept;
}

struct Program {
  std::unique_ptr<glp_prob, void (*)(glp_prob*)> problem{glp_create_prob(), glp_delete_prob};
  std::vector<std::pair<std::size_t, int>> columns;  // group and option, from column 1 on
};

Program build(const std::vector<std::vector<Option>>& groups, double budget) {
  Program p;
  glp_prob* const lp = p.problem.get();
  glp_set_obj_dir(lp, GLP_MIN);
  glp_add_rows(lp, static_cast<int>(groups.size()) + 1);
  glp_set_row_bnds(lp, 1, GLP_UP, 0, budget);
  std::vector<int> rows{0}, cols{0};
  std::vector<double> values{0};
  const auto put = [&](int row, int col, double value) {
    rows.push_back(row);
    cols.push_back(col);
    values.push_back(value);
  };
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const int row = static_cast<int>(g) + 2;
    glp_set_row_bnds(lp, row, GLP_FX, 1, 1);
    for (const int i : efficient(groups[g])) {
      const int col = glp_add_cols(lp, 1);
      const Option& option = groups[g][static_cast<std::size_t>(i)];
      glp_set_col_kind(lp, col, GLP_BV);
      glp_set_obj_coef(lp, col, option.loss);
      put(1, col, option.cost);
      put(row, col, 1);
      p.columns.emplace_back(g, i);
    }
  }
  glp_load_matrix(lp, static_cast<int>(values.size()) - 1, rows.data(), cols.data(), values.data());
  return p;
}

}  // namespace

std::optional<std::vector<int>> choose_options(const std::vector<std::vector<Option>>& groups, double budget) {
  double least = 0;
  for (const std::vector<Option>& group : groups)
    least += std::min_element(group.begin(), group.end(), [](const Option& a, const Option& b) {
               return a.cost < b.cost;
             })->cost;
  if (least > budget) return std::nullopt;
  glp_term_out(GLP_OFF);
  const Program program = build(groups, budget);
  glp_iocp how;
  glp_init_iocp(&how);
  how.msg_lev = GLP_MSG_OFF;
  how.presolve = GLP_ON;
  how.mir_cuts = GLP_ON;
  how.cov_cuts = GLP_ON;
  if (glp_intopt(program.problem.get(), &how) != 0 || glp_mip_status(program.problem.get()) != GLP_OPT)
    return std::nullopt;
  std::vector<int> chosen(groups.size(), 0);
  for (std::size_t c = 0; c < program.columns.size(); ++c)
    if (glp_mip_col_val(program.problem.get(), static_cast<int>(c) + 1) > 0.5)
      chosen[program.columns[c].first] = program.columns[c].second;
  return chosen;
}

}  // namespace tessera::pruning

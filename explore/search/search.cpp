#include "explore/search/search.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <pagmo/algorithm.hpp>
#include <pagmo/algorithms/nsga2.hpp>
#include <pagmo/bfe.hpp>
#include <pagmo/population.hpp>
#include <pagmo/problem.hpp>

#include "explore/pool/stop_signal.h"
#include "explore/search/evaluator.h"
#include "explore/store/folder_lock.h"
#include "sim/base/message.h"

namespace tessera::explore {
namespace {

Index to_index(const double* begin, std::size_t size) {
  Index index;
  for (std::size_t i = 0; i < size; ++i) index.push_back(static_cast<int>(std::lround(begin[i])));
  return index;
}

// pagmo copies its problem; the copies share the evaluator.
struct SpaceProblem {
  Evaluator* evaluator = nullptr;
  std::vector<double> upper;
  std::size_t objectives = 2;

  pagmo::vector_double fitness(const pagmo::vector_double& x) const {
    return evaluator->evaluate({to_index(x.data(), x.size())}).front();
  }
  std::pair<pagmo::vector_double, pagmo::vector_double> get_bounds() const {
    return {pagmo::vector_double(upper.size(), 0.0), upper};
  }
  pagmo::vector_double::size_type get_nobj() const { return objectives; }
  pagmo::vector_double::size_type get_nix() const { return upper.size(); }
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

// Evaluates a whole generation through the pool.
struct PoolEvaluation {
  Evaluator* evaluator = nullptr;
  std::size_t dimensions = 0;

  pagmo::vector_double operator()(const pagmo::problem&, const pagmo::vector_double& xs) const {
    std::vector<Index> points;
    for (std::size_t at = 0; at < xs.size(); at += dimensions) points.push_back(to_index(xs.data() + at, dimensions));
    pagmo::vector_double all;
    for (const auto& values : evaluator->evaluate(points)) all.insert(all.end(), values.begin(), values.end());
    return all;
  }
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

// Generations until the budget is used, or nothing new has been found for a while.
void evolve(const Sweep& sweep, Evaluator& evaluator) {
  const SearchSpec& search = *sweep.search;
  const auto seed = static_cast<unsigned>(search.seed);
  SpaceProblem space{&evaluator, {}, objectives_of(search).size()};
  for (const AxisGroup& group : sweep.space.groups) space.upper.push_back(group.size() - 1);
  const pagmo::problem problem(space);
  const pagmo::bfe batch(PoolEvaluation{&evaluator, space.upper.size()});
  pagmo::population population(problem, batch, static_cast<pagmo::population::size_type>(search.population), seed);
  const double mutation = 1.0 / static_cast<double>(space.upper.size());
  pagmo::nsga2 nsga2(1u, 0.95, 10., mutation, 10., seed);
  nsga2.set_bfe(batch);
  const pagmo::algorithm algorithm(nsga2);
  constexpr int patience = 50;
  for (int idle = 0; idle < patience && !evaluator.stopped() && !evaluator.exhausted();) {
    const int before = evaluator.evaluated();
    population = algorithm.evolve(population);
    idle = evaluator.evaluated() == before ? idle + 1 : 0;
  }
}

}  // namespace

std::optional<Failure> check_search(const Sweep& sweep) {
  Table table;
  table.axes = sweep.space.paths();
  for (const AxisGroup& group : sweep.space.groups)  // one row with a value of each axis: texts show as such
    for (const Axis& axis : group.axes) {
      if (table.rows.empty()) table.rows.push_back({"", {}, status::done, "", "", "", std::nullopt, std::nullopt});
      table.rows.front().coordinates.push_back(axis.values.front());
    }
  std::vector<Problem> problems = check_objectives(table, objectives_of(*sweep.search));
  for (Problem& problem : problems) {
    problem.file = sweep.file;
    problem.path = "search: " + problem.path;
  }
  const auto points = has_points(sweep.space);
  if (!points)
    for (Problem problem : points.failure().problems) {
      problem.file = sweep.file;
      problems.push_back(problem);
    }
  else if (!*points)
    problems.push_back(no_point_meets(*sweep.space.where, sweep.file).problems.front());
  if (problems.empty()) return std::nullopt;
  return Failure{ExitCode::bad_input, problems};
}

Expected<SweepEnd> run_search(const Sweep& sweep, const PointRunner& runner, const SweepOptions& options) {
  const StopSignal stop;
  if (const auto wrong = check_search(sweep)) return *wrong;
  auto lock = FolderLock::take(options.folder);
  if (!lock) return lock.failure();
  std::string notice;
  auto store = Store::open(options.folder, notice);
  if (!store) return store.failure();
  if (!notice.empty()) message(options.messages, "{}\n", notice);
  if (auto failure =
          store->set_plan(sweep.space.paths(), sweep.text, "", [](Store&) { return std::optional<Failure>(); }))
    return *failure;
  if (auto failure = write_axes(sweep, runner, options.folder)) return *failure;
  message(options.messages, "{}: NSGA-II over {:.6g} points, at most {} of them\n", sweep.name, sweep.space.grid_size(),
          sweep.search->budget);
  Evaluator evaluator(sweep, runner, options, *store, lock->descriptor());
  try {
    evolve(sweep, evaluator);
  } catch (const std::exception& e) {
    return fail(ExitCode::internal, {sweep.file, "search", fmt::format("pagmo: {}", e.what()), ""});
  }
  evaluator.finish();
  if (evaluator.failure()) return *evaluator.failure();
  if (evaluator.evaluated() == 0 && !evaluator.interrupted() && sweep.space.where)
    return no_point_meets(*sweep.space.where, sweep.file);
  auto end = collect(*store, options.folder, evaluator.interrupted());
  if (end) message(options.messages, "{} points evaluated\n", evaluator.evaluated());
  return end;
}

}  // namespace tessera::explore

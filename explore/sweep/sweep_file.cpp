#include "explore/sweep/sweep_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "explore/collect/measured_accuracy.h"
#include "explore/sweep/object_reader.h"
#include "sim/base/json_file.h"
#include "sim/config/document.h"
#include "sim/config/named_file.h"
#include "sim/run/config_folder.h"

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

std::vector<AxisGroup> read_axes(const OrderedJson* axes, std::vector<Problem>& problems) {
  std::vector<AxisGroup> groups;
  if (!axes) {
    problems.push_back({"", "axes", "missing", "{\"config.path\": [values], ...}"});
  } else if (!axes->is_object() || axes->empty()) {
    problems.push_back({"", "axes", axes->dump() + " holds no axis", "{\"config.path\": [values], ...}"});
  } else {
    for (const auto& [path, spec] : axes->items())
      groups.push_back({{{path, axis_values(Json(spec), "axes." + path, problems)}}});
  }
  return groups;
}

// Joins groups of single axes into one that stands where its first axis stood.
void zip(std::vector<AxisGroup>& groups, const std::vector<std::string>& paths, const std::string& where,
         std::vector<Problem>& problems) {
  std::vector<std::string> names;
  for (const AxisGroup& g : groups)
    if (g.axes.size() == 1) names.push_back(g.axes.front().path);
  AxisGroup joined;
  std::size_t place = groups.size();
  for (const std::string& path : paths) {
    const auto found = std::find_if(groups.begin(), groups.end(), [&](const AxisGroup& g) {
      return g.axes.size() == 1 && g.axes.front().path == path;
    });
    if (found == groups.end()) {
      const std::string near = nearest_name(path, names);
      problems.push_back(
          {"", where, fmt::format("'{}' is no axis, or is zipped already", path),
           near.empty() ? fmt::format("axes: {}", fmt::join(names, ", ")) : fmt::format("did you mean '{}'?", near)});
      return;
    }
    place = std::min(place, static_cast<std::size_t>(found - groups.begin()));
    joined.axes.push_back(found->axes.front());
  }
  std::vector<std::string> lengths;
  for (const Axis& axis : joined.axes) lengths.push_back(fmt::format("{}: {}", axis.path, axis.values.size()));
  for (const Axis& axis : joined.axes)
    if (axis.values.size() != joined.axes.front().values.size()) {
      problems.push_back({"", where, fmt::format("axes of different length ({})", fmt::join(lengths, ", ")),
                          "zipped axes have equally many values"});
      return;
    }
  groups[place] = joined;
  groups.erase(std::remove_if(groups.begin(), groups.end(),
                              [&](const AxisGroup& g) {
                                return g.axes.size() == 1 &&
                                       std::find(paths.begin(), paths.end(), g.axes.front().path) != paths.end();
                              }),
               groups.end());
}

void read_zip(const OrderedJson* list, std::vector<AxisGroup>& groups, std::vector<Problem>& problems) {
  if (!list) return;
  const char* legal = "[[\"axis.a\", \"axis.b\"], ...]";
  if (!list->is_array()) {
    problems.push_back({"", "zip", list->dump() + " is not a list of lists", legal});
    return;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const OrderedJson& entry = (*list)[i];
    const std::string where = fmt::format("zip[{}]", i);
    const bool texts = entry.is_array() && entry.size() >= 2 &&
                       std::all_of(entry.begin(), entry.end(), [](const OrderedJson& v) { return v.is_string(); });
    if (texts && std::set<OrderedJson>(entry.begin(), entry.end()).size() < entry.size())
      problems.push_back({"", where, entry.dump() + " names an axis twice", "each axis once"});
    else if (!texts)
      problems.push_back({"", where, entry.dump() + " does not name two or more axes", legal});
    else
      zip(groups, entry.get<std::vector<std::string>>(), where, problems);
  }
}

// The same values twice would be the same points twice. Zipped axes may repeat single values, not whole tuples.
void refuse_repetition(const std::vector<AxisGroup>& groups, std::vector<Problem>& problems) {
  for (const AxisGroup& group : groups) {
    std::set<Json> seen;
    for (int i = 0; i < group.size(); ++i) {
      Json tuple = Json::array();
      for (const Axis& axis : group.axes) tuple.push_back(axis.values[static_cast<std::size_t>(i)]);
      if (seen.insert(tuple).second) continue;
      const Json& shown = group.axes.size() == 1 ? tuple[0] : tuple;
      problems.push_back({"", fmt::format("axes.{}[{}]", group.axes.front().path, i), shown.dump() + " stands twice",
                          "each value once"});
    }
  }
}

// Adds the axis of repetitions and returns its path.
std::string read_repeat(const OrderedJson* repeat, std::vector<AxisGroup>& groups, std::vector<Problem>& problems) {
  if (!repeat) return "";
  ObjectReader reader(*repeat, "repeat", problems);
  std::string path = "sparsity.seed";
  std::int64_t count = 0, from = 1;
  reader.text("path", path);
  if (!reader.find("count")) reader.problem("count", "missing", "a whole number of repetitions");
  reader.whole("count", 1, 100000, "repetitions", count);
  reader.whole("from", 0, 1ll << 53, "", from);
  reader.refuse_the_rest();
  for (const AxisGroup& group : groups)
    for (const Axis& axis : group.axes)
      if (axis.path == path) reader.problem("path", fmt::format("'{}' is an axis already", path), "another path");
  Axis axis{path, {}};
  for (std::int64_t i = 0; i < count; ++i) axis.values.push_back(from + i);
  if (count > 0) groups.push_back({{axis}});
  return path;
}

// What another axis says too: points would be named by what was not run.
void refuse_said(const std::string& earlier, const Json& value, const std::string& later,
                 std::vector<Problem>& problems) {
  if (config::says(earlier, value, later))
    problems.push_back(
        {"", "axes." + later, "is in the value " + value.dump() + " of " + earlier + " too", "one of the two"});
}

// An axis that a later one undoes would name points that are not run.
void refuse_undone(const std::vector<AxisGroup>& groups, const Overrides& fixed, std::vector<Problem>& problems) {
  std::vector<std::pair<std::string, std::vector<Json>>> earlier;  // with the values of axes
  for (const auto& [path, value] : fixed) earlier.push_back({path, {}});
  for (const AxisGroup& group : groups)
    for (const Axis& axis : group.axes) {
      for (const auto& [path, values] : earlier) {
        if (config::undoes(axis.path, path))
          problems.push_back(
              {"", "axes." + axis.path, "would undo " + path + ", which stands before it",
               path == axis.path ? "one of the two" : axis.path + " before " + path + ", or one of the two"});
        for (const Json& value : values) refuse_said(path, value, axis.path, problems);
      }
      earlier.emplace_back(axis.path, axis.values);
    }
}

Sample read_sample(const OrderedJson* spec, std::vector<Problem>& problems) {
  Sample sample;
  if (!spec) return sample;
  ObjectReader reader(*spec, "sample", problems);
  std::string method = "grid";
  std::int64_t points = 0, seed = 1;
  reader.text("method", method);
  reader.whole("points", 1, 1000000, "points", points);
  reader.whole("seed", 0, 1ll << 53, "", seed);
  reader.refuse_the_rest();
  if (method == "random")
    sample.method = Sampling::random;
  else if (method == "lhs")
    sample.method = Sampling::latin_hypercube;
  else if (method != "grid")
    reader.problem("method", "'" + method + "' is no way to sample", "grid, random, lhs (Latin hypercube)");
  if (sample.method != Sampling::grid && !reader.find("points"))
    reader.problem("points", "missing", "a whole number of points to draw");
  sample.points = static_cast<int>(points);
  sample.seed = static_cast<std::uint64_t>(seed);
  return sample;
}

Limits read_limits(const OrderedJson* spec, std::vector<Problem>& problems) {
  Limits limits;
  if (!spec) return limits;
  ObjectReader reader(*spec, "limits", problems);
  std::int64_t memory = limits.memory_mb, retries = limits.retries;
  reader.number("seconds", 0.01, 1e6, "s", limits.seconds);
  reader.whole("memory_mb", 16, 1 << 24, "MB", memory);
  reader.whole("retries", 0, 100, "further attempts", retries);
  reader.refuse_the_rest();
  limits.memory_mb = static_cast<int>(memory);
  limits.retries = static_cast<int>(retries);
  return limits;
}

std::optional<SearchSpec> read_search(const OrderedJson* spec, std::vector<Problem>& problems) {
  if (!spec) return std::nullopt;
  ObjectReader reader(*spec, "search", problems);
  SearchSpec search;
  std::int64_t budget = search.budget, population = search.population, seed = 1;
  reader.texts("minimize", search.minimize);
  reader.texts("maximize", search.maximize);
  reader.whole("budget", 1, 1000000, "points", budget);
  reader.whole("population", 8, 100000, "points, a multiple of 4", population);
  reader.whole("seed", 0, 0xffffffffll, "", seed);
  reader.refuse_the_rest();
  if (population % 4 != 0)
    reader.problem("population", fmt::format("{} is no multiple of 4", population), "8, 12, ...");
  if (search.minimize.size() + search.maximize.size() < 2)
    reader.problem("minimize", "fewer than two objectives",
                   "two or more columns of the table, in minimize and maximize");
  search.budget = static_cast<int>(budget);
  search.population = static_cast<int>(population);
  search.seed = static_cast<std::uint64_t>(seed);
  return search;
}

void read_where(const OrderedJson* text, Space& space, std::vector<Problem>& problems) {
  if (!text) return;
  if (!text->is_string()) {
    problems.push_back({"", "where", text->dump() + " is not a text", "\"a.b <= 4 && c.d == 'x'\""});
    return;
  }
  auto condition = Condition::parse(text->get<std::string>(), space.paths());
  if (!condition) {
    problems.insert(problems.end(), condition.failure().problems.begin(), condition.failure().problems.end());
    return;
  }
  space.where = *condition;
}

}  // namespace

Expected<Sweep> parse_sweep(const std::string& text, const std::string& file) {
  if (const auto legal = parse_json(text, file); !legal) return legal.failure();
  const OrderedJson document = OrderedJson::parse(text);  // the same, its keys in their order
  std::vector<Problem> problems;
  Sweep sweep;
  sweep.file = file;
  sweep.text = text;
  sweep.name = fs::path(file).stem().string();
  ObjectReader reader(document, "", problems);
  std::string fidelity, schema, description;
  reader.text("$schema", schema);
  reader.text("name", sweep.name);
  reader.text("description", description);
  reader.text("base", sweep.base);
  if (!document.contains("base")) reader.problem("base", "missing", "path of a run config, relative to this file");
  reader.text("fidelity", fidelity);
  if (!fidelity.empty()) {
    if (fidelity != "burst" && fidelity != "transaction")
      reader.problem("fidelity", "'" + fidelity + "' is unknown", "burst, transaction");
    sweep.fixed.emplace_back("fidelity", fidelity);
  }
  sweep.space.groups = read_axes(reader.find("axes"), problems);
  sweep.repeat = read_repeat(reader.find("repeat"), sweep.space.groups, problems);
  const bool whole_axes =
      std::none_of(problems.begin(), problems.end(), [](const Problem& p) { return p.path.rfind("axes", 0) == 0; });
  const OrderedJson* zips = reader.find("zip");
  if (whole_axes) {
    read_zip(zips, sweep.space.groups, problems);
    refuse_repetition(sweep.space.groups, problems);
    refuse_undone(sweep.space.groups, sweep.fixed, problems);
  }
  read_where(reader.find("where"), sweep.space, problems);
  sweep.sample = read_sample(reader.find("sample"), problems);
  sweep.limits = read_limits(reader.find("limits"), problems);
  sweep.search = read_search(reader.find("search"), problems);
  reader.text("accuracy", sweep.accuracy);
  reader.refuse_the_rest();
  if (sweep.name.empty() || sweep.name[0] == '.' || sweep.name.find('/') != std::string::npos)
    reader.problem("name", "'" + sweep.name + "' cannot name a folder", "a name without '/' that begins with no '.'");

  const fs::path folder = fs::path(file).parent_path();
  if (!sweep.base.empty()) {
    const Expected<std::string> base = config::named_file(sweep.base, folder.string(), run::config_folder() + "/runs");
    if (!base) {
      for (const Problem& p : base.failure().problems) reader.problem("base", p.what, p.legal);
    } else if (sweep.base = *base; !fs::exists(sweep.base)) {
      reader.problem("base", "no file '" + sweep.base + "'", "a path relative to this file, or a name of a run");
    }
  }
  for (Problem& p : problems) p.file = file;
  if (!sweep.accuracy.empty() && whole_axes) {
    sweep.accuracy = (folder / sweep.accuracy).string();
    const auto wrong = check_accuracy(sweep.accuracy, sweep.space);
    problems.insert(problems.end(), wrong.begin(), wrong.end());
  }
  if (!problems.empty()) return Failure{ExitCode::bad_input, problems};
  return sweep;
}

Expected<std::vector<Index>> points_of(const Sweep& sweep) {
  Expected<std::vector<Index>> points = select_points(sweep.space, sweep.sample);
  if (points && points->empty() && sweep.space.where) return no_point_meets(*sweep.space.where, sweep.file);
  if (points) return points;
  Failure failure = points.failure();
  for (Problem& p : failure.problems) p.file = sweep.file;
  return failure;
}

Limits limits_of(const std::string& text) {
  const OrderedJson document = OrderedJson::parse(text, nullptr, false, true);
  std::vector<Problem> ignored;
  if (!document.is_object() || !document.contains("limits")) return {};
  return read_limits(&document["limits"], ignored);
}

Expected<Sweep> load_sweep(const std::string& path) {
  const Expected<std::string> text = read_text(path);
  if (!text) return text.failure();
  return parse_sweep(*text, path);
}

}  // namespace tessera::explore

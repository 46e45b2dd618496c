#include "sim/replay/trace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "sim/base/json_file.h"
#include "sim/replay/lane_work.h"
#include "sim/replay/line_reader.h"

namespace tessera::replay {
namespace {

constexpr std::int64_t most_bytes = std::int64_t{1} << 40;
constexpr std::int64_t most_iterations = 1 << 20;

// Layers of the published networks: a trace of one of them with fewer is cut off.
const std::map<std::string, int> known_steps = {{"resnet50", 71}, {"inception_v3", 108}, {"vgg16", 19}};

class TraceReader {
 public:
  TraceReader(std::string file, int line, std::vector<Problem>& problems, std::vector<std::string>& warnings)
      : file_(std::move(file)),
        line_(line),
        where_(fmt::format("line {}: ", line)),
        problems_(problems),
        warnings_(warnings) {}

  TraceLayer layer(const nlohmann::json& object, network::LayerId id, std::int64_t& last_step) {
    TraceLayer l;
    l.line = line_;
    l.id = id;
    LineReader in(object, file_, where_, problems_);
    const auto said = in.integer("step", 1, most_iterations);  // concatenations are steps without a line
    if (said <= last_step) in.report("step", fmt::format("is {} after {}", said, last_step), "ascending steps");
    last_step = said;
    l.name = in.text("layer");
    l.op = op(in);
    l.input = in.shape("input");
    l.output = in.shape("output");
    l.core_input = in.shape("core_input");
    l.core_output = in.shape("core_output");
    l.memtile_input = in.shape("memtile_input");
    l.memtile_output = in.shape("memtile_output");
    if (l.op == network::Op::conv2d) {
      weights(in, l, object);
    } else {
      in.null_or_absent("core_weights");
      in.null_or_absent("memtile_weights");
      in.null_or_absent("kernel");
    }
    homes(in, l);
    l.load = in.integer("load_bytes", 0, most_bytes);
    l.loadw = in.integer("loadw_bytes", 0, most_bytes);
    l.write = in.integer("write_bytes", 0, most_bytes);
    time(in, "load_us", l.published, Lane::load);
    time(in, "loadw_us", l.published, Lane::loadw);
    time(in, "write_us", l.published, Lane::write);
    in.time("start_us");
    l.published_end = in.time("end_us");
    if (const auto* list = in.list("passes")) passes(*list, l);
    warn(in, "");
    return l;
  }

 private:
  network::Op op(LineReader& in) {
    static const std::map<std::string, network::Op> ops = {{"conv2d", network::Op::conv2d},
                                                           {"maxpool2d", network::Op::maxpool},
                                                           {"avgpool2d", network::Op::avgpool},
                                                           {"add", network::Op::add}};
    const std::string name = in.text("op");
    const auto it = ops.find(name);
    if (it != ops.end()) return it->second;
    if (!name.empty()) in.report("op", "is \"" + name + "\"", "conv2d, maxpool2d, avgpool2d or add");
    return network::Op::conv2d;
  }

  void weights(LineReader& in, TraceLayer& l, const nlohmann::json& object) {
    l.core_weights = in.weights("core_weights");
    l.memtile_weights = in.weights("memtile_weights");
    const auto& w = l.core_weights;
    const auto& m = l.memtile_weights;
    const auto kernel = object.find("kernel");
    const nlohmann::json taps = {w.kh, w.kw};
    in.list("kernel");
    if (kernel != object.end() && *kernel != taps)
      in.report("kernel", "is " + kernel->dump(), "the kernel of core_weights, " + taps.dump());
    if (w.cout > m.cout || w.cin > m.cin || w.kh != m.kh || w.kw != m.kw)
      in.report("core_weights", "is no part of memtile_weights",
                fmt::format("at most [{}, {}, {}, {}]", m.cout, m.kh, m.kw, m.cin));
  }

  void homes(LineReader& in, TraceLayer& l) {
    const auto* object = in.object("home");
    if (object == nullptr) return;
    LineReader home(*object, file_, where_ + "home.", problems_);
    const auto in_ddr = [&](const char* key) {
      const std::string name = home.text(key);
      if (name != "ddr" && name != "memtile" && !name.empty())
        home.report(key, "is \"" + name + "\"", "\"memtile\" or \"ddr\"");
      return name == "ddr";
    };
    l.input_in_ddr = in_ddr("input");
    l.weights_in_ddr = in_ddr("weights");
    l.output_in_ddr = in_ddr("output");
    warn(home, "home.");
  }

  void passes(const nlohmann::json& list, TraceLayer& l) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string name = fmt::format("passes[{}]", i);
      if (!list[i].is_object()) {
        problems_.push_back({file_, where_ + name, "is " + list[i].dump(), "an object"});
        continue;
      }
      LineReader in(list[i], file_, where_ + name + ".", problems_);
      TracePass p;
      p.iterations = static_cast<int>(in.integer("iterations", 1, most_iterations));
      p.overlapped = in.flag("overlapped");
      time(in, "loadfm_us", p.published, Lane::loadfm);
      time(in, "loadwm_us", p.published, Lane::loadwm);
      time(in, "comp_us", p.published, Lane::comp);
      time(in, "writefm_us", p.published, Lane::writefm);
      warn(in, "passes[].");
      l.passes.push_back(p);
    }
  }

  static void time(LineReader& in, const char* key, LaneTimes& times, Lane lane) {
    times[static_cast<std::size_t>(lane)] = in.time(key);
  }

  void warn(const LineReader& in, const std::string& prefix) {
    for (const std::string& key : in.unknown()) {
      const std::string text = "unknown key \"" + prefix + key + "\" is ignored";
      if (std::find(warnings_.begin(), warnings_.end(), text) == warnings_.end()) warnings_.push_back(text);
    }
  }

  std::string file_;
  int line_;
  std::string where_;
  std::vector<Problem>& problems_;
  std::vector<std::string>& warnings_;
};

// The first convolution (three input channels) is always dense.
bool always_dense(const TraceLayer& l) { return l.op != network::Op::conv2d || l.input.c < 8; }

double density_by_bytes(const ScheduleTrace& trace) {
  int convolutions = 0, compacted = 0;
  for (const TraceLayer& l : trace.layers) {
    if (always_dense(l)) continue;
    ++convolutions;
    if (l.loadw < l.memtile_weights.count()) ++compacted;
  }
  return 2 * compacted > convolutions ? 0.5 : 1;
}

}  // namespace

namespace {

// Takes what follows the last `_` of a name off its end, if `fits` says so.
template <class Fits>
bool take_word(std::string& stem, Fits&& fits) {
  const std::size_t at = stem.rfind('_');
  if (at == std::string::npos || !fits(stem.substr(at + 1))) return false;
  stem.resize(at);
  return true;
}

// A text of one or two digits.
std::optional<int> number(const std::string& text) {
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  return digits && !text.empty() && text.size() <= 2 ? std::optional<int>(std::stoi(text)) : std::nullopt;
}

}  // namespace

// <network>_<rows>x<cols>_<dense|sparseNN>.jsonl, of which the last two may be missing.
TraceName parse_trace_name(const std::string& path) {
  TraceName name;
  std::string stem = path.substr(path.find_last_of('/') + 1);
  const std::string ending = ".jsonl";
  if (stem.size() < ending.size() || stem.compare(stem.size() - ending.size(), ending.size(), ending) != 0) return name;
  stem.resize(stem.size() - ending.size());
  take_word(stem, [&](const std::string& word) {
    const std::optional<int> percent = word.rfind("sparse", 0) == 0 ? number(word.substr(6)) : std::nullopt;
    if (word == "dense" || percent) name.density = percent ? 1 - *percent / 100.0 : 1;
    return name.density.has_value();
  });
  take_word(stem, [&](const std::string& word) {
    const std::size_t x = std::min(word.find('x'), word.size());
    const std::optional<int> rows = number(word.substr(0, x)), cols = number(word.substr(std::min(x + 1, word.size())));
    if (!rows || !cols) return false;
    name.rows = rows;
    name.cols = cols;
    return true;
  });
  name.network = stem;
  return name;
}

Expected<TraceFile> read_trace(const std::string& text, const std::string& name, const TraceName& said) {
  TraceFile file;
  std::vector<Problem> problems;
  std::istringstream lines(text);
  int line = 0;
  std::int64_t last_step = 0;
  for (std::string content; std::getline(lines, content);) {
    ++line;
    const std::string where = fmt::format("line {}", line);
    if (content.empty()) {
      problems.push_back({name, where, "is empty", "one JSON object per line, one line per layer"});
      continue;
    }
    const Expected<nlohmann::json> object = parse_json(content, name);
    if (!object) {
      for (Problem problem : object.failure().problems) {
        // The reader saw one line; its "line 1" is this one.
        const bool placed = problem.path.rfind("line 1", 0) == 0;
        problem.path = placed ? where + problem.path.substr(6) : where + ": " + problem.path;
        problems.push_back(std::move(problem));
      }
      continue;
    }
    if (!object->is_object()) {
      problems.push_back({name, where, "is " + std::string(object->type_name()), "one JSON object"});
      continue;
    }
    TraceReader reader(name, line, problems, file.warnings);
    file.trace.layers.push_back(reader.layer(*object, static_cast<int>(file.trace.layers.size()), last_step));
  }
  const int steps = static_cast<int>(file.trace.layers.size());
  if (line == 0) problems.push_back({name, "line 1", "is missing: the file is empty", "one JSON object per layer"});
  const auto known = known_steps.find(said.network);
  if (problems.empty() && known != known_steps.end() && steps < known->second)
    problems.push_back({name, fmt::format("line {}: step", line + 1),
                        fmt::format("is missing: the trace is cut off after {} steps", steps),
                        fmt::format("{} steps, which {} has", known->second, said.network)});
  if (!said.rows || !said.cols)
    problems.push_back({name, "", "the name does not say the size of the array",
                        "<network>_<rows>x<cols>_<dense|sparse50>.jsonl, or --rows and --cols"});
  if (!problems.empty()) return Failure{ExitCode::bad_input, problems};

  file.trace.network = said.network;
  file.trace.rows = *said.rows;
  file.trace.cols = *said.cols;
  file.trace.density = said.density ? *said.density : density_by_bytes(file.trace);
  for (TraceLayer& l : file.trace.layers) l.density = always_dense(l) ? 1 : file.trace.density;
  return file;
}

Expected<TraceFile> read_trace_file(const std::string& path, int rows, int cols) {
  const Expected<std::string> text = read_text(path);
  if (!text) return text.failure();
  TraceName said = parse_trace_name(path);
  if (rows > 0) said.rows = rows;
  if (cols > 0) said.cols = cols;
  return read_trace(*text, path, said);
}

}  // namespace tessera::replay

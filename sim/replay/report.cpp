#include <fmt/format.h>

#include <cmath>

#include "sim/replay/replay.h"

namespace tessera::replay {
namespace {

// One lane of one layer, or of all: what the trace states against what was simulated.
struct Compared {
  double published = 0, ours = 0;
  int stated = 0;
  double worst = 0;  // largest relative error of a single item above 1 ns
  std::string worst_at;

  void add(const std::optional<double>& theirs, double mine, const std::string& where) {
    ours += mine;
    if (!theirs) return;
    published += *theirs;
    ++stated;
    const double error = std::abs(mine - *theirs);
    if (error <= 1e-3 || *theirs <= 0) return;
    if (error / *theirs <= worst) return;
    worst = error / *theirs;
    worst_at = where;
  }
};

std::string error_text(double theirs, double mine) {
  return theirs > 0 ? fmt::format("{:+.4f} %", 100 * (mine - theirs) / theirs) : std::string(mine > 0 ? "new" : "");
}

class Report {
 public:
  Report(const ScheduleTrace& trace, const result::ReplayResult& replay) : trace_(trace), replay_(replay) {}

  std::string text() {
    out_ = fmt::format("replay of {} on {} {}x{}, accounting {}\n\n", trace_.network, replay_.array, replay_.rows,
                       replay_.cols, replay_.accounting);
    row("layer", "lane", "published us", replay_.added_passes ? "physical us" : "ours us", "error");
    for (std::size_t i = 0; i < replay_.layers.size(); ++i) layer(trace_.layers[i], replay_.layers[i]);
    out_ += "\nall layers; the worst single item of each lane (above 1 ns)\n";
    for (int k = 0; k < lane_count; ++k) {
      const Compared& c = lanes_[static_cast<std::size_t>(k)];
      if (c.stated == 0) {
        row("", lane_name(static_cast<Lane>(k)), "-", fmt::format("{:.3f}", c.ours), "");
        continue;
      }
      row("", lane_name(static_cast<Lane>(k)), fmt::format("{:.3f}", c.published), fmt::format("{:.3f}", c.ours),
          error_text(c.published, c.ours));
      if (c.worst > 0) out_ += fmt::format("{:37}worst {:.4f} % at {}\n", "", 100 * c.worst, c.worst_at);
    }
    total();
    return out_;
  }

 private:
  void row(const std::string& a, const std::string& b, const std::string& c, const std::string& d,
           const std::string& e) {
    out_ += fmt::format("{:28} {:8} {:>14} {:>14} {:>12}\n", a, b, c, d, e);
  }

  void layer(const TraceLayer& theirs, const result::ReplayedLayer& ours) {
    std::array<Compared, lane_count> lanes;
    const auto add = [&](Lane lane, const LaneTimes& stated, double mine, const std::string& where) {
      const auto k = static_cast<std::size_t>(lane);
      lanes[k].add(stated[k], mine, where);
      lanes_[k].add(stated[k], mine, theirs.name + where);
    };
    add(Lane::load, theirs.published, ours.load_us, "");
    add(Lane::loadw, theirs.published, ours.loadw_us, "");
    add(Lane::write, theirs.published, ours.write_us, "");
    for (std::size_t i = 0; i < ours.passes.size(); ++i) {
      static const LaneTimes none;
      const LaneTimes& stated = i < theirs.passes.size() ? theirs.passes[i].published : none;
      const result::PassTimes& p = ours.passes[i];
      const std::string where = fmt::format(" passes[{}]", i);
      add(Lane::loadfm, stated, p.loadfm_us, where);
      add(Lane::loadwm, stated, p.loadwm_us, where);
      add(Lane::comp, stated, p.comp_us, where);
      add(Lane::writefm, stated, p.writefm_us, where);
    }
    std::string name = theirs.name;
    for (int k = 0; k < lane_count; ++k) {
      const Compared& c = lanes[static_cast<std::size_t>(k)];
      if (c.ours <= 0 && c.published <= 0) continue;
      row(name, lane_name(static_cast<Lane>(k)), c.stated > 0 ? fmt::format("{:.3f}", c.published) : "-",
          fmt::format("{:.3f}", c.ours), c.stated > 0 ? error_text(c.published, c.ours) : "");
      name.clear();
    }
    const auto& end = theirs.published_end;
    row(name, "end", end ? fmt::format("{:.3f}", *end) : "-", fmt::format("{:.3f}", ours.end_us),
        end ? error_text(*end, ours.end_us) : "");
    published_total_ = end;
  }

  void total() {
    row("", "total", published_total_ ? fmt::format("{:.3f}", *published_total_) : "-",
        fmt::format("{:.3f}", replay_.latency_us),
        published_total_ ? error_text(*published_total_, replay_.latency_us) : "");
    if (replay_.added_passes)
      out_ += fmt::format(
          "accounting physical: {} passes added that a correct execution needs and the trace lacks; "
          "the published column is the published accounting\n",
          *replay_.added_passes);
  }

  const ScheduleTrace& trace_;
  const result::ReplayResult& replay_;
  std::string out_;
  std::array<Compared, lane_count> lanes_;
  std::optional<double> published_total_;
};

}  // namespace

std::string replay_report(const ScheduleTrace& trace, const result::ReplayResult& replay) {
  return Report(trace, replay).text();
}

}  // namespace tessera::replay

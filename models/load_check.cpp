#include "models/load_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::models {
namespace {

constexpr std::size_t most_problems = 20;

// Where something stands, put into words only when there is something to say about it.
struct Where {
  const char* what = "";  // "descriptor", "route", "program", ...
  long number = -1;
  program::EngineId engine = -1;
};

class LoadCheck {
 public:
  LoadCheck(const program::Program& program, const arch::ArraySpec& array)
      : program_(program), array_(array), map_(array) {}

  std::vector<Problem> run(const std::vector<Millicycles>& durations) {
    if (program_.rows != array_.rows || program_.cols != array_.cols || program_.memtile_rows != array_.memtile_rows)
      note({"program"},
           fmt::format("is for {}x{} with {} memory-tile rows, the array is {}x{} with {}", program_.rows,
                       program_.cols, program_.memtile_rows, array_.rows, array_.cols, array_.memtile_rows));
    if (program_.engines.size() != static_cast<std::size_t>(map_.count()))
      note({"program"}, fmt::format("lists {} engines, the array has {}", program_.engines.size(), map_.count()));
    if (durations.size() != program_.calls.size())
      note({"program"}, "the table of kernel durations has the wrong size");
    if (std::any_of(durations.begin(), durations.end(), [](Millicycles d) { return d < 0; }))
      note({"program"}, "a kernel duration is negative");
    if (!problems_.empty()) return problems_;
    locks();
    routes();
    for (const program::Wait& w : program_.waits)
      if (w.engine < 0 || w.engine >= map_.count()) note({"waits"}, fmt::format("engine {} does not exist", w.engine));
    if (!problems_.empty()) return problems_;
    for (program::EngineId e = 0; e < map_.count(); ++e) engine(e);
    return problems_;
  }

 private:
  void note(const Where& where, std::string what) {
    if (problems_.size() >= most_problems) return;
    std::string path = where.engine < 0 ? "" : map_.name(where.engine) + " ";
    path += where.number < 0 ? where.what : fmt::format("{} {}", where.what, where.number);
    problems_.push_back({"", std::move(path), std::move(what), ""});
  }
  int lock_count(program::TileId t) const {
    const program::TileKind k = map_.tile_kind(t);
    return k == program::TileKind::compute  ? array_.tile.locks.count
           : k == program::TileKind::memory ? array_.memtile.locks.count
                                            : array_.shim.locks.count;
  }
  void locks() {
    for (const program::LockInit& l : program_.locks) {
      if (l.tile < 0 || l.tile >= map_.tile_count())
        note({"locks"}, fmt::format("tile {} does not exist", l.tile));
      else if (l.lock < 0 || l.lock >= lock_count(l.tile))
        note({"locks"}, fmt::format("{} has no lock {}", map_.tile_name(l.tile), l.lock));
      else if (l.value < 0)
        note({"locks"}, fmt::format("{} lock {} starts below zero", map_.tile_name(l.tile), l.lock));
    }
  }
  bool is(program::EngineId e, program::EngineKind kind) const {
    return e >= 0 && e < map_.count() && map_.info(e).kind == kind;
  }
  void routes() {
    for (std::size_t i = 0; i < program_.routes.size(); ++i) {
      const program::Route& r = program_.routes[i];
      const Where where{"route", static_cast<long>(i)};
      if (!is(r.source, program::EngineKind::mm2s)) note(where, "its source is no MM2S channel");
      if (r.sinks.empty()) note(where, "has no sink");
      for (std::size_t s = 0; s < r.sinks.size(); ++s)
        if (!is(r.sinks[s], program::EngineKind::s2mm))
          note(where, "a sink is no S2MM channel");
        else if (s > 0 && r.sinks[s] <= r.sinks[s - 1])
          note(where, "its sinks are not in ascending order");
    }
  }
  void lock_op(program::EngineId e, const Where& where, program::LockOp op, bool needed) {
    if (op.lock < 0 && !needed) return;
    if (op.lock < 0 || op.lock >= lock_count(map_.info(e).tile))
      note(where, fmt::format("no lock {}", op.lock));
    else if (op.value <= 0)
      note(where, fmt::format("lock value {} is not positive", op.value));
  }
  void layer(const Where& where, int id) {
    if (id < -1 || id >= static_cast<int>(program_.layers.size())) note(where, fmt::format("no layer {}", id));
  }
  void waits(const Where& where, std::uint32_t first, std::uint32_t count) {
    if (std::uint64_t{first} + count > program_.waits.size()) note(where, "waits are out of range");
  }
  void engine(program::EngineId e);
  void transfer(program::EngineId e, const Where& where, const program::Transfer& t);
  void access(program::EngineId e, const Where& where, const program::Transfer& t);
  void steps(program::EngineId e, std::size_t count);

  const program::Program& program_;
  const arch::ArraySpec& array_;
  const program::EngineMap map_;
  std::vector<Problem> problems_;
};

void LoadCheck::engine(program::EngineId e) {
  const program::EngineProgram& list = program_.engines[static_cast<std::size_t>(e)];
  const bool core = map_.info(e).kind == program::EngineKind::core;
  const bool control = map_.info(e).kind == program::EngineKind::controller;
  steps(e, core ? list.core.size() : control ? list.control.size() : list.transfers.size());
  for (std::size_t i = 0; control && i < list.control.size(); ++i) {
    const Where where{"operation", static_cast<long>(i), e};
    layer(where, list.control[i].layer);
    waits(where, list.control[i].wait0, list.control[i].wait_count);
  }
  for (std::size_t i = 0; core && i < list.core.size(); ++i) {
    const program::CoreInstr& in = list.core[i];
    const Where where{"instruction", static_cast<long>(i), e};
    layer(where, in.layer);
    if (in.op == program::CoreOp::load) continue;
    if (in.op != program::CoreOp::kernel)
      lock_op(e, where, in.lock, true);
    else if (in.call < 0 || in.call >= static_cast<int>(program_.calls.size()))
      note(where, "no such kernel call");
    waits(where, in.wait0, in.wait_count);
  }
  for (std::size_t i = 0; !core && !control && i < list.transfers.size(); ++i)
    transfer(e, {"descriptor", static_cast<long>(i), e}, list.transfers[i]);
}

void LoadCheck::transfer(program::EngineId e, const Where& where, const program::Transfer& t) {
  layer(where, t.layer);
  waits(where, t.wait0, t.wait_count);
  lock_op(e, where, t.acquire, false);
  lock_op(e, where, t.release, false);
  if (t.route < 0 || t.route >= static_cast<int>(program_.routes.size())) {
    note(where, fmt::format("no route {}", t.route));
  } else {
    const program::Route& r = program_.routes[static_cast<std::size_t>(t.route)];
    const bool end = r.source == e || std::find(r.sinks.begin(), r.sinks.end(), e) != r.sinks.end();
    if (!end) note(where, fmt::format("route {} does not touch this channel", t.route));
  }
  access(e, where, t);
}

void LoadCheck::access(program::EngineId e, const Where& where, const program::Transfer& t) {
  const program::EngineMap::Info& info = map_.info(e);
  const program::Access& a = t.access;
  if (a.rank < 1 || a.rank > 4) return note(where, fmt::format("rank {} is not 1 to 4", a.rank));
  __extension__ typedef __int128 Wide;
  Wide bytes = 1;
  Wide low = a.base, high = a.base;
  for (int d = 0; d < a.rank; ++d) {
    const program::AccessDim& dim = a.dims[static_cast<std::size_t>(d)];
    if (dim.count < 1 || dim.pad_before < 0 || dim.pad_after < 0)
      return note(where, "a dimension is empty or negative");
    bytes *= Wide{dim.count} + dim.pad_before + dim.pad_after;
    const Wide reach = (Wide{dim.count} - 1) * (d == 0 ? 1 : dim.step);
    (reach < 0 ? low : high) += reach;
    if ((dim.pad_before != 0 || dim.pad_after != 0) &&
        !(info.tile_kind == program::TileKind::memory && info.kind == program::EngineKind::mm2s))
      note(where, "only MM2S descriptors of memory tiles can pad");
  }
  if (bytes > (Wide{1} << 31)) return note(where, "moves more than 2^31 bytes");
  const Wide size = info.tile_kind == program::TileKind::compute  ? Wide{array_.tile.memory.size}
                    : info.tile_kind == program::TileKind::memory ? Wide{array_.memtile.memory.size}
                                                                  : Wide{1} << 62;
  if (low < 0 || high >= size)
    note(where, fmt::format("addresses {} to {} leave the memory", static_cast<std::int64_t>(low),
                            static_cast<std::int64_t>(high)));
  if (info.tile_kind != program::TileKind::memory) return;
  const bool memory =
      t.memory >= 0 && t.memory < map_.tile_count() && map_.tile_kind(t.memory) == program::TileKind::memory;
  if (!memory) return note(where, "names no memory tile");
  const int own = info.tile - array_.cores(), other = t.memory - array_.cores();
  const int k = array_.memtile_rows;
  if (own % k != other % k || std::abs(own / k - other / k) > 1)
    note(where, fmt::format("cannot reach {}", map_.tile_name(t.memory)));
}

void LoadCheck::steps(program::EngineId e, std::size_t count) {
  const std::vector<program::Step>& list = program_.engines[static_cast<std::size_t>(e)].steps;
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < list.size(); ++i) {
    while (!ends.empty() && ends.back() <= i) ends.pop_back();
    const program::Step& s = list[i];
    const Where where{"step", static_cast<long>(i), e};
    if (s.index >= 0) {
      if (static_cast<std::size_t>(s.index) >= count) note(where, fmt::format("no instruction {}", s.index));
      continue;
    }
    const std::size_t limit = ends.empty() ? list.size() : ends.back();
    if (s.repeat < 1 || s.body < 1 || i + 1 + static_cast<std::size_t>(s.body) > limit)
      note(where, "a repeat is empty or leaves the list or the loop around it");
    else
      ends.push_back(i + 1 + static_cast<std::size_t>(s.body));
  }
}

}  // namespace

std::optional<Failure> load_check(const program::Program& program, const arch::ArraySpec& array,
                                  const std::vector<Millicycles>& durations) {
  std::vector<Problem> problems = LoadCheck(program, array).run(durations);
  if (problems.empty()) return std::nullopt;
  return Failure{ExitCode::bad_input, std::move(problems)};
}

}  // namespace tessera::models

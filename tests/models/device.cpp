#include "tests/models/device.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

namespace tessera {
namespace {

// Bytes of an outcome, through a pipe between two processes of the same binary.
class Writer {
 public:
  std::string bytes;
  template <class T>
  void raw(const T& v) {
    static_assert(std::is_trivially_copyable_v<T>, "only plain values");
    bytes.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  void text(const std::string& s) {
    raw(s.size());
    bytes += s;
  }
  template <class T, class F>
  void list(const std::vector<T>& v, F each) {
    raw(v.size());
    for (const T& x : v) each(x);
  }
  template <class T>
  void list(const std::vector<T>& v) {
    list(v, [&](const T& x) { raw(x); });
  }
};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : at_(bytes.data()) {}
  template <class T>
  void raw(T& v) {
    std::memcpy(&v, at_, sizeof v);
    at_ += sizeof v;
  }
  void text(std::string& s) {
    std::size_t n = 0;
    raw(n);
    s.assign(at_, n);
    at_ += n;
  }
  template <class T, class F>
  void list(std::vector<T>& v, F each) {
    std::size_t n = 0;
    raw(n);
    v.resize(n);
    for (T& x : v) each(x);
  }
  template <class T>
  void list(std::vector<T>& v) {
    list(v, [&](T& x) { raw(x); });
  }

 private:
  const char* at_;
};

// One description of the fields serves both directions.
template <class Pipe, class O>
void pass(Pipe& p, O& o) {
  p.raw(o.code);
  p.list(o.problems, [&](auto& x) { p.text(x.file), p.text(x.path), p.text(x.what), p.text(x.legal); });
  p.list(o.slices, [&](auto& s) { p.raw(s.engine), p.raw(s.layer), p.text(s.what), p.raw(s.begin), p.raw(s.end); });
  auto& r = o.result;
  p.raw(r.total), p.list(r.layers), p.list(r.engines), p.raw(r.traffic), p.raw(r.events);
  p.list(r.captured, [&](auto& c) { p.raw(c.tensor), p.list(c.values), p.list(c.writes), p.list(c.writer); });
  p.list(r.errors, [&](auto& e) { p.text(e.text); });
}

class SliceList : public trace::TraceSink {
 public:
  std::vector<Slice> slices;
  void task(const trace::Task& t) override { slices.push_back({t.engine, t.layer, t.what, t.begin, t.end}); }
};

Outcome run_here(const Device& d) {
  Outcome o;
  SliceList trace;
  exec::SimOptions options = d.options;
  options.trace = &trace;
  program::ProgramBuilder copy = d.build;
  auto r = simulate(copy.finish(), d.array, d.durations, options, d.image);
  if (r) {
    o.result = std::move(*r);
  } else {
    o.code = r.failure().code;
    o.problems = r.failure().problems;
  }
  o.slices = std::move(trace.slices);
  return o;
}

}  // namespace

std::vector<Slice> Outcome::of(program::EngineId engine) const {
  std::vector<Slice> found;
  for (const Slice& s : slices)
    if (s.engine == engine) found.push_back(s);
  return found;
}

Cycles Outcome::end(program::EngineId engine, std::size_t n) const {
  const auto list = of(engine);
  return n < list.size() ? ceil_div(list[n].end, millicycles_per_cycle) : -1;
}

Cycles Outcome::begin(program::EngineId engine, std::size_t n) const {
  const auto list = of(engine);
  return n < list.size() ? ceil_div(list[n].begin, millicycles_per_cycle) : -1;
}

bool Outcome::says(const std::string& text) const {
  const auto has = [&](const std::string& s) { return s.find(text) != std::string::npos; };
  for (const Problem& p : problems)
    if (has(p.path + ": " + p.what + "; " + p.legal)) return true;
  for (const exec::FunctionalError& e : result.errors)
    if (has(e.text)) return true;
  return false;
}

arch::ArraySpec bare_array(int rows, int cols) {
  arch::ArraySpec a;
  a.name = "bare";
  a.rows = rows;
  a.cols = cols;
  a.memtile.memory = {524288, 16, 16};
  a.memtile.locks.count = 64;
  a.memtile.dma.s2mm = a.memtile.dma.mm2s = 6;
  a.memtile.dma.descriptors = 48;
  a.ddr = {1024, 1024, 1024, 0};
  return a;
}

program::Transfer Device::on(program::EngineId channel, program::EngineId source,
                             const std::vector<program::EngineId>& sinks, const program::Access& access) {
  program::Transfer t;
  t.access = access;
  t.memory = build.map().info(channel).tile;
  t.route = build.route(source, sinks);
  return t;
}

void Device::copy(program::EngineId source, program::EngineId sink, Bytes bytes, std::int64_t from, std::int64_t to,
                  const std::vector<program::Wait>& waits) {
  build.transfer(source, on(source, source, {sink}, program::linear(from, bytes)), waits);
  build.transfer(sink, on(sink, source, {sink}, program::linear(to, bytes)));
}

int Device::busy(program::EngineId core, Cycles cycles, const std::vector<program::Wait>& waits) {
  durations.push_back(cycles * millicycles_per_cycle);
  program::KernelCall call;
  call.kind = program::KernelKind::ops;
  return build.call(core, call, waits);
}

Outcome Device::run_until_idle() const {
  int fd[2];
  Outcome o;
  o.code = ExitCode::internal;
  if (pipe(fd) != 0) return o;
  const pid_t child = fork();
  if (child == 0) {
    close(fd[0]);
    Writer w;
    Outcome here = run_here(*this);
    pass(w, here);
    for (std::size_t at = 0; at < w.bytes.size();) {
      const auto n = write(fd[1], w.bytes.data() + at, w.bytes.size() - at);
      if (n <= 0) _exit(1);
      at += static_cast<std::size_t>(n);
    }
    _exit(0);
  }
  close(fd[1]);
  std::string bytes;
  char buffer[65536];
  for (ssize_t n; (n = read(fd[0], buffer, sizeof buffer)) > 0;) bytes.append(buffer, static_cast<std::size_t>(n));
  close(fd[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) {
    o.problems.push_back({"", "child", "the simulation ended with status " + std::to_string(status), ""});
    return o;
  }
  Reader r(bytes);
  pass(r, o);
  return o;
}

}  // namespace tessera

#include <algorithm>

#include "sim/program/text.h"
#include "sim/program/text_operator.h"
#include "sim/program/text_values.h"

namespace tessera::program {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const arch::ArraySpec& array, const std::string& file)
      : text_(text), array_(array), map_(array), problems_(file), line_(problems_), values_(line_, map_) {
    p_.engines.resize(map_.count());
    p_.rows = 0;
  }

  Expected<Program> run() {
    while (next() && !problems_.full()) {
      const std::string_view key = line_.keyword();
      if (!begun_ && key != "program") {
        line_.problem("", "the text does not begin with 'program 1'");
        return problems_.take();
      }
      if (key == "move") {
        move();
      } else if (key == "call") {
        call();
      } else if (key == "acquire" || key == "release") {
        lock_step(key == "acquire" ? CoreOp::acquire : CoreOp::release);
      } else if (key == "load") {
        load();
      } else if (key == "repeat" || key == "end") {
        key == "repeat" ? repeat() : end();
      } else if (const auto kind = values_.controls.find(std::string(key.substr(0, 60)));
                 kind != values_.controls.end()) {
        control(static_cast<ControlKind>(kind->second));
      } else {
        declaration(key);
      }
      line_.finish();
    }
    if (problems_.empty()) close();
    if (!problems_.empty()) return problems_.take();
    return std::move(p_);
  }

 private:
  bool next() {
    while (at_ < text_.size()) {
      const std::size_t stop = std::min(text_.find('\n', at_), text_.size());
      line_.read(++number_, text_.substr(at_, stop - at_));
      at_ = stop + 1;
      if (!line_.blank()) return true;
    }
    return false;
  }

  void declaration(std::string_view key) {
    if (key == "program") return program();
    if (key == "network") return void(p_.network = line_.text("name"));
    if (key == "array") return array();
    if (key == "accounting") return void(p_.accounting = line_.text("name"));
    if (key == "ddr") return line_.number("bytes", p_.ddr_bytes);
    if (key == "tensors") return tensors();
    if (key == "product") return values_.product(p_.product);
    if (key == "alike") return p_.written_alike.push_back(values_.ddr_range("ddr"));
    if (key == "layer") return layer();
    if (key == "mask") return mask();
    if (key == "chunk") return chunk();
    if (key == "piece") return p_.pieces.push_back(values_.piece());
    if (key == "lock") return p_.locks.push_back(values_.lock());
    if (key == "code") return code();
    if (key == "image") return image();
    if (key == "route") return route();
    if (key == "engine") return engine();
    const std::string near = nearest_name(
        std::string(key.substr(0, 60)),
        {"program", "network", "array", "alike", "accounting", "tensors", "ddr",  "product", "layer",   "mask",
         "chunk",   "piece",   "lock",  "route", "engine",     "move",    "call", "acquire", "release", "repeat",
         "end",     "write",   "patch", "set",   "push",       "await",   "code", "image",   "load"});
    line_.problem("", "unknown keyword '" + std::string(key.substr(0, 60)) + "'",
                  near.empty() ? "" : "did you mean '" + near + "'?");
  }

  void program() {
    const std::string_view word = line_.word("version");
    if (word == "end") {
      close_engine();
      ended_ = true;
      if (at_ < text_.size() && text_.find_first_not_of(" \t\r\n", at_) != std::string_view::npos)
        line_.problem("", "text follows behind 'program end'");
      at_ = text_.size();
    } else if (word != "1") {
      line_.unreadable("version", word, "1");
    }
    begun_ = true;
  }

  void array() {
    p_.array = line_.text("name");
    const auto same = [&](std::string_view key, int have, int want) {
      if (have != want)
        line_.problem(key, "the text says " + std::to_string(have) + ", the hardware has " + std::to_string(want));
    };
    const auto channels = [&](std::string_view key, const arch::DmaSpec& dma) {
      int in = dma.s2mm, out = dma.mm2s;
      line_.numbers(key, {&in, &out});
      if (in != dma.s2mm || out != dma.mm2s)
        line_.problem(key, "the text says " + std::to_string(in) + " s2mm and " + std::to_string(out) +
                               " mm2s channels, the hardware has " + std::to_string(dma.s2mm) + " and " +
                               std::to_string(dma.mm2s));
    };
    line_.number("rows", p_.rows);
    line_.number("cols", p_.cols);
    line_.number("memtile_rows", p_.memtile_rows);
    same("rows", p_.rows, array_.rows);
    same("cols", p_.cols, array_.cols);
    same("memtile_rows", p_.memtile_rows, array_.memtile_rows);
    channels("tile", array_.tile.dma);
    channels("memtile", array_.memtile.dma);
    channels("shim", array_.shim.dma);
  }

  void tensors() {
    const std::string_view word = line_.word("tensors");
    if (word != "none") line_.unreadable("tensors", word, "none");
    p_.tensors = false;
  }

  // ---- declarations ----

  void layer() {
    values_.in_order(p_.layers.size());
    ProgramLayer l;
    network::Layer& y = l.layer;
    network::Window& w = y.window;
    y.id = static_cast<int>(p_.layers.size());
    y.name = line_.text("name");
    y.op = static_cast<network::Op>(values_.name("op", values_.ops, line_.required("op"), "operation"));
    values_.ints("inputs", y.inputs);
    line_.numbers("in", {&y.in.h, &y.in.w, &y.in.c});
    line_.numbers("out", {&y.out.h, &y.out.w, &y.out.c});
    line_.numbers("window", {&w.kh, &w.kw});
    line_.numbers("stride", {&w.sh, &w.sw});
    line_.numbers("pad", {&w.pad_top, &w.pad_left, &w.pad_bottom, &w.pad_right});
    y.relu = line_.flag("relu");
    line_.optional("shift", y.shift);
    values_.scaling(y);
    y.is_gemm = line_.flag("gemm");
    values_.element_types("types", y);
    read_operator_attributes(line_, y);
    values_.ints("source", y.source);
    line_.optional("mask", l.mask);
    l.zeros_kept = line_.flag("zeros_kept");
    line_.optional_text("mapping", l.mapping);
    values_.ints("order", l.block_order);
    p_.layers.push_back(std::move(l));
  }

  void mask() {
    values_.in_order(p_.masks.size());
    sparsity::KernelMask m;
    line_.number("rows", m.rows);
    line_.number("cols", m.cols);
    line_.numbers("unit", {&m.unit_rows, &m.unit_cols});
    line_.finish();
    const int start = line_.number();
    if (m.rows < 0 || m.cols < 1 || m.rows > TextValues::longest_range || m.cols > TextValues::longest_range) {
      line_.problem("rows", "a mask of " + std::to_string(m.rows) + " x " + std::to_string(m.cols) + " blocks");
      return;
    }
    for (int r = 0; r < m.rows; ++r) {
      const std::size_t before = at_;
      const int line_before = number_;
      if (!next()) {
        problems_.add(start, "rows", "the text ends inside the mask");
        break;
      }
      if (!read_mask_row(line_.keyword(), m)) {
        line_.problem("", "row " + std::to_string(r) + " of the mask is not " + std::to_string((m.cols + 3) / 4) +
                              " hexadecimal digits");
        at_ = before;  // it may be the next declaration
        number_ = line_before;
        break;
      }
    }
    line_.read(start, {});
    p_.masks.push_back(std::move(m));
  }

  void chunk() {
    values_.in_order(p_.chunks.size());
    ChunkPlace c;
    line_.number("layer", c.layer);
    values_.ints("rows", c.shape.rows);
    line_.numbers("cols", {&c.shape.col0, &c.shape.col1}, ':');
    line_.number("taps", c.shape.taps);
    c.shape.bias = line_.flag("bias");
    c.shape.multipliers = line_.optional("multipliers", c.size.multipliers);
    c.shape.by_channel = line_.flag("by_channel");
    line_.optional("table", c.shape.table);
    c.size.table = c.shape.table;
    line_.optional("padding", c.shape.padding);
    c.size.padding = c.shape.padding;
    line_.number("blocks", c.size.blocks);
    c.size.indexed = line_.flag("indexed");
    line_.numbers("size", {&c.size.bias, &c.size.index, &c.size.data});
    line_.number("ddr", c.ddr_address);
    p_.chunks.push_back(std::move(c));
  }

  void code() {
    values_.in_order(p_.code.size());
    p_.code.push_back({line_.text("name"), 0});
    line_.number("bytes", p_.code.back().bytes);
  }

  void image() {
    values_.in_order(p_.images.size());
    values_.ints("code", p_.images.emplace_back());
  }

  void route() {
    values_.in_order(p_.routes.size());
    Route r;
    r.source = values_.name("from", values_.engines, line_.required("from"), "engine");
    std::string_view value;
    if (line_.find("to", value)) {
      Cursor c{value};
      do {
        r.sinks.push_back(values_.name("to", values_.engines, c.until(";"), "engine"));
      } while (c.eat(';'));
    }
    p_.routes.push_back(std::move(r));
  }

  // ---- steps ----

  void engine() {
    close_engine();
    engine_ = values_.name("engine", values_.engines, line_.word("name"), "engine");
    if (!p_.engines[engine_].steps.empty()) line_.problem("name", "the engine has been described before");
  }

  enum class StepOf { channel, core, controller };
  EngineProgram* open(StepOf step) {
    if (engine_ < 0) {
      line_.problem("", "a step stands before the first 'engine'");
      return nullptr;
    }
    const EngineKind kind = map_.info(engine_).kind;
    const StepOf own = kind == EngineKind::core         ? StepOf::core
                       : kind == EngineKind::controller ? StepOf::controller
                                                        : StepOf::channel;
    if (own != step) {
      line_.problem("", "'" + std::string(line_.keyword()) + "' is not a step of " + map_.name(engine_),
                    own == StepOf::channel ? "legal: move"
                    : own == StepOf::core  ? "legal: acquire, release, call, load"
                                           : "legal: write, patch, set, push, await");
      return nullptr;
    }
    return &p_.engines[engine_];
  }

  void repeat() {
    Step s;
    const std::string_view times = line_.word("times");
    if (!times.empty()) line_.integer("times", times, s.repeat);
    if (engine_ < 0) return line_.problem("", "a step stands before the first 'engine'");
    if (loops_.size() >= static_cast<std::size_t>(deepest_repeat))
      return line_.problem("", "'repeat' nested too deep", "legal: up to " + std::to_string(deepest_repeat));
    auto& steps = p_.engines[engine_].steps;
    loops_.push_back(steps.size());
    steps.push_back(s);
  }

  void end() {
    if (loops_.empty()) return line_.problem("", "'end' without 'repeat'");
    auto& steps = p_.engines[engine_].steps;
    steps[loops_.back()].body = static_cast<std::int32_t>(steps.size() - loops_.back() - 1);
    loops_.pop_back();
  }

  void close_engine() {
    if (!loops_.empty())
      line_.problem("", std::to_string(loops_.size()) + " 'repeat' of " + map_.name(engine_) + " without 'end'");
    loops_.clear();
  }

  void move() {
    Transfer t;
    line_.number("route", t.route);
    line_.number("bd", t.descriptor);
    t.memory = values_.name("mem", values_.tiles, line_.required("mem"), "tile");
    values_.access(t.access);
    values_.lock_op("acquire", t.acquire);
    values_.lock_op("release", t.release);
    values_.waits(p_.waits, t.wait0, t.wait_count);
    line_.number("layer", t.layer);
    t.payload = static_cast<Payload>(values_.name("payload", values_.payloads, line_.required("payload"), "payload"));
    line_.optional("tensor", t.tensor);
    std::string_view value;
    if (line_.find("region", value)) values_.region(value, t.region);
    values_.lattice("every", t.lattice);
    if (EngineProgram* e = open(StepOf::channel)) {
      e->steps.push_back({static_cast<std::int32_t>(e->transfers.size()), 0, 0});
      e->transfers.push_back(t);
    }
  }

  void lock_step(CoreOp op) {
    CoreInstr i;
    i.op = op;
    const std::string_view word = line_.word("lock");
    if (!word.empty()) values_.lock_value("lock", word, i.lock);
    values_.waits(p_.waits, i.wait0, i.wait_count);
    line_.number("layer", i.layer);
    add_core(i);
  }

  void load() {
    CoreInstr i;
    i.op = CoreOp::load;
    const std::string_view word = line_.word("image");
    if (!word.empty()) line_.integer("image", word, i.call);
    line_.number("layer", i.layer);
    add_core(i);
  }

  void call() {
    KernelCall k;
    k.kind = static_cast<KernelKind>(values_.name("kernel", values_.kernels, line_.word("kernel"), "kernel"));
    line_.number("layer", k.layer);
    CoreInstr i;
    i.layer = k.layer;
    line_.optional("instr_layer", i.layer);
    values_.region(line_.required("out"), k.out);
    line_.numbers("in", {&k.in_h, &k.in_w, &k.in_c});
    line_.number("ic0", k.ic0);
    k.first = line_.flag("first");
    k.last = line_.flag("last");
    line_.optional("at", k.in);
    line_.optional("at2", k.in2);
    line_.optional("weights", k.weights);
    line_.optional("acc", k.acc);
    line_.optional("result", k.result);
    line_.optional("chunk", k.chunk);
    line_.optional("add", k.add_layer);
    line_.optional("operations", k.operations);
    values_.ring("ring", k);
    line_.optional("code", k.code);
    values_.waits(p_.waits, i.wait0, i.wait_count);
    i.call = static_cast<std::int32_t>(p_.calls.size());
    p_.calls.push_back(k);
    add_core(i);
  }

  void add_core(const CoreInstr& i) {
    if (EngineProgram* e = open(StepOf::core)) {
      e->steps.push_back({static_cast<std::int32_t>(e->core.size()), 0, 0});
      e->core.push_back(i);
    }
  }

  void control(ControlKind kind) {
    const ControlOp c = values_.control(kind, p_.waits);
    if (EngineProgram* e = open(StepOf::controller)) {
      e->steps.push_back({static_cast<std::int32_t>(e->control.size()), 0, 0});
      e->control.push_back(c);
    }
  }

  void close() {
    if (!ended_) problems_.add(number_, "", "the text has no 'program end': it was cut");
    if (p_.rows == 0) problems_.add(number_, "", "the text has no 'array' line");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int number_ = 0;
  const arch::ArraySpec& array_;
  EngineMap map_;
  TextProblems problems_;
  TextLine line_;
  TextValues values_;
  Program p_;
  bool begun_ = false, ended_ = false;
  EngineId engine_ = -1;
  std::vector<std::size_t> loops_;
};

}  // namespace

Expected<Program> parse_program(std::string_view text, const arch::ArraySpec& array, const std::string& file) {
  return Parser(text, array, file).run();
}

}  // namespace tessera::program

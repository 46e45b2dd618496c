#include "sim/program/text_values.h"

#include <algorithm>
#include <limits>

namespace tessera::program {

TextValues::TextValues(TextLine& line, const EngineMap& map) : line_(line) {
  for (EngineId e = 0; e < map.count(); ++e) engines[map.name(e)] = e;
  for (TileId t = 0; t < map.tile_count(); ++t) tiles[map.tile_name(t)] = t;
  for (int k = 0; k < tessera::ops::kernel_kinds; ++k) kernels[kernel_name(static_cast<KernelKind>(k))] = k;
  for (int r = 0; r <= static_cast<int>(LockRole::staging_empty); ++r)
    roles[lock_role_name(static_cast<LockRole>(r))] = r;
  for (int o = 0; o < tessera::ops::operator_count; ++o) ops[op_name(static_cast<network::Op>(o))] = o;
  for (const std::string& type : network::type_names()) types[type] = static_cast<int>(*network::find_type(type));
  for (int c = 0; c < arch::control_kinds; ++c) controls[control_name(static_cast<ControlKind>(c))] = c;
  payloads = {{"none", 0}, {"activations", 1}, {"weights", 2}, {"result", 3}, {"padding", 4}};
}

int TextValues::name(std::string_view field, const TextNames& names, std::string_view word, const char* kind) {
  const std::string key(word.substr(0, 60));
  const auto it = names.find(key);
  if (it != names.end()) return it->second;
  std::vector<std::string> legal;
  for (const auto& entry : names) legal.push_back(entry.first);
  std::sort(legal.begin(), legal.end());
  const std::string near = nearest_name(key, legal);
  line_.problem(field, std::string("unknown ") + kind + " '" + key + "'",
                near.empty() ? "" : "did you mean '" + near + "'?");
  return 0;
}

void TextValues::element_types(std::string_view key, network::Layer& layer) {
  std::string_view value;
  if (!line_.find(key, value)) return;
  Cursor c{value};
  layer.in_type = static_cast<network::ElementType>(name(key, types, c.until(","), "type"));
  c.eat(',');
  layer.out_type = static_cast<network::ElementType>(name(key, types, c.rest, "type"));
}

void TextValues::scaling(network::Layer& layer) {
  std::string_view value;
  if (line_.flag("channel_scales")) layer.scaling = network::Scaling::channel;
  if (!line_.find("multiplier", value)) return;
  if (layer.scaling == network::Scaling::channel) line_.problem("multiplier", "stands beside channel_scales");
  layer.scaling = network::Scaling::tensor;
  Cursor c{value};
  if (!(c.number(layer.multiplier[0]) && c.eat(',') && c.number(layer.multiplier[1]) && c.done()))
    line_.unreadable("multiplier", value, "two numbers separated by ','");
}

void TextValues::ring(std::string_view key, KernelCall& call) {
  std::string_view value;
  if (!line_.find(key, value)) return;
  Cursor c{value};
  if (!c.number(call.ring) || !c.eat(',') || !c.number(call.ring_row) || !c.done())
    line_.unreadable(key, value, "2 numbers separated by ','");
}

void TextValues::lattice(std::string_view key, ops::Lattice& lattice) {
  std::string_view value;
  if (!line_.find(key, value)) return;
  Cursor c{value};
  if (!c.number(lattice.h) || !c.eat(',') || !c.number(lattice.w) || !c.done())
    line_.unreadable(key, value, "2 numbers separated by ','");
}

void TextValues::iterate(std::string_view key, ControlOp& op) {
  std::string_view value;
  if (!line_.find(key, value)) return;
  Cursor c{value};
  if (!c.number(op.iterations) || !c.eat('@') || !c.number(op.iteration_step) || !c.done())
    line_.unreadable(key, value, "times@step");
}

ControlOp TextValues::control(ControlKind kind, std::vector<Wait>& list) {
  ControlOp c;
  c.kind = kind;
  const bool write = kind == ControlKind::write_descriptor, push = kind == ControlKind::push_task;
  if (kind == ControlKind::write_switch) {
    c.channel = -1;
    c.tile = static_cast<std::int16_t>(name("tile", tiles, line_.word("tile"), "tile"));
    line_.number("first", c.first);
    line_.number("words", c.words);
  } else {
    c.channel = name("channel", engines, line_.word("channel"), "engine");
  }
  if (write || push || kind == ControlKind::patch_address) line_.number("bd", c.descriptor);
  if (write) {
    line_.number("move", c.transfer);
    line_.optional("joined", c.joined);
    line_.optional("next", c.next);
    iterate("iterate", c);
    c.ends_at_last = line_.flag("tlast");
  }
  if (push) {
    line_.number("moves", c.transfers);
    line_.optional("repeat", c.repeat);
    c.token = line_.flag("token");
  }
  if (kind == ControlKind::await_token) waits(list, c.wait0, c.wait_count);
  line_.number("layer", c.layer);
  return c;
}

TensorPiece TextValues::piece() {
  TensorPiece t;
  line_.number("tensor", t.tensor);
  region(line_.required("region"), t.region);
  const std::string_view placement = line_.required("placement");
  t.in_ddr = placement == "ddr";
  if (!t.in_ddr) t.memory = name("placement", tiles, placement, "tile");
  access(t.access);
  return t;
}

LockInit TextValues::lock() {
  LockInit l;
  l.tile = name("tile", tiles, line_.word("tile"), "tile");
  const std::string_view number = line_.word("number");
  if (!number.empty()) line_.integer("number", number, l.lock);
  line_.number("value", l.value);
  l.role = static_cast<LockRole>(name("role", roles, line_.required("role"), "role"));
  return l;
}

void TextValues::product(Product& product) {
  line_.number("layer", product.layer);
  matrix("a", product.a);
  matrix("b", product.b);
  matrix("c", product.c);
}

DdrRange TextValues::ddr_range(std::string_view key) {
  DdrRange range;
  line_.numbers(key, {&range.begin, &range.end});
  if (range.begin < 0 || range.end <= range.begin) line_.problem(key, "no bytes lie between the two");
  return range;
}

void TextValues::matrix(std::string_view key, Matrix& m) {
  std::int64_t rows = 0;
  line_.numbers(key, {&m.address, &m.pitch, &rows});
  m.rows = static_cast<int>(rows);
  if (rows < 0 || rows > std::numeric_limits<int>::max())
    line_.problem(key, "has " + std::to_string(rows) + " rows",
                  "legal: up to " + std::to_string(std::numeric_limits<int>::max()));
}

void TextValues::in_order(std::size_t want) {
  std::int64_t id = 0;
  const std::string_view word = line_.word("number");
  if (word.empty() || !line_.integer("number", word, id)) return;
  if (id != static_cast<std::int64_t>(want))
    line_.problem("number", "found " + std::to_string(id), "legal: " + std::to_string(want) + ", the next in order");
}

void TextValues::region(std::string_view value, Region& r) {
  if (value.empty()) return;
  Cursor c{value};
  if (!(c.number(r.h0) && c.eat(':') && c.number(r.h1) && c.eat(',') && c.number(r.w0) && c.eat(':') &&
        c.number(r.w1) && c.eat(',') && c.number(r.c0) && c.eat(':') && c.number(r.c1) && c.done()))
    line_.unreadable("region", value, "h0:h1,w0:w1,c0:c1");
}

void TextValues::access(Access& a) {
  line_.number("at", a.base);
  const std::string_view value = line_.required("dims");
  a.rank = 0;
  if (value.empty() || value == "-") return;
  Cursor c{value};
  bool good = true;
  do {
    if (a.rank == 4) {
      good = false;
      break;
    }
    AccessDim& d = a.dims[a.rank++];
    good = c.number(d.count) && (!c.eat('@') || c.number(d.step));
    if (good && c.eat('+')) good = c.number(d.pad_before) && c.eat('+') && c.number(d.pad_after);
  } while (good && c.eat(','));
  if (!good || !c.done()) line_.unreadable("dims", value, "up to 4 times count@step+before+after, separated by ','");
}

void TextValues::ints(std::string_view key, std::vector<int>& values) {
  std::string_view value;
  if (!line_.find(key, value)) return;
  Cursor c{value};
  bool good = true;
  do {
    int first = 0, last = 0;
    good = c.number(first);
    last = first;
    if (good && c.eat('-')) good = c.number(last) && last >= first && std::int64_t{last} - first < longest_range;
    for (std::int64_t i = first; good && i <= last; ++i) values.push_back(static_cast<int>(i));
    good = good && values.size() < static_cast<std::size_t>(longest_range);
  } while (good && c.eat(','));
  if (!good || !c.done()) line_.unreadable(key, value, "numbers and ranges as in 0-3,7");
}

void TextValues::lock_op(std::string_view key, LockOp& op) {
  std::string_view value;
  if (line_.find(key, value)) lock_value(key, value, op);
}
void TextValues::lock_value(std::string_view key, std::string_view value, LockOp& op) {
  Cursor c{value};
  if (!(c.number(op.lock) && c.eat(':') && c.number(op.value) && c.done() && op.lock >= 0))
    line_.unreadable(key, value, "lock:value");
}

void TextValues::waits(std::vector<Wait>& list, std::uint32_t& first, std::uint32_t& count) {
  first = static_cast<std::uint32_t>(list.size());
  std::string_view value;
  if (!line_.find("wait", value)) return;
  Cursor c{value};
  bool good = true;
  do {
    Wait w;
    w.engine = name("wait", engines, c.until(":;"), "engine");
    good = c.eat(':') && c.number(w.tasks);
    list.push_back(w);
  } while (good && c.eat(';'));
  if (!good || !c.done()) line_.unreadable("wait", value, "engine:tasks, separated by ';'");
  count = static_cast<std::uint32_t>(list.size()) - first;
}

bool read_mask_row(std::string_view digits, sparsity::KernelMask& m) {
  if (digits.size() != static_cast<std::size_t>((m.cols + 3) / 4)) return false;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::size_t v = std::string_view("0123456789abcdef").find(digits[i]);
    if (v == std::string_view::npos) return false;
    for (std::size_t k = 0; k < 4 && i * 4 + k < static_cast<std::size_t>(m.cols); ++k)
      m.bits.push_back((v >> (3 - k)) & 1);
  }
  return true;
}

}  // namespace tessera::program

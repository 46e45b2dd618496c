#include "sim/verify/structure.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sim/verify/limits.h"
#include "sim/verify/repeated.h"

namespace tessera::verify {
namespace {

class Structure {
 public:
  Structure(const program::Program& p, const arch::ArraySpec& a, const program::EngineMap& map, Findings& f)
      : p_(p), a_(a), map_(map), f_(f) {}

  void run() {
    if (p_.rows != a_.rows || p_.cols != a_.cols || p_.memtile_rows != a_.memtile_rows)
      return f_.add("array",
                    fmt::format("the program is for {} x {} cores with {} memory tiles per column", p_.rows, p_.cols,
                                p_.memtile_rows),
                    fmt::format("the hardware has {} x {} with {}", a_.rows, a_.cols, a_.memtile_rows));
    if (static_cast<int>(p_.engines.size()) != map_.count())
      return f_.add("engines", fmt::format("{} engines", p_.engines.size()), fmt::format("legal: {}", map_.count()));
    layers();
    if (f_.empty()) tables();
    if (f_.empty()) locks();
    alike();
    routes();
  }

 private:
  // ---- layers, chunks, pieces ----

  void layers() {
    for (std::size_t i = 0; i < p_.layers.size(); ++i) {
      const network::Layer& y = p_.layers[i].layer;
      const auto bad = [&](std::string what) {
        f_.add("layer " + f_.layer_name(static_cast<int>(i)), std::move(what));
      };
      if (y.id != static_cast<int>(i)) bad(fmt::format("has id {} at place {}", y.id, i));
      const network::Window& w = y.window;
      if (std::min({w.kh, w.kw, w.sh, w.sw, y.out.h, y.out.w, y.out.c}) < 1 ||
          std::min({w.pad_top, w.pad_left, w.pad_bottom, w.pad_right}) < 0)
        bad("a size is not positive");
      if (std::max({w.kh, w.kw, w.sh, w.sw, w.pad_top, w.pad_left, w.pad_bottom, w.pad_right}) > longest_window ||
          too_large(y.in) || too_large(y.out))
        bad(fmt::format("a size is too large: {}x{}x{} from {}x{}x{}", y.out.h, y.out.w, y.out.c, y.in.h, y.in.w,
                        y.in.c));
      for (network::LayerId input : y.inputs)
        if (input < 0 || input >= static_cast<int>(i)) bad(fmt::format("reads layer {}", input));
      const int inputs = operator_of(y).inputs;
      if (inputs < 0 ? y.inputs.empty() : static_cast<int>(y.inputs.size()) != inputs)
        bad(fmt::format("has {} inputs", y.inputs.size()));
      if (!f_.empty()) return;
      shapes(y, bad);
      const int mask = p_.layers[i].mask;
      if (mask < -1 || mask >= static_cast<int>(p_.masks.size())) bad(fmt::format("names mask {}", mask));
      if (mask >= 0 && f_.empty()) mask_fits(p_.masks[mask], y, bad);
      if (p_.layers[i].zeros_kept && f_.empty()) all_blocks(mask, bad);
      order(p_.layers[i], bad);
      if (f_.empty()) check_repeated(p_, y, f_);
    }
  }

  static bool too_large(const network::Shape& s) {
    return std::min({s.h, s.w, s.c}) < 0 || std::max({s.h, s.w, s.c}) > most_elements ||
           std::int64_t{s.h} * s.w > most_bytes / std::max(1, s.c);
  }

  template <class Bad>
  void shapes(const network::Layer& y, const Bad& bad) {
    if (ops::is_source(y)) return;
    const network::Shape& in = p_.layers[y.inputs[0]].layer.out;
    const network::Window& w = y.window;
    if (y.op == network::Op::concat) {
      std::int64_t channels = 0;
      for (network::LayerId input : y.inputs) channels += network::stored_channels(p_.layers[input].layer.out.c);
      if (channels != network::stored_channels(y.out.c))
        bad(fmt::format("stores {} channels of {} that its inputs store", network::stored_channels(y.out.c), channels));
      return;
    }
    if (!(y.in == in)) bad("its input shape is not that of the tensor it reads");
    if (y.op == network::Op::matmul) return matmul(y, bad);
    if (operator_of(y).inputs == 2) {
      const network::Shape& second = p_.layers[y.inputs[1]].layer.out;
      if (!(y.second == second)) bad("its second input's shape is not that of the tensor it reads");
      const bool fits = second.c == in.c && (second.h == in.h || second.h == 1) && (second.w == in.w || second.w == 1);
      if (!(y.out == in) || !fits) bad("its inputs have different shapes");
      return;
    }
    if (ops::has_window(y) && (std::int64_t{y.out.h - 1} * w.sh + w.extent_h() > in.h + w.pad_top + w.pad_bottom ||
                               std::int64_t{y.out.w - 1} * w.sw + w.extent_w() > in.w + w.pad_left + w.pad_right))
      bad("its windows reach beyond the padded input");
    if (y.op == network::Op::pick) return pick(y, bad);
    if (y.op == network::Op::remap) return remap(y, bad);
    if (y.op == network::Op::transpose) return transpose(y, bad);
    if (y.factor_h < 1 || y.factor_w < 1 || y.factor_h > longest_window || y.factor_w > longest_window)
      return bad(fmt::format("has a factor of {} x {}", y.factor_h, y.factor_w));
    if (y.op == network::Op::depth_to_space && std::int64_t{y.out.c} * y.factor_h * y.factor_w != y.in.c)
      bad("changes the number of elements");
    if (!ops::has_window(y) &&
        (y.out.h != in.h * std::int64_t{y.factor_h} || y.out.w != in.w * std::int64_t{y.factor_w}))
      bad("changes the size of the map");
    if ((ops::channelwise(y) || operator_of(y).splits_channels == false) && y.out.c != in.c)
      bad("changes the number of channels");
    const ops::Columns& c = y.columns;
    const bool side_by_side = y.op == network::Op::conv2d && y.groups == 1 && c.joined > 1 && in.c % c.joined == 0 &&
                              c.kernel >= 1 && c.kernel <= std::int64_t{w.kw} * c.joined;
    if (c.joined != 1 && !side_by_side)
      bad(fmt::format("has {} columns of {} side by side for a kernel of {}", c.joined, in.c, c.kernel));
    if (y.groups < 1 || y.in.c % y.groups != 0 || y.out.c % y.groups != 0)
      bad(fmt::format("has {} groups of {} and {} channels", y.groups, y.in.c, y.out.c));
    if (y.op == network::Op::select) select(y, bad);
  }

  template <class Bad>
  void pick(const network::Layer& y, const Bad& bad) {
    const ops::Pixels& p = y.pixels;
    std::int64_t low = p.from, high = p.from, count = 1;
    for (std::size_t d = 0; d < p.sizes.size() && d < p.strides.size(); ++d) {
      if (p.sizes[d] < 1 || p.sizes[d] > most_elements || std::abs(std::int64_t{p.strides[d]}) > most_elements)
        return bad("has a digit that is too large");
      const std::int64_t reach = (p.sizes[d] - std::int64_t{1}) * p.strides[d];
      (reach < 0 ? low : high) += reach;
      count = std::min<std::int64_t>(count * p.sizes[d], most_bytes);
    }
    if (p.sizes.size() != p.strides.size() || p.sizes.size() > 8 || count > std::int64_t{y.out.h} * y.out.w ||
        low < 0 || high >= std::int64_t{y.in.h} * y.in.w || y.out.c != y.in.c)
      bad(fmt::format("takes pixels {} to {} of {} x {}", low, high, y.in.h, y.in.w));
  }

  template <class Bad>
  void remap(const network::Layer& y, const Bad& bad) {
    const auto side = [&](const std::vector<int>& positions, int out, int in) {
      const auto outside = [in](int p) { return p > (std::int64_t{in} - 1) * ops::position_steps; };
      if (static_cast<int>(positions.size()) != out || std::any_of(positions.begin(), positions.end(), outside))
        bad(fmt::format("takes {} places of {} for {}", positions.size(), in, out));
    };
    side(y.remap.rows, y.out.h, y.in.h);
    side(y.remap.columns, y.out.w, y.in.w);
    if (y.out.c != y.in.c) bad("changes the number of channels");
  }

  template <class Bad>
  void transpose(const network::Layer& y, const Bad& bad) {
    if (y.in.w != 1 || y.out.w != 1 || y.group_rows < 1 || y.in.h % y.group_rows != 0 || y.out.c != y.group_rows ||
        std::int64_t{y.in.h} / y.group_rows * y.in.c != y.out.h)
      bad(fmt::format("transposes groups of {} pixels of {}x{}x{}", y.group_rows, y.in.h, y.in.w, y.in.c));
  }

  template <class Bad>
  void matmul(const network::Layer& y, const Bad& bad) {
    const ops::MatMul& m = y.matmul;
    const network::Shape& second = p_.layers[y.inputs[1]].layer.out;
    if (!(y.second == second)) bad("its second input's shape is not that of the tensor it reads");
    const bool sane = std::min({m.heads, m.depth, m.rows, m.second_rows}) >= 1 && std::min(m.first, m.second) >= 0 &&
                      std::max({m.heads, m.depth, m.rows, m.second_rows, m.first, m.second}) <= most_elements;
    if (!sane || (m.heads > 1 && m.depth % 8 != 0) || m.first % 8 != 0 || m.second % 8 != 0)
      return bad("has heads of a size that is not legal");
    const std::int64_t groups = y.in.h / m.rows, width = std::int64_t{m.heads} * m.depth;
    const bool firsts = m.by_rows ? y.in.w == 1 && m.first + width <= y.in.c
                                  : y.in.w == m.heads && m.first == 0 && y.in.c == m.second_rows;
    const network::Shape out{y.in.h, m.by_rows ? m.heads : 1, m.by_rows ? m.second_rows : static_cast<int>(width)};
    if (!firsts || second.w != 1 || m.second + width > second.c || groups * m.rows != y.in.h ||
        groups * m.second_rows != second.h || !(y.out == out))
      bad("multiplies tensors whose shapes do not fit");
  }

  template <class Bad>
  void select(const network::Layer& y, const Bad& bad) {
    const auto outside = [&](int c) { return c < -1 || c >= y.in.c; };
    if (static_cast<int>(y.source.size()) != y.out.c || std::any_of(y.source.begin(), y.source.end(), outside))
      bad(fmt::format("takes {} channels from an input of {} for {}", y.source.size(), y.in.c, y.out.c));
  }

  template <class Bad>
  void mask_fits(const sparsity::KernelMask& m, const network::Layer& y, const Bad& bad) {
    const int rows = network::stored_channels(y.out.c) / 8, cols = network::stored_channels(y.in.c) / 8;
    if (!ops::has_blocks(y) || m.rows != rows || m.cols != cols ||
        m.bits.size() != static_cast<std::size_t>(rows) * cols || m.unit_rows < 1 || m.unit_cols < 1)
      bad(fmt::format("its mask has {} x {} blocks, needed are {} x {}", m.rows, m.cols, rows, cols));
  }

  // Of a layer that keeps its zeros: it has weights in blocks, and all of them.
  template <class Bad>
  void all_blocks(int mask, const Bad& bad) {
    if (mask < 0) return bad("keeps its zeros, and has no mask");
    const sparsity::KernelMask& m = p_.masks[mask];
    if (m.count() != static_cast<std::int64_t>(m.bits.size()))
      bad(fmt::format("keeps its zeros, and its mask has {} of {} blocks", m.count(), m.bits.size()));
  }

  // Stored order of the channels: a permutation, and the same on both sides of every layer that keeps channels.
  template <class Bad>
  void order(const program::ProgramLayer& l, const Bad& bad) {
    if (!f_.empty()) return;
    std::vector<int> sorted = l.block_order;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      if (sorted[i] != static_cast<int>(i)) return bad("its block order is no permutation");
    if (!sorted.empty() && static_cast<int>(sorted.size()) != network::stored_channels(l.layer.out.c) / 8)
      return bad("its block order has the wrong length");
    const network::Op op = l.layer.op;
    if (ops::is_source(l.layer) || ops::sums_channels(l.layer)) return;
    if (operator_of(op).channels == ops::Channels::whole) {
      const auto reordered = [&](network::LayerId input) { return !p_.layers[input].block_order.empty(); };
      if (!sorted.empty() || std::any_of(l.layer.inputs.begin(), l.layer.inputs.end(), reordered))
        bad("its channels are stored in another order than the network's");
      return;
    }
    const std::vector<int> own = full_order(l);
    std::vector<int> joined;
    for (network::LayerId input : l.layer.inputs) {
      const std::vector<int> part = full_order(p_.layers[input]);
      const int base = op == network::Op::concat ? static_cast<int>(joined.size()) : 0;
      if (op != network::Op::concat) joined.clear();
      for (int b : part) joined.push_back(base + b);
      if (op != network::Op::concat && joined != own)
        return bad("its channels are stored in another order than its input's");
    }
    if (joined != own) bad("its channels are stored in another order than its inputs'");
  }
  static std::vector<int> full_order(const program::ProgramLayer& l) {
    if (!l.block_order.empty()) return l.block_order;
    std::vector<int> all(network::stored_channels(l.layer.out.c) / 8);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }

  void tables() {
    for (std::size_t i = 0; i < p_.chunks.size(); ++i) chunk(i);
    overlapping_chunks();
    for (std::size_t i = 0; i < p_.pieces.size(); ++i) piece(i);
    if (p_.product.layer != -1) product();
  }

  // Whole matrices of a gemm, within DDR and in rows that do not overlap.
  void product() {
    const program::Product& q = p_.product;
    if (p_.tensors || !names_layer(p_, q.layer) || p_.layers[q.layer].layer.op != network::Op::conv2d)
      return f_.add("product", fmt::format("of layer {}", q.layer), "legal: a gemm, in a program without tensors");
    const network::Layer& y = p_.layers[q.layer].layer;
    std::vector<std::pair<std::int64_t, std::int64_t>> spans;  // of a, b and c in DDR
    const auto matrix = [&](const char* name, const program::Matrix& m, std::int64_t rows, Bytes row) {
      const bool sane = m.address >= 0 && m.address < most_bytes && m.address % 4 == 0 && m.pitch > 0 && m.rows > 0 &&
                        m.pitch <= most_bytes / m.rows;
      if (!sane || m.rows < rows || m.pitch < row)
        return f_.add("product", fmt::format("{} at {} with {} rows of {} bytes", name, m.address, m.rows, m.pitch),
                      fmt::format("legal: at least {} rows of {} bytes", rows, row));
      spans.emplace_back(m.address, m.address + m.pitch * m.rows);
      in_ddr(spans.back().first, spans.back().second, fmt::format("product: {}", name));
    };
    matrix("a", q.a, std::int64_t{y.in.h} * y.in.w, bytes_of(y.in_type, y.in.c));
    matrix("b", q.b, y.in.c, bytes_of(y.in_type, y.out.c));
    matrix("c", q.c, std::int64_t{y.out.h} * y.out.w, bytes_of(y.out_type, y.out.c));
    if (spans.size() < 3) return;
    for (std::size_t k = 0; k < 2; ++k)
      if (spans[2].first < spans[k].second && spans[k].first < spans[2].second)
        f_.add("product",
               fmt::format("c stands over {} at DDR address {}", k == 0 ? "a" : "b",
                           std::max(spans[2].first, spans[k].first)),
               "legal: apart");
  }

  void chunk(std::size_t i) {
    const program::ChunkPlace& c = p_.chunks[i];
    const auto bad = [&](std::string what) { f_.add(fmt::format("chunk {}", i), std::move(what)); };
    if (!names_layer(p_, c.layer) || !ops::has_weights(p_.layers[c.layer].layer))
      return bad(fmt::format("of layer {}", c.layer));
    const network::Layer& y = p_.layers[c.layer].layer;
    const bool blocks = ops::has_blocks(y);
    const int rows = network::stored_channels(y.out.c) / 8, cols = blocks ? network::stored_channels(y.in.c) / 8 : 1;
    const sparsity::ChunkShape& s = c.shape;
    if (s.by_channel == blocks) return bad("has not the form of the weights of its layer");
    if (s.bias && !operator_of(y).bias) bad("has a bias, which its layer has not");
    if (s.table != 0 && s.table != layer_table_bytes(y)) bad(fmt::format("has a table of {} bytes", s.table));
    if (s.padding < 0 || s.padding > most_bytes || s.padding % 4 != 0)
      return bad(fmt::format("{} bytes of padding", s.padding));
    if (s.col0 < 0 || s.col1 <= s.col0 || s.col1 > cols) return bad(fmt::format("columns {} to {}", s.col0, s.col1));
    for (int row : s.rows)
      if (row < 0 || row >= rows) return bad(fmt::format("row {} of {}", row, rows));
    const int taps = blocks ? y.window.taps() : channel_bytes(y);
    if (s.taps != taps) return bad(fmt::format("{} taps, the layer has {}", s.taps, taps));
    if (c.ddr_address < 0 || c.ddr_address > most_bytes)
      return bad(fmt::format("stands at DDR address {}", c.ddr_address));
    if (c.ddr_address % 4 != 0) bad(fmt::format("stands at DDR address {}, not a multiple of 4", c.ddr_address));
    sparsity::KernelMask dense;
    const int mask = p_.layers[c.layer].mask;
    if (mask < 0) {
      dense.rows = rows;
      dense.cols = cols;
      dense.bits.assign(static_cast<std::size_t>(rows) * cols, 1);
    }
    const sparsity::ChunkSize size = chunk_size(mask < 0 ? dense : p_.masks[mask], s);
    if (size.blocks != c.size.blocks || size.indexed != c.size.indexed || size.bias != c.size.bias ||
        size.multipliers != c.size.multipliers || size.index != c.size.index || size.data != c.size.data ||
        size.table != c.size.table || size.padding != c.size.padding)
      bad(fmt::format("{} bytes with {} blocks, its mask says {} bytes with {} blocks", c.size.total(), c.size.blocks,
                      size.total(), size.blocks));
    in_ddr(c.ddr_address, c.ddr_address + c.size.total(), fmt::format("chunk {}", i));
  }

  void overlapping_chunks() {
    std::vector<std::pair<std::int64_t, std::int64_t>> spans;
    for (const program::ChunkPlace& c : p_.chunks)
      if (c.size.total() > 0) spans.emplace_back(c.ddr_address, c.ddr_address + c.size.total());
    std::sort(spans.begin(), spans.end());
    for (std::size_t i = 1; i < spans.size(); ++i)
      if (spans[i].first < spans[i - 1].second)
        f_.add("chunks", fmt::format("two chunks overlap at DDR address {}", spans[i].first));
  }

  void piece(std::size_t i) {
    const program::TensorPiece& t = p_.pieces[i];
    const std::string path = fmt::format("piece {}", i);
    if (!names_layer(p_, t.tensor)) return f_.add(path, fmt::format("of tensor {}", t.tensor));
    if (const auto wrong = region_problem(t.region, p_, t.tensor)) return f_.add(path, wrong->what);
    if (const auto wrong = access_problem(t.access, 4)) return f_.add(path, wrong->what, wrong->legal);
    if (t.access.memory_bytes() != t.region.elements())
      f_.add(path, fmt::format("{} bytes for {} elements", t.access.memory_bytes(), t.region.elements()));
    if (t.in_ddr) return in_ddr(t.access.base, t.access.end(), path);
    if (t.memory < 0 || t.memory >= map_.tile_count() || map_.tile_kind(t.memory) != program::TileKind::memory)
      return f_.add(path, "is neither in DDR nor in a memory tile");
    if (t.access.end() > a_.memtile.memory.size)
      f_.add(path, fmt::format("ends at {} of {} bytes", t.access.end(), a_.memtile.memory.size));
  }

  void alike() {
    for (std::size_t i = 0; i < p_.written_alike.size(); ++i) {
      const program::DdrRange& range = p_.written_alike[i];
      if (p_.tensors) f_.add(fmt::format("alike {}", i), "in a program of tensors", "legal: with tensors none");
      in_ddr(range.begin, range.end, fmt::format("alike {}", i));
    }
  }

  void in_ddr(std::int64_t lo, std::int64_t hi, const std::string& path) {
    if (lo < 0 || hi > p_.ddr_bytes)
      f_.add(path, fmt::format("DDR addresses {} to {}", lo, hi), fmt::format("legal: 0 to {}", p_.ddr_bytes));
  }

  // ---- locks and routes ----

  void locks() {
    std::vector<std::pair<int, int>> seen;
    for (const program::LockInit& l : p_.locks) {
      if (l.tile < 0 || l.tile >= map_.tile_count()) {
        f_.add("locks", fmt::format("tile {}", l.tile));
        continue;
      }
      const std::string path = fmt::format("lock {} of {}", l.lock, map_.tile_name(l.tile));
      const arch::LockSpec& spec = lock_spec(a_, map_.tile_kind(l.tile));
      if (l.lock < 0 || l.lock >= spec.count)
        f_.add(path, "does not exist", fmt::format("legal: 0 to {}", spec.count - 1));
      if (l.value < 0 || l.value > spec.max_value)
        f_.add(path, fmt::format("starts at {}", l.value), fmt::format("legal: 0 to {}", spec.max_value));
      seen.emplace_back(l.tile, l.lock);
    }
    std::sort(seen.begin(), seen.end());
    if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) f_.add("locks", "a lock is given twice");
  }

  bool engine_ok(program::EngineId e, program::EngineKind kind) const {
    return e >= 0 && e < map_.count() && map_.info(e).kind == kind;
  }

  void routes() {
    for (std::size_t i = 0; i < p_.routes.size(); ++i) {
      const program::Route& r = p_.routes[i];
      const std::string path = fmt::format("route {}", i);
      if (!engine_ok(r.source, program::EngineKind::mm2s)) f_.add(path, "its source is no mm2s channel");
      if (r.sinks.empty()) f_.add(path, "has no sink");
      for (std::size_t k = 0; k < r.sinks.size(); ++k) {
        if (!engine_ok(r.sinks[k], program::EngineKind::s2mm)) f_.add(path, "a sink is no s2mm channel");
        if (k > 0 && r.sinks[k] <= r.sinks[k - 1]) f_.add(path, "its sinks are not in ascending order");
      }
    }
  }

  const program::Program& p_;
  const arch::ArraySpec& a_;
  const program::EngineMap& map_;
  Findings& f_;
};

}  // namespace

void check_structure(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                     Findings& findings) {
  Structure(program, array, map, findings).run();
  if (static_cast<int>(program.engines.size()) == map.count()) check_steps(program, array, map, findings);
}

}  // namespace tessera::verify

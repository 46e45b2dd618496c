#include "sim/mapping/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "sim/mapping/check_layer.h"
#include "sim/mapping/computation.h"
#include "sim/mapping/stored_masks.h"

namespace tessera::mapping {
namespace {

// Part of a memory tile that a tensor has taken.
struct Taken {
  network::LayerId tensor;
  Piece piece;
  std::int64_t end;
};

// A root tensor as the steps have left it.
struct Standing {
  bool placed = false, in_ddr = false, in_place = false;
  std::vector<Piece> pieces;
  int released = 0;  // rows that are gone
};

class Checker {
 public:
  Checker(const Mapping& m, const std::vector<std::string>& paths, const network::Network& network,
          const arch::ArraySpec& array)
      : m_(m),
        paths_(paths),
        network_(network),
        array_(array),
        standing_(network.layers.size()),
        done_(network.layers.size(), 0) {}

  Failure run(const std::vector<sparsity::KernelMask>& masks) {
    head();
    zeros_kept();
    for (const network::Layer& l : network_.layers) tensor(l);
    if (wrong_.empty()) {
      for (const network::Layer& l : network_.layers)
        masks_.push_back(ops::has_blocks(l)
                             ? stored_mask(masks[l.id], m_.channel_order[l.id], m_.channel_order[l.inputs[0]])
                             : masks[l.id]);
      for (at_ = 0; at_ < m_.steps.size() && wrong_.empty(); ++at_)
        std::visit([&](const auto& step) { check(step); }, m_.steps[at_]);
    }
    if (wrong_.empty()) ends();
    if (!wrong_.empty()) return {ExitCode::bad_input, std::move(wrong_)};
    return {ExitCode::does_not_fit, std::move(too_large_)};
  }

 private:
  const network::Layer& layer(network::LayerId id) const { return network_.layers[static_cast<std::size_t>(id)]; }
  const std::string& name(network::LayerId id) const { return layer(id).name; }
  void add(const std::string& path, const std::string& what, const std::string& legal) {
    wrong_.push_back({"", path, what, legal});
  }
  // Of the step that is being checked.
  void wrong(const std::string& what, const std::string& legal) { add(paths_[at_], what, legal); }

  void zeros_kept() {
    network::LayerId last = -1;
    for (std::size_t k = 0; k < m_.zeros_kept.size(); ++k) {
      const network::LayerId id = m_.zeros_kept[k];
      if (!ops::is_maskable(layer(id)) || layer(id).repeats >= 0 || id <= last)
        add(fmt::format("zeros_kept[{}]", k), "names " + name(id),
            "legal: layers of the first image whose weights may have zero blocks, each once and in the network's "
            "order");
      last = id;
    }
  }

  void head() {
    if (m_.network != network_.name)
      add("network", "is \"" + m_.network + "\"",
          fmt::format("legal: \"{}\", the network of the config", network_.name));
    if (m_.rows != array_.rows || m_.cols != array_.cols || m_.memtiles != array_.memtiles())
      add("array", fmt::format("has {} rows, {} columns and {} memory tiles", m_.rows, m_.cols, m_.memtiles),
          fmt::format("legal: {}, {} and {}, as the config", array_.rows, array_.cols, array_.memtiles()));
    for (std::size_t k = 0; k < m_.groups.size(); ++k)
      for (const network::LayerId id : m_.groups[k].layers)
        if (!ops::is_computed(layer(id)))
          add(fmt::format("groups[{}].layers", k), "names " + name(id), "legal: layers that are computed");
  }

  // The order of its channels, and where it is a part of another one.
  void tensor(const network::Layer& l) {
    const std::vector<int>& order = m_.channel_order[l.id];
    if (!order.empty()) {
      std::vector<int> sorted = order;
      std::sort(sorted.begin(), sorted.end());
      const int blocks = network::stored_channels(l.out.c) / 8;
      bool permutation = static_cast<int>(sorted.size()) == blocks && l.out.c % 8 == 0;
      for (int i = 0; permutation && i < blocks; ++i) permutation = sorted[static_cast<std::size_t>(i)] == i;
      if (!permutation)
        add("channel_order." + l.name, "is no order of its blocks of 8 channels",
            l.out.c % 8 == 0 ? fmt::format("legal: 0 to {}, each once", blocks - 1) : "legal: none");
    }
    if (operator_of(l).channels == ops::Channels::whole) {
      const auto reordered = [&](network::LayerId i) { return !m_.channel_order[i].empty(); };
      if (!order.empty() || std::any_of(l.inputs.begin(), l.inputs.end(), reordered))
        add("channel_order." + l.name, "is given, or for what the layer reads", "legal: none");
    } else if (ops::is_computed(l) && ops::channelwise(l))
      for (const network::LayerId i : l.inputs)
        if (m_.channel_order[i] != order)
          add("channel_order." + l.name, "differs from that of " + name(i), "legal: the order of what the layer reads");
    if (l.op == network::Op::concat && wrong_.empty()) concat_order(l);
    if (ops::is_source(l) && !order.empty()) add("channel_order." + l.name, "is given for an input", "legal: none");
    alias(l);
  }

  void concat_order(const network::Layer& l) {
    std::vector<int> joined;
    bool plain = true;
    int base = 0;
    for (const network::LayerId part : l.inputs) {
      const int blocks = network::stored_channels(layer(part).out.c) / 8;
      const std::vector<int>& own = m_.channel_order[part];
      for (int i = 0; i < blocks; ++i) joined.push_back(base + (own.empty() ? i : own[static_cast<std::size_t>(i)]));
      plain = plain && own.empty();
      base += blocks;
    }
    if (plain) joined.clear();
    if (m_.channel_order[l.id] != joined)
      add("channel_order." + l.name, "differs from the orders of its parts",
          "legal: their orders, one after the other");
  }

  // Within the concatenation that reads it, at its own channels.
  void alias(const network::Layer& l) {
    const Alias& alias = m_.aliases[l.id];
    if (alias.root == l.id) return;
    for (const network::Layer& cat : network_.layers) {
      if (cat.op != network::Op::concat || m_.root(cat.id) != alias.root) continue;
      if (std::count(cat.inputs.begin(), cat.inputs.end(), l.id) != 1) continue;
      int c0 = m_.aliases[cat.id].c0;
      for (const network::LayerId part : cat.inputs) {
        if (part == l.id && c0 == alias.c0 && !ops::is_source(l) && m_.root(alias.root) == alias.root) return;
        c0 += network::stored_channels(layer(part).out.c);
      }
    }
    add("aliases." + l.name, fmt::format("is {} from channel {} on", name(alias.root), alias.c0),
        "legal: a concatenation that reads it once, at its channels there");
  }

  void check(const Place& p) {
    const network::Layer& l = layer(p.tensor);
    if (m_.root(p.tensor) != p.tensor)
      return wrong(l.name + " stands in " + name(m_.root(p.tensor)), "legal: that one");
    Standing& s = standing_[p.tensor];
    if (s.in_ddr || (s.placed && p.where != Place::Where::memory_tiles))
      return wrong(l.name + " has a place already", "legal: one place, or pieces of different rows");
    s.placed = true;
    switch (p.where) {
      case Place::Where::ddr:
        s.in_ddr = true;
        break;
      case Place::Where::over:
        over(p, s);
        break;
      case Place::Where::memory_tiles:
        for (const Piece& piece : p.pieces) place(l, s, piece);
        break;
    }
  }

  void over(const Place& p, Standing& s) {
    Standing& under = standing_[p.over];
    if (under.pieces.empty() || under.released > 0 || !(layer(p.over).out == layer(p.tensor).out) ||
        !sums(p.tensor, p.over))
      return wrong(fmt::format("{} takes the place of {}", name(p.tensor), name(p.over)),
                   "legal: that of an operand of the same shape that stands in the memory tiles");
    s.pieces = std::exchange(under.pieces, {});
    for (Taken& t : taken_)
      if (t.tensor == p.over) t.tensor = p.tensor;
    under.released = layer(p.over).out.h;
    over_[p.tensor] = p.over;
  }
  bool sums(network::LayerId sum, network::LayerId operand) const {
    const auto& inputs = layer(sum).inputs;
    return operator_of(layer(sum)).inputs == 2 && operator_of(layer(sum)).rows &&
           std::count(inputs.begin(), inputs.end(), operand) == 1;
  }

  void place(const network::Layer& l, Standing& s, const Piece& piece) {
    if (piece.memtile >= array_.memtiles())
      return wrong(fmt::format("{} stands in memory tile {}", l.name, piece.memtile),
                   fmt::format("legal: 0 to {}", array_.memtiles() - 1));
    if (piece.h.lo < 0 || piece.h.hi > l.out.h || piece.w.lo < 0 || piece.w.hi > l.out.w)
      return wrong(fmt::format("rows {}-{} and columns {}-{} of {} are placed", piece.h.lo, piece.h.hi, piece.w.lo,
                               piece.w.hi, l.name),
                   fmt::format("legal: within {} rows and {} columns", l.out.h, l.out.w));
    const auto meet = [](Span a, Span b) { return a.lo < b.hi && b.lo < a.hi; };
    for (const Piece& other : s.pieces)
      if (meet(other.h, piece.h) && meet(other.w, piece.w))
        return wrong(fmt::format("row {} of {} is placed twice", std::max(other.h.lo, piece.h.lo), l.name),
                     "legal: pieces of different rows or columns");
    const Bytes bytes = Bytes{piece.h.size()} * piece.w.size() * network::stored_channels(l.out.c);
    const std::int64_t end = piece.address + round_up(bytes, 32);
    if (piece.address % 32 != 0 || end > array_.memtile.memory.size)
      return wrong(fmt::format("{} bytes of {} stand at address {} of a memory tile", bytes, l.name, piece.address),
                   fmt::format("legal: a multiple of 32 up to {}", array_.memtile.memory.size - round_up(bytes, 32)));
    for (const Taken& t : taken_) {
      if (t.piece.memtile != piece.memtile || t.piece.address >= end || piece.address >= t.end) continue;
      if (piece.tile_row >= 0 && t.tensor != l.id) continue;  // over rows that are not read any more: see the verifier
      return wrong(fmt::format("{} would stand over {} in memory tile {}", l.name, name(t.tensor), piece.memtile),
                   "legal: a place that is free");
    }
    s.in_place = s.in_place || piece.tile_row >= 0;
    s.pieces.push_back(piece);
    taken_.push_back({l.id, piece, end});
  }

  void check(const Release& r) {
    Standing& s = standing_[m_.root(r.tensor)];
    if (m_.root(r.tensor) != r.tensor || s.pieces.empty() || s.released >= layer(r.tensor).out.h)
      return wrong(name(r.tensor) + " is released", "legal: a tensor that has a place in the memory tiles");
    s.released = std::max(s.released, std::min(r.below, layer(r.tensor).out.h));
    const auto gone = [&](const Piece& p) { return p.h.hi <= r.below; };
    s.pieces.erase(std::remove_if(s.pieces.begin(), s.pieces.end(), gone), s.pieces.end());
    taken_.erase(std::remove_if(taken_.begin(), taken_.end(),
                                [&](const Taken& t) { return t.tensor == r.tensor && gone(t.piece); }),
                 taken_.end());
    if (s.released == layer(r.tensor).out.h && untouched(r.tensor)) s = {};  // it may get another place
  }

  // Nothing was computed that stands in this root.
  bool untouched(network::LayerId root) const {
    return std::none_of(network_.layers.begin(), network_.layers.end(),
                        [&](const network::Layer& l) { return m_.root(l.id) == root && done_[l.id] > 0; });
  }

  void check(const Compute& c) {
    if (!combination(c)) return;
    const Computation what = computation_of(network_, c);
    if (c.rows.lo < 0 || c.rows.hi > what.layer.out.h)
      return wrong(fmt::format("rows {} to {} of {} are computed", c.rows.lo, c.rows.hi, name(c.layer)),
                   fmt::format("legal: within {} rows", what.layer.out.h));
    if (!operands(what, c)) return;
    const Computed computed = computed_by(what, network_);
    const InDdr in_ddr{standing_[m_.root(what.input)].in_ddr,
                       what.operand >= 0 && standing_[m_.root(what.operand)].in_ddr,
                       standing_[m_.root(what.members[0].target)].in_ddr};
    std::optional<LayerWeights> weights;
    if (has_weights(what.kernel)) {
      std::vector<const sparsity::KernelMask*> masks;
      for (const Computation::Member& m : what.members) masks.push_back(&masks_[m.layer]);
      weights.emplace(what.kernel, joined_mask(masks));
    }
    check_layer_mapping({what.layer, c.rows, c.mapping, computed, in_ddr, weights ? &*weights : nullptr}, array_,
                        paths_[at_] + ".mapping", wrong_, too_large_);
  }

  // Whether the layers of a step can be computed together.
  bool combination(const Compute& c) {
    const network::Layer& l = layer(c.layer);
    const bool concat = l.op == network::Op::concat;
    const std::size_t before = wrong_.size();
    if (ops::is_source(l) || concat != (c.part >= 0) || (concat && c.part >= static_cast<int>(l.inputs.size())))
      wrong(fmt::format("{} is computed{}", l.name, c.part >= 0 ? fmt::format(", part {}", c.part) : ""),
            concat ? fmt::format("legal: part 0 to {} of it", l.inputs.size() - 1)
                   : "legal: a layer that is computed, and parts of concatenations");
    for (const network::LayerId id : c.joins) {
      const network::Layer& other = layer(id);
      const bool alike = l.op == network::Op::conv2d && other.op == network::Op::conv2d && id != c.layer &&
                         joinable(l) && joinable(other) && other.inputs[0] == l.inputs[0] && other.window == l.window &&
                         other.scaling == l.scaling && c.fused < 0 &&
                         std::count(c.joins.begin(), c.joins.end(), id) == 1;
      if (!alike)
        wrong(fmt::format("{} is computed with {}", other.name, l.name),
              "legal: another convolution with the same windows of the same input, nothing fused");
    }
    if (c.fused >= 0 && !fuses(l, layer(c.fused)))
      wrong(fmt::format("{} is fused into {}", name(c.fused), l.name),
            "legal: an addition of its output, or a maximum pool whose windows tile it, its own without dilation, that "
            "alone reads it");
    return wrong_.size() == before;
  }

  // One kernel computes such convolutions side by side.
  static bool joinable(const network::Layer& l) { return l.groups == 1 && !l.lookup; }

  bool fuses(const network::Layer& conv, const network::Layer& tail) const {
    int uses = 0;
    for (const network::Layer& l : network_.layers)
      uses += static_cast<int>(std::count(l.inputs.begin(), l.inputs.end(), conv.id));
    if (conv.op != network::Op::conv2d || uses != 1 || m_.root(conv.id) != conv.id) return false;
    if (std::count(tail.inputs.begin(), tail.inputs.end(), conv.id) != 1) return false;
    const network::Window& k = tail.window;
    if (tail.op == network::Op::add) return tail.in == tail.out && tail.second == tail.out;
    return (tail.op == network::Op::maxpool && k.kh == k.sh && k.kw == k.sw && conv.window.dh == 1 &&
            conv.window.dw == 1 && k.pad_top + k.pad_left + k.pad_bottom + k.pad_right == 0 &&
            tail.in.h == tail.out.h * k.sh && tail.in.w == tail.out.w * k.sw);
  }

  // What is read must have been computed and still stand; what is written must have a place.
  bool operands(const Computation& what, const Compute& c) {
    const std::size_t before = wrong_.size();
    const network::Layer& l = what.layer;
    const ops::Region all{c.rows.lo, c.rows.hi, 0, l.out.w, 0, network::stored_channels(l.out.c)};
    const ops::Region first = ops::reads(l, 0, all), second = what.add >= 0 ? all : ops::reads(l, 1, all);
    reads(what.input, {first.h0, first.h1}, c);
    if (what.operand >= 0) reads(what.operand, {second.h0, second.h1}, c);
    for (const Computation::Member& m : what.members) {
      const network::LayerId root = m_.root(m.target);
      if (c.part < 0 && c.rows.lo != done_[m.target])
        wrong(fmt::format("rows {} to {} of {} are computed", c.rows.lo, c.rows.hi, name(m.layer)),
              done_[m.target] == layer(m.target).out.h ? "legal: every row once"
                                                       : fmt::format("legal: from row {} on", done_[m.target]));
      if (!covered(root, c.rows)) wrong(name(m.target) + " has no place for what is computed", "legal: a place before");
      if (standing_[root].in_ddr != standing_[m_.root(what.members[0].target)].in_ddr)
        wrong(fmt::format("{} and {} leave their outputs in memory tiles and in DDR", name(m.layer), name(c.layer)),
              "legal: layers computed as one leave them in one of the two");
    }
    if (wrong_.size() != before) return false;
    for (const Computation::Member& m : what.members) {
      done_[m.target] = c.rows.hi;
      done_[m.layer] = std::max(done_[m.layer], c.rows.hi == layer(m.target).out.h ? layer(m.layer).out.h : 0);
    }
    if (c.part >= 0) copied_[{c.layer, c.part}] = true;
    return true;
  }

  void reads(network::LayerId tensor, Span rows, const Compute& c) {
    const network::Layer& l = layer(tensor);
    rows = {std::max(0, rows.lo), std::min(l.out.h, rows.hi)};
    if (rows.empty()) return;
    const auto overwritten = over_.find(c.fused >= 0 ? c.fused : c.layer);
    const bool own = overwritten != over_.end() && overwritten->second == m_.root(tensor);
    if (!own && !covered(m_.root(tensor), rows))
      wrong(fmt::format("{} reads rows {} to {} of {}, which have no place any more or yet", name(c.layer), rows.lo,
                        rows.hi, l.name),
            "legal: what stands in memory tiles or DDR");
    else if (!ops::is_source(l) && computed_rows(tensor) < rows.hi)
      wrong(fmt::format("{} reads row {} of {}, which is not computed yet", name(c.layer), rows.hi - 1, l.name),
            "legal: steps in an order in which each reads what earlier ones left");
  }

  // Rows of a tensor that are there, from the first on.
  int computed_rows(network::LayerId tensor) const {
    const network::Layer& l = layer(tensor);
    if (ops::is_source(l)) return l.out.h;
    if (l.op != network::Op::concat) return done_[tensor];
    int rows = l.out.h;
    int c0 = 0;
    for (std::size_t k = 0; k < l.inputs.size(); ++k) {
      const network::LayerId part = l.inputs[k];
      const bool alias = m_.root(part) == m_.root(tensor) && m_.aliases[part].c0 == m_.aliases[tensor].c0 + c0;
      const bool there = alias ? computed_rows(part) == l.out.h : copied_.count({tensor, static_cast<int>(k)}) > 0;
      if (!there) rows = 0;
      c0 += network::stored_channels(layer(part).out.c);
    }
    return rows;
  }

  // Whether these rows stand somewhere, in all columns.
  bool covered(network::LayerId root, Span rows) const {
    const Standing& s = standing_[root];
    if (s.in_ddr) return true;
    std::int64_t elements = 0;
    for (const Piece& p : s.pieces)
      elements += std::int64_t{std::max(0, std::min(p.h.hi, rows.hi) - std::max(p.h.lo, rows.lo))} * p.w.size();
    return elements == std::int64_t{rows.size()} * layer(root).out.w;
  }

  void ends() {
    for (const network::Layer& l : network_.layers)
      if (computed_rows(l.id) < l.out.h)
        add("steps", fmt::format("{} of {} rows of {} are computed", computed_rows(l.id), l.out.h, l.name),
            "legal: all of them");
  }

  const Mapping& m_;
  const std::vector<std::string>& paths_;
  const network::Network& network_;
  const arch::ArraySpec& array_;
  std::vector<Standing> standing_;                           // per root
  std::vector<int> done_;                                    // per layer: rows of it computed so far
  std::map<std::pair<network::LayerId, int>, bool> copied_;  // concatenation and part
  std::map<network::LayerId, network::LayerId> over_;        // sum and the operand whose place it takes
  std::vector<Taken> taken_;
  std::vector<sparsity::KernelMask> masks_;
  std::size_t at_ = 0;
  std::vector<Problem> wrong_, too_large_;
};

}  // namespace

Failure check_mapping(const Mapping& mapping, const std::vector<std::string>& paths, const network::Network& network,
                      const arch::ArraySpec& array, const std::vector<sparsity::KernelMask>& masks) {
  return Checker(mapping, paths, network, array).run(masks);
}

}  // namespace tessera::mapping

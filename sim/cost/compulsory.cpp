#include "sim/cost/compulsory.h"

#include <algorithm>
#include <array>
#include <map>

#include "sim/network/shapes.h"

namespace tessera::cost {
namespace {

using Positions = std::vector<bool>;
std::int64_t count(const Positions& p) { return std::count(p.begin(), p.end(), true); }
Positions all_of(int n) { return Positions(static_cast<std::size_t>(n), true); }

// Elements of a tensor: every combination of these rows, columns and groups of 8 channels.
struct Box {
  std::array<Positions, 3> sides;  // rows, columns, groups
  std::int64_t volume() const { return count(sides[0]) * count(sides[1]) * count(sides[2]); }
  bool operator==(const Box& o) const { return sides == o.sides; }
};

std::int64_t union_volume(const std::vector<const Box*>& boxes, std::size_t side) {
  if (boxes.empty()) return 0;
  if (side == 3) return 1;
  std::map<std::vector<bool>, std::int64_t> alike;  // which boxes a position lies in, and how many lie in just these
  for (std::size_t i = 0; i < boxes[0]->sides[side].size(); ++i) {
    std::vector<bool> in;
    for (const Box* b : boxes) in.push_back(b->sides[side][i]);
    ++alike[in];
  }
  std::int64_t sum = 0;
  for (const auto& [in, positions] : alike) {
    std::vector<const Box*> of;
    for (std::size_t b = 0; b < boxes.size(); ++b)
      if (in[b]) of.push_back(boxes[b]);
    sum += positions * union_volume(of, side + 1);
  }
  return sum;
}

// Elements that lie in one of the boxes; of many different ones only the largest are looked at.
std::int64_t union_volume(const std::vector<Box>& boxes) {
  constexpr std::size_t most = 8;
  std::vector<std::pair<std::int64_t, const Box*>> largest;
  for (const Box& b : boxes) largest.emplace_back(b.volume(), &b);
  std::stable_sort(largest.begin(), largest.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<const Box*> distinct;
  for (const auto& [volume, box] : largest)
    if (distinct.size() < most && std::none_of(distinct.begin(), distinct.end(), [&](auto* d) { return *d == *box; }))
      distinct.push_back(box);
  return union_volume(distinct, 0);
}

Positions covered(int in, int out, int kernel, int stride, int pad_before) {
  std::vector<int> change(static_cast<std::size_t>(in) + 1, 0);
  for (int o = 0; o < out; ++o) {
    const int first = o * stride - pad_before;
    const int lo = std::clamp(first, 0, in), hi = std::clamp(first + kernel, 0, in);
    ++change[lo];
    --change[hi];
  }
  Positions p(static_cast<std::size_t>(in), false);
  int windows = 0;
  for (int i = 0; i < in; ++i) p[i] = (windows += change[i]) > 0;
  return p;
}

Positions columns_of(const sparsity::KernelMask& mask) {
  Positions p(static_cast<std::size_t>(mask.cols), false);
  for (int c = 0; c < mask.cols; ++c) p[c] = mask.count(0, mask.rows, c, c + 1) > 0;
  return p;
}

bool is_product(const network::Layer& l, bool products) { return products && l.is_gemm; }

// What layer `l` reads of an input of shape `in`.
Box box_read(const network::Layer& l, const network::Shape& in, const sparsity::KernelMask& mask, bool products) {
  const network::Window& k = l.window;
  Box box{{all_of(in.h), all_of(in.w), all_of(network::stored_channels(in.c) / 8)}};
  if (ops::has_window(l)) {
    box.sides[0] = covered(in.h, l.out.h, k.extent_h(), k.sh, k.pad_top);
    box.sides[1] = covered(in.w, l.out.w, k.extent_w(), k.sw, k.pad_left);
  }
  if (ops::has_blocks(l) && !is_product(l, products)) box.sides[2] = columns_of(mask);
  return box;
}

class Tracer {
 public:
  Tracer(const network::Network& network, const std::vector<sparsity::KernelMask>& masks, bool products)
      : network_(network), masks_(masks), products_(products), boxes_(network.layers.size()) {
    traffic_.layers.resize(network.layers.size());
  }

  CompulsoryTraffic trace() {
    std::vector<bool> used(network_.layers.size(), false);
    for (const network::Layer& l : network_.layers) {
      for (network::LayerId t : l.inputs) used[t] = true;
      if (ops::has_weights(l) && l.repeats < 0) weigh(l);
      if (l.op == network::Op::concat) continue;
      if (operator_of(l).partial) continue;  // parts of their inputs, which are not counted
      for (network::LayerId t : l.inputs) read(t, box_read(l, network_.layers[t].out, masks_[l.id], products_), l);
    }
    for (const network::Layer& l : network_.layers)
      if (!used[l.id]) write(l.id, l);
    for (const network::Layer& l : network_.layers)
      if (!boxes_[l.id].empty()) traffic_.read += union_volume(boxes_[l.id]) * group_bytes_;
    return std::move(traffic_);
  }

 private:
  void weigh(const network::Layer& l) {
    const sparsity::KernelMask& mask = masks_[l.id];
    const Bytes blocks = ops::has_blocks(l)
                             ? mask.count() * sparsity::kernel_block * sparsity::kernel_block * Bytes{l.window.taps()}
                             : Bytes{network::stored_channels(l.out.c)} * channel_bytes(l);
    Bytes& weights = traffic_.layers[l.id].weights;
    weights = is_product(l, products_)
                  ? bytes_of(l.in_type, std::int64_t{l.in.c} * l.out.c)
                  : blocks + layer_table_bytes(l) +
                        Bytes{network::stored_channels(l.out.c)} *
                            ((operator_of(l).bias ? 4 : 0) + (l.scaling == network::Scaling::channel ? 4 : 0));
    traffic_.read += weights;
  }

  // `reader` reads `box` of tensor `t`; of a concatenation, its parts.
  void read(network::LayerId t, const Box& box, const network::Layer& reader) {
    const network::Layer& tensor = network_.layers[t];
    if (ops::is_source(tensor)) {
      if (is_product(reader, products_)) {  // alone in its network, and reads all of it
        traffic_.layers[reader.id].input =
            tensor.out.h * std::int64_t{tensor.out.w} * network::input_pixel_bytes(reader, true);
        traffic_.read += traffic_.layers[reader.id].input;
        return;
      }
      traffic_.layers[reader.id].input += box.volume() * group_bytes_;
      boxes_[t].push_back(box);
    }
    if (tensor.op != network::Op::concat) return;
    std::ptrdiff_t at = 0;
    for (network::LayerId part : tensor.inputs) {
      const std::ptrdiff_t groups = network::stored_channels(network_.layers[part].out.c) / 8;
      const auto first = box.sides[2].begin() + at;
      read(part, {{box.sides[0], box.sides[1], Positions(first, first + groups)}}, reader);
      at += groups;
    }
  }

  // Tensor `t` belongs to an output of the network, the one that `last` produces.
  void write(network::LayerId t, const network::Layer& last) {
    const network::Layer& l = network_.layers[t];
    if (l.op == network::Op::concat) {
      for (network::LayerId part : l.inputs) write(part, last);
      return;
    }
    const Bytes bytes = std::int64_t{l.out.h} * l.out.w * network::output_pixel_bytes(l, products_);
    if (ops::is_source(l))
      read(t, {{all_of(l.out.h), all_of(l.out.w), all_of(network::stored_channels(l.out.c) / 8)}}, last);
    traffic_.layers[ops::is_source(l) ? last.id : t].output += bytes;
    traffic_.written += bytes;
  }

  static constexpr Bytes group_bytes_ = 8;  // of a pixel and a group of channels
  const network::Network& network_;
  const std::vector<sparsity::KernelMask>& masks_;
  bool products_;
  std::vector<std::vector<Box>> boxes_;  // by LayerId of a network input: what is read of it
  CompulsoryTraffic traffic_;
};

}  // namespace

CompulsoryTraffic compulsory_traffic(const network::Network& network, const std::vector<sparsity::KernelMask>& masks,
                                     bool products) {
  return Tracer(network, masks, products).trace();
}

int positions_read(int in, int out, int kernel, int stride, int pad_before) {
  return static_cast<int>(count(covered(in, out, kernel, stride, pad_before)));
}

int columns_read(const sparsity::KernelMask& mask) { return static_cast<int>(count(columns_of(mask))); }

}  // namespace tessera::cost

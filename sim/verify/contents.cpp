#include "sim/verify/contents.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::verify {

Contents::Contents(const program::Program& program)
    : p_(program), layers_(static_cast<int>(program.layers.size())), chunks_(static_cast<int>(program.chunks.size())) {
  for (int i = 0; i < chunks_; ++i)
    if (p_.chunks[i].size.total() > 0) by_address_.push_back(i);
  std::sort(by_address_.begin(), by_address_.end(),
            [&](int a, int b) { return p_.chunks[a].ddr_address < p_.chunks[b].ddr_address; });
}

int Contents::lattice_key(int layer, const ops::Lattice& lattice) {
  if (lattice.every()) return tensor_key(layer);
  const std::pair wanted(layer, lattice);
  const auto at = std::find(lattices_.begin(), lattices_.end(), wanted) - lattices_.begin();
  if (at == static_cast<std::ptrdiff_t>(lattices_.size())) lattices_.push_back(wanted);
  return sum_key(layers_) + static_cast<int>(at);
}

std::string Contents::name(const Findings& findings, const Placed& content) const {
  const int key = content.key;
  if (is_tensor(key)) return findings.layer_name(key) + " " + region_text(content.box);
  if (is_chunk(key))
    return fmt::format("chunk {} of {} bytes {} to {}", key - layers_,
                       findings.layer_name(p_.chunks[key - layers_].layer), content.box.c0, content.box.c1);
  if (is_lattice(key)) {
    const auto& [layer, lattice] = lattices_[static_cast<std::size_t>(key - sum_key(layers_))];
    return fmt::format("{} {} of every {},{}", findings.layer_name(layer), region_text(content.box), lattice.h,
                       lattice.w);
  }
  if (key >= 0) return "partial sums of " + findings.layer_name(key - layers_ - chunks_);
  return "bytes without content";
}

void Contents::resolve_from(int tensor, const program::Region& region, int c0, std::vector<Part>& parts) const {
  const network::Layer& layer = p_.layers[tensor].layer;
  if (layer.op != network::Op::concat) {
    parts.push_back({tensor, region, c0});
    return;
  }
  int offset = 0;
  for (network::LayerId input : layer.inputs) {
    const int channels = network::stored_channels(p_.layers[input].layer.out.c);
    program::Region r = region;
    r.c0 = std::max(region.c0, offset) - offset;
    r.c1 = std::min(region.c1, offset + channels) - offset;
    if (r.c0 < r.c1) resolve_from(input, r, c0 + r.c0 + offset - region.c0, parts);
    offset += channels;
  }
}

void Contents::resolve(int tensor, const program::Region& region, std::vector<Part>& parts) const {
  resolve_from(tensor, region, 0, parts);
}

void Contents::resolve(const Placed& placed, std::vector<Placed>& parts) {
  const auto [tensor, lattice] = is_lattice(placed.key)
                                     ? lattices_[static_cast<std::size_t>(placed.key - sum_key(layers_))]
                                     : std::pair(placed.key, ops::Lattice{});
  if (p_.layers[tensor].layer.op != network::Op::concat) return parts.push_back(placed);
  std::vector<Part> list;
  resolve(tensor, placed.box, list);
  for (const Part& part : list)
    parts.push_back({lattice_key(part.tensor, lattice), part.box, placed.base + part.c0, placed.ph, placed.pw});
}

int Contents::chunk_at(std::int64_t address) const {
  const auto next = std::upper_bound(by_address_.begin(), by_address_.end(), address,
                                     [&](std::int64_t a, int c) { return a < p_.chunks[c].ddr_address; });
  if (next == by_address_.begin()) return -1;
  const int c = *(next - 1);
  return address < p_.chunks[c].ddr_address + p_.chunks[c].size.total() ? c : -1;
}

int Contents::chunk_in(std::int64_t lo, std::int64_t hi) const {
  const int first = chunk_at(lo);
  if (first >= 0) return first;
  const auto next = std::upper_bound(by_address_.begin(), by_address_.end(), lo,
                                     [&](std::int64_t a, int c) { return a < p_.chunks[c].ddr_address; });
  return next != by_address_.end() && p_.chunks[*next].ddr_address < hi ? *next : -1;
}

}  // namespace tessera::verify

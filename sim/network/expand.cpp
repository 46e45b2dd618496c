#include "sim/network/expand.h"

#include <algorithm>

namespace tessera::network {
namespace {

constexpr std::int64_t pool_pixels = 4000;  // of 8 channels, twice in the smallest core beside results: 64 KB

bool starts_between_groups(const Layer& concat, const std::vector<Layer>& before) {
  return std::any_of(concat.inputs.begin(), concat.inputs.end() - 1,
                     [&](LayerId i) { return before[static_cast<std::size_t>(i)].out.c % 8 != 0; });
}

std::vector<Layer> joined(const Layer& concat, const std::vector<Layer>& before) {
  std::vector<Layer> layers;
  const auto next = [&](const std::string& name, Op op, std::vector<LayerId> inputs) -> Layer& {
    Layer layer;
    layer.id = static_cast<LayerId>(before.size() + layers.size());
    layer.name = name;
    layer.op = op;
    layer.inputs = std::move(inputs);
    layer.in = layer.out = layer.second = concat.out;
    return layers.emplace_back(std::move(layer));
  };
  LayerId sum = -1;
  int first = 0;
  for (std::size_t p = 0; p < concat.inputs.size(); ++p) {
    const Shape part = before[static_cast<std::size_t>(concat.inputs[p])].out;
    Layer& placed = next(concat.name + ".part" + std::to_string(p), Op::select, {concat.inputs[p]});
    placed.in = part;
    placed.second = {};
    placed.source.assign(static_cast<std::size_t>(concat.out.c), -1);
    for (int c = 0; c < part.c; ++c) placed.source[static_cast<std::size_t>(first + c)] = c;
    first += part.c;
    const LayerId own = placed.id;
    if (p > 0)
      sum = next(p + 1 < concat.inputs.size() ? concat.name + ".sum" + std::to_string(p) : concat.name, Op::add,
                 {sum, own})
                .id;
    else
      sum = own;
  }
  return layers;
}

// The largest divisors of the sides whose product a core holds; of equal products the squarest.
Shape part_of(const Shape& map) {
  Shape best{1, 1, map.c};
  for (int h = 1; h <= map.h; ++h)
    for (int w = 1; map.h % h == 0 && w <= map.w; ++w)
      if (map.w % w == 0 && std::int64_t{h} * w <= pool_pixels &&
          std::pair(h * w, std::min(h, w)) > std::pair(best.h * best.w, std::min(best.h, best.w)))
        best = {h, w, map.c};
  return best;
}

std::vector<Layer> in_two_steps(const Layer& pool, const Shape& part) {
  Layer first = pool, second = pool;
  first.name += ".parts";
  first.window = {};
  first.window.kh = first.window.sh = part.h;
  first.window.kw = first.window.sw = part.w;
  first.out = {pool.in.h / part.h, pool.in.w / part.w, pool.in.c};
  second.id = pool.id + 1;
  second.inputs = {pool.id};
  second.in = first.out;
  second.window = {};
  second.window.kh = second.window.sh = first.out.h;
  second.window.kw = second.window.sw = first.out.w;
  return {first, second};
}

}  // namespace

std::optional<Shape> part_of_pool(const Shape& map) {
  if (std::int64_t{map.h} * map.w <= pool_pixels) return std::nullopt;
  const Shape part = part_of(map);
  if (part.h * part.w == 1 || std::int64_t{map.h / part.h} * (map.w / part.w) > pool_pixels) return std::nullopt;
  return part;
}

std::vector<Layer> expanded(const Layer& layer, const std::vector<Layer>& before) {
  if (layer.op == Op::concat && starts_between_groups(layer, before)) return joined(layer, before);
  const Window& k = layer.window;
  const bool pool = layer.scaling == Scaling::power && (layer.op == Op::avgpool || layer.op == Op::maxpool);
  const bool whole = pool && k.kh == layer.in.h && k.kw == layer.in.w && layer.out.h == 1 && layer.out.w == 1 &&
                     k.pad_top + k.pad_left + k.pad_bottom + k.pad_right == 0 && k.dh == 1 && k.dw == 1;
  if (const auto part = whole ? part_of_pool(layer.in) : std::nullopt) return in_two_steps(layer, *part);
  return {layer};
}

}  // namespace tessera::network

#include "sim/network/stacked.h"

#include <algorithm>

namespace tessera::network {
namespace {

// Rows of windows that lie in one image.
bool stack_window(Layer& l) {
  Window& w = l.window;
  if (w.pad_top > 0 || w.pad_bottom > 0) return false;
  if (l.out.h == 1 && w.extent_h() <= l.in.h) w.sh = l.in.h;
  return l.in.h == l.out.h * w.sh && w.extent_h() <= w.sh;
}

bool stack_pixels(Layer& l, int images) {
  ops::Pixels& p = l.pixels;
  const int pixels = l.out.h * l.out.w;
  if (p.first != 0 || p.count() != pixels) return false;  // zeros stand between
  p.sizes.insert(p.sizes.begin(), images);
  p.strides.insert(p.strides.begin(), l.in.h * l.in.w);
  return true;
}

void stack_remap(Layer& l, int images) {
  const std::vector<int> rows = l.remap.rows;
  l.remap.rows.clear();
  for (int image = 0; image < images; ++image)
    for (const int row : rows) l.remap.rows.push_back(row < 0 ? row : row + image * l.in.h * ops::position_steps);
}

// Whether a second operand is combined with every row: it must be the same for all images then.
bool stack_operand(const Network& network, const Layer& l, Stacked& s) {
  const Layer& second = network.layers[static_cast<std::size_t>(l.inputs[1])];
  if (second.out.h > 1 || (l.in.h == 1 && second.op != Op::constant)) return true;
  s.whole[1] = second.op == Op::constant;
  return s.whole[1];
}

}  // namespace

std::optional<Stacked> stacked(const Network& network, const Layer& layer, int images) {
  Stacked s{layer, std::vector<bool>(layer.inputs.size(), false)};
  Layer& l = s.layer;
  bool apart = true;
  if (ops::has_window(l)) apart = stack_window(l);
  if (l.op == Op::pick) apart = stack_pixels(l, images);
  if (l.op == Op::remap) stack_remap(l, images);
  if (l.op == Op::add || l.op == Op::sub || l.op == Op::mul) apart = stack_operand(network, layer, s);
  if (!apart) return std::nullopt;
  l.images = images;
  l.in.h *= images;
  l.out.h *= images;
  if (operator_of(l).inputs == 2 && !s.whole[1]) l.second.h *= images;
  return s;
}

Layer row_of_images(const Layer& tensor, int image, int images) {
  Layer l;
  l.op = Op::pick;
  l.in = l.out = tensor.out;
  l.out.h *= images;
  const int pixels = tensor.out.h * tensor.out.w;
  l.pixels = {0, image * pixels, {pixels}, {1}};
  return l;
}

}  // namespace tessera::network

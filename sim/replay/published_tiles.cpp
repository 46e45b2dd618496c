#include "sim/replay/published_tiles.h"

#include <algorithm>

#include "sim/replay/lane_work.h"

namespace tessera::replay {
namespace {

constexpr Bytes weight_limit = 16384;
constexpr Bytes activation_buffer = 8192;

int ceil_int(int a, int b) { return static_cast<int>(ceil_div(a, b)); }

class ConvTile {
 public:
  ConvTile(const network::Layer& layer, int rows, int cols, double density)
      : window_(layer.window), in_c_(network::stored_channels(layer.in.c)), out_(layer.out), density_(density) {
    out_w_ = ceil_int(layer.out.w, cols);
    in_w_ = (out_w_ - 1) * window_.sw + window_.kw;
    memtile_w_ = ceil_int(layer.in.w, cols);
    memtile_ = {network::stored_channels(ceil_int(network::stored_channels(layer.out.c), rows)), window_.kh, window_.kw,
                in_c_};
  }

  PublishedTile choose() {
    int in_c = in_c_, out_c = network::stored_channels(out_.c);
    if (!input_fits(1, in_c) || !output_fits(1, out_c)) {
      if (in_w_ > memtile_w_ || window_.sw > 1) in_w_ = memtile_w_;
      in_c = divided(in_c, [&](int c) { return input_fits(1, c); });
      out_c = divided(out_c, [&](int c) { return output_fits(1, c); });
    }
    int h = 1;
    while (h < out_.h && input_fits(h + 1, in_c) && output_fits(h + 1, out_c)) ++h;
    PublishedTile t;
    t.core_input = {in_rows(h), in_w_, in_c};
    t.core_output = {h, out_w_, out_c};
    t.memtile_weights = memtile_;
    t.core_weights = weights();
    return t;
  }

 private:
  int in_rows(int h) const { return (h - 1) * window_.sh + window_.kh; }
  bool input_fits(int h, int c) const {
    const Bytes limit = window_.sh > 1 ? activation_buffer * 3 / 2 : activation_buffer;
    return in_rows(h) * round_up(in_w_, 8) * c <= limit;
  }
  bool output_fits(int h, int c) const { return h * round_up(out_w_, 8) * c <= activation_buffer / window_.sh; }

  template <class Fits>
  static int divided(int channels, const Fits& fits) {
    int part = channels;
    for (int d : channel_divisors(channels)) {
      part = channels / d;
      if (fits(part)) break;
    }
    return part;
  }

  WeightShape weights() const {
    WeightShape w = memtile_;
    const auto fits = [&] { return weight_bytes(w, density_, false) <= weight_limit; };
    for (int d : channel_divisors(network::stored_channels(out_.c))) {
      if (memtile_.cout % (8 * d) != 0) continue;
      w.cout = memtile_.cout / d;
      if (fits()) return w;
    }
    for (int d : channel_divisors(in_c_)) {
      w.cin = in_c_ / d;
      if (fits()) break;
    }
    return w;
  }

  const network::Window window_;
  const int in_c_;
  const network::Shape out_;
  const double density_;
  int out_w_ = 1, in_w_ = 1, memtile_w_ = 1;
  WeightShape memtile_;
};

// Pools and add have no weights and use both input buffers. A pool that is too wide is swept in halves of the width,
// or in halves of the channels where the width does not divide.
PublishedTile channelwise_tile(const network::Layer& l, int cols) {
  const network::Window& k = l.window;
  const bool add = l.op == network::Op::add;
  const Bytes limit = add                          ? activation_buffer
                      : k.sw > 1 || k.kh == l.in.h ? 2 * activation_buffer
                                                   : activation_buffer * 3 / 2;
  PublishedTile t;
  int c = network::stored_channels(l.out.c);
  const auto volume = [&](int h, int w) {
    return network::Shape{std::min((h - 1) * k.sh + k.kh, l.in.h), std::min((w - 1) * k.sw + k.kw, l.in.w), c};
  };
  int w = ceil_int(l.out.w, cols);
  while (volume(1, w).elements() > limit) {
    const int half = ceil_int(l.out.w, cols * t.width_parts * 2);
    if (half < w && (half > 1 || l.out.w % (cols * t.width_parts * 2) == 0)) {
      t.width_parts *= 2;
      w = half;
    } else if (c % 16 == 0) {
      c /= 2;
    } else {
      break;
    }
  }
  int h = 1;
  while (h < l.out.h && volume(h + 1, w).elements() <= limit) ++h;
  t.core_input = volume(h, w);
  t.core_output = {h, w, c};
  return t;
}

}  // namespace

std::vector<int> channel_divisors(int channels) {
  std::vector<int> divisors;
  for (int d = 1; d <= channels / 8; ++d)
    if (channels % (8 * d) == 0) divisors.push_back(d);
  return divisors;
}

network::Shape column_share(const network::Shape& s, int cols) {
  return {s.h, ceil_int(s.w, cols), network::stored_channels(s.c)};
}

PublishedTile published_tile(const network::Layer& layer, int rows, int cols, double density) {
  if (layer.op == network::Op::conv2d) return ConvTile(layer, rows, cols, density).choose();
  return channelwise_tile(layer, cols);
}

}  // namespace tessera::replay

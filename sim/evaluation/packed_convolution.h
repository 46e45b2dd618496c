// A convolution as sums over contiguous runs: the input with its padding around it, [row][column][channel], and weights
// in blocks of 16 output channels, [block][kernel row][group][16][step] where a group is `step` neighbouring elements
// of a kernel row of kw x cin. A tile is up to 8 neighbouring output pixels by 1 or 2 blocks, summed in registers.
#pragma once
#include <algorithm>
#include <vector>

#include "sim/network/network.h"

namespace tessera::evaluation {

constexpr int lanes = 16;       // output channels of a block
constexpr int most_pixels = 8;  // of a tile: 8, 4, 2 or 1

template <class Element>
struct Tile {
  const Element* x;  // of the first pixel, in the first kernel row
  std::size_t pixel_step, row_step;
  int rows, groups;
  const Element* weights;
  std::size_t block_step;  // between blocks of weights
};

// sums[pixel][block][lane] of a tile.
template <class Element, class Sum>
using TileFunction = void (*)(const Tile<Element>& tile, Sum* sums);

// tiles[blocks - 1][log2 of the pixels]; null in the second line: one block at a time.
template <class Element, class Sum>
struct TileTable {
  TileFunction<Element, Sum> tiles[2][4];
};

template <class Element, class Sum, int step>
class PackedConvolution {
 public:
  // `weight`(output channel, tap x cin element) of the layer.
  template <class Weight>
  PackedConvolution(const network::Layer& layer, const Weight& weight)
      : layer_(layer),
        run_(layer.window.kw * layer.in.c),
        groups_((run_ + step - 1) / step),
        blocks_((layer.out.c + lanes - 1) / lanes),
        block_size_(static_cast<std::size_t>(layer.window.kh) * groups_ * lanes * step),
        weights_(block_size_ * blocks_) {
    for (int oc = 0; oc < layer.out.c; ++oc)
      for (int ky = 0; ky < layer.window.kh; ++ky)
        for (int i = 0; i < run_; ++i)
          weights_[oc / lanes * block_size_ +
                   ((static_cast<std::size_t>(ky) * groups_ + i / step) * lanes + oc % lanes) * step + i % step] =
              static_cast<Element>(weight(oc, static_cast<std::size_t>(ky) * run_ + i));
  }

  // Calls finish(pixel, channel, sums) for 16 channels from `channel` of every output pixel, the excess undefined.
  template <class In, class Finish>
  void run(const In* in, std::vector<Element>& scratch, const TileTable<Element, Sum>& table,
           const Finish& finish) const {
    const network::Window& k = layer_.window;
    const std::size_t row = pad(in, scratch);
    Sum sums[most_pixels * 2 * lanes];
    const int pair = table.tiles[1][0] != nullptr ? 2 : 1;
    for (int block = 0; block < blocks_; block += pair) {
      const int blocks = std::min(pair, blocks_ - block);
      for (int y = 0; y < layer_.out.h; ++y)
        for (int x = 0, size = 3; x < layer_.out.w; x += 1 << size) {
          while (x + (1 << size) > layer_.out.w) --size;
          const Tile<Element> tile{
              &scratch[static_cast<std::size_t>(y) * k.sh * row + static_cast<std::size_t>(x) * k.sw * layer_.in.c],
              static_cast<std::size_t>(k.sw) * layer_.in.c,
              row,
              k.kh,
              groups_,
              &weights_[block * block_size_],
              block_size_};
          table.tiles[blocks - 1][size](tile, sums);
          for (int p = 0; p < 1 << size; ++p)
            for (int b = 0; b < blocks; ++b)
              finish(static_cast<std::size_t>(y) * layer_.out.w + x + p, (block + b) * lanes,
                     sums + (p * blocks + b) * lanes);
        }
    }
  }

  const network::Layer& layer() const { return layer_; }

 private:
  // Returns the elements of a row. A group may reach beyond the last run.
  template <class In>
  std::size_t pad(const In* in, std::vector<Element>& scratch) const {
    const network::Window& k = layer_.window;
    const network::Shape& s = layer_.in;
    const std::size_t line = static_cast<std::size_t>(s.w) * s.c,
                      row = line + std::size_t{1} * (k.pad_left + k.pad_right) * s.c;
    scratch.assign(static_cast<std::size_t>(s.h + k.pad_top + k.pad_bottom) * row + step, Element{0});
    for (int y = 0; y < s.h; ++y) {
      Element* to =
          &scratch[static_cast<std::size_t>(y + k.pad_top) * row + static_cast<std::size_t>(k.pad_left) * s.c];
      for (std::size_t i = 0; i < line; ++i) to[i] = static_cast<Element>(in[static_cast<std::size_t>(y) * line + i]);
    }
    return row;
  }

  network::Layer layer_;
  int run_, groups_, blocks_;
  std::size_t block_size_;
  std::vector<Element> weights_;
};

}  // namespace tessera::evaluation

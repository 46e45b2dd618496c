// How the elements of a value stand in the tensor of a layer, which has pixels (rows times columns, counted along the
// rows) and channels. Every dimension of the value is a list of digits, the outermost first; a digit counts pixels or
// channels in steps of its stride. Reshaping regroups digits, transposing reorders dimensions, and slicing moves the
// first pixel or channel: nothing is moved before a layer needs it otherwise.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/tensor/tensor.h"

namespace tessera::tensor {

struct Digit {
  std::int64_t size = 1;
  bool channel = false;  // counts channels, else pixels
  std::int64_t stride = 1;
  bool operator==(const Digit& o) const { return size == o.size && channel == o.channel && stride == o.stride; }
};
using Digits = std::vector<Digit>;

struct View {
  std::string layer;                 // empty: of a node that was refused
  std::int64_t h = 1, w = 1, c = 1;  // of the layer's tensor
  std::int64_t first_pixel = 0, first_channel = 0;
  double factor = 1;         // of the value to what stands in the tensor
  std::vector<Digits> dims;  // a dimension of size 1 has no digits

  Dims shape() const;
  bool has_channels(std::size_t dim) const;  // digits of channels
  bool has_pixels(std::size_t dim) const;
  std::int64_t pixels() const { return h * w; }
};

// 1 x channels x height x width of a tensor.
View map_view(const std::string& layer, std::int64_t h, std::int64_t w, std::int64_t c);
// A value of this shape whose last dimension are the channels of pixels in rows.
View rows_view(const std::string& layer, const Dims& shape);
// The same elements of another tensor of the same size.
View over(const View& view, const std::string& layer);

std::optional<View> reshaped(const View& view, const Dims& shape);
View transposed(const View& view, const Dims& order);
std::optional<View> sliced(const View& view, std::size_t dim, std::int64_t start, std::int64_t step, std::int64_t size);

// The same elements again where a dimension of size 1 has more in `like`, whose kind it gets there; dimensions that are
// missing in front count like those of size 1.
View broadcast_to(const View& view, const View& like);
// Whether an element stands for several of the view.
bool repeats_elements(const View& view);
// The last dimension that counts channels; the last of all where none does.
std::size_t channel_dimension(const View& view);

// Digits as few as possible, those of size 1 left out.
Digits merged(const Digits& digits);
// What digits count, in order: pixels or channels, from the first on.
std::vector<std::int64_t> counted(const Digits& digits, std::int64_t first);
// The digits of all dimensions that count pixels (or channels), in order.
Digits digits_of(const View& view, bool channels);
// Whether the pixels (channels) are all of the tensor's, in its order.
bool in_order(const View& view, bool channels);
// The digits of the same elements in a tensor that has them in the order of the dimensions, pixels and channels each.
View in_order_of_dimensions(const View& view);
// Of every element, in the order of the dimensions: its place among [h][w][c] of the tensor.
std::vector<std::size_t> places_of(const View& view);

// Whether the value is 1 x channels x 1 x width: its pixels may as well stand as a column.
bool is_row(const View& view);
// Whether it is 1 x channels x height x width of more than one row.
bool is_map(const View& view);

// Whether the view has every element of the tensor.
bool is_whole(const View& view);

}  // namespace tessera::tensor

#include "sim/tensor/view.h"

#include <algorithm>

namespace tessera::tensor {
namespace {

std::int64_t size_of(const Digits& digits) {
  std::int64_t size = 1;
  for (const Digit& d : digits) size *= d.size;
  return size;
}

bool any(const Digits& digits, bool channel) {
  return std::any_of(digits.begin(), digits.end(), [&](const Digit& d) { return d.channel == channel; });
}

Digits digits(std::int64_t size, bool channel, std::int64_t stride) {
  if (size == 1) return {};
  return {{size, channel, stride}};
}

// Digits that stand still count what the others of their dimension do.
void take_kind(Digits& dim) {
  const auto moving = std::find_if(dim.begin(), dim.end(), [](const Digit& d) { return d.stride != 0; });
  if (moving == dim.end()) return;
  for (Digit& d : dim)
    if (d.stride == 0) d.channel = moving->channel;
}

}  // namespace

Dims View::shape() const {
  Dims sizes;
  for (const Digits& d : dims) sizes.push_back(size_of(d));
  return sizes;
}
bool View::has_channels(std::size_t dim) const { return any(dims[dim], true); }
bool View::has_pixels(std::size_t dim) const { return any(dims[dim], false); }

View map_view(const std::string& layer, std::int64_t h, std::int64_t w, std::int64_t c) {
  View v{layer, h, w, c, 0, 0, 1, {}};
  v.dims = {{}, digits(c, true, 1), digits(h, false, w), digits(w, false, 1)};
  return v;
}

View rows_view(const std::string& layer, const Dims& shape) {
  View v;
  v.layer = layer;
  v.c = shape.empty() ? 1 : shape.back();
  for (std::size_t d = 0; d + 1 < shape.size(); ++d) v.h *= shape[d];
  std::int64_t stride = v.h;
  for (std::size_t d = 0; d + 1 < shape.size(); ++d) {
    stride /= shape[d];
    v.dims.push_back(digits(shape[d], false, stride));
  }
  if (!shape.empty()) v.dims.push_back(digits(v.c, true, 1));
  return v;
}

View over(const View& view, const std::string& layer) {
  View v = view;
  v.layer = layer;
  v.factor = 1;
  return v;
}

View broadcast_to(const View& view, const View& like) {
  View v = view;
  const Dims shape = like.shape();
  while (v.dims.size() < shape.size()) v.dims.insert(v.dims.begin(), Digits{});
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (size_of(v.dims[d]) == 1 && shape[d] > 1) v.dims[d] = {{shape[d], like.has_channels(d), 0}};
  return v;
}

std::size_t channel_dimension(const View& view) {
  for (std::size_t d = view.dims.size(); d-- > 0;)
    if (view.has_channels(d)) return d;
  return view.dims.empty() ? 0 : view.dims.size() - 1;
}

Digits merged(const Digits& list) {
  Digits out;
  for (const Digit& d : list) {
    if (d.size == 1) continue;
    if (!out.empty() && out.back().channel == d.channel && out.back().stride == d.stride * d.size) {
      out.back().size *= d.size;
      out.back().stride = d.stride;
    } else {
      out.push_back(d);
    }
  }
  return out;
}

std::optional<View> reshaped(const View& view, const Dims& shape) {
  Digits rest;  // the innermost last
  for (const Digits& d : view.dims) rest.insert(rest.end(), d.begin(), d.end());
  rest = merged(rest);
  View out = view;
  out.dims.assign(shape.size(), {});
  for (std::size_t d = shape.size(); d-- > 0;) {
    std::int64_t left = shape[d];
    while (left > 1) {
      if (rest.empty()) return std::nullopt;
      Digit& inner = rest.back();
      if (inner.size <= left) {
        if (left % inner.size != 0) return std::nullopt;
        left /= inner.size;
        out.dims[d].insert(out.dims[d].begin(), inner);
        rest.pop_back();
      } else {
        if (inner.size % left != 0) return std::nullopt;
        out.dims[d].insert(out.dims[d].begin(), {left, inner.channel, inner.stride});
        inner.size /= left;
        inner.stride *= left;
        left = 1;
      }
    }
    take_kind(out.dims[d]);
    out.dims[d] = merged(out.dims[d]);
  }
  if (!rest.empty()) return std::nullopt;
  return out;
}

View transposed(const View& view, const Dims& order) {
  View out = view;
  for (std::size_t d = 0; d < order.size(); ++d) out.dims[d] = view.dims[static_cast<std::size_t>(order[d])];
  return out;
}

std::optional<View> sliced(const View& view, std::size_t dim, std::int64_t start, std::int64_t step,
                           std::int64_t size) {
  View out = view;
  Digits& list = out.dims[dim];
  if (size == size_of(list) && start == 0 && step == 1) return out;
  std::int64_t inner = 1;  // of the digits that stay whole
  while (list.size() > 1 && start % (inner * list.back().size) == 0 && size % (inner * list.back().size) == 0 &&
         step == 1) {
    inner *= list.back().size;
    list.pop_back();
  }
  if (list.size() > 1) {
    // The outer digits must stand still.
    const std::int64_t within = list.back().size * inner;
    if (start / within != (start + (size - 1) * step) / within || step < 0) return std::nullopt;
    std::int64_t outer = start / within;
    for (std::size_t d = list.size() - 1; d-- > 0;) {
      (list[d].channel ? out.first_channel : out.first_pixel) += outer % list[d].size * list[d].stride;
      outer /= list[d].size;
    }
    start %= within;
    list.erase(list.begin(), list.end() - 1);
  }
  Digits whole;
  std::int64_t product = 1;
  for (std::size_t d = view.dims[dim].size(); product < inner && d-- > 0;) {
    whole.insert(whole.begin(), view.dims[dim][d]);
    product *= view.dims[dim][d].size;
  }
  if (!list.empty()) {
    Digit& d = list[0];
    (d.channel ? out.first_channel : out.first_pixel) += start / inner * d.stride;
    d.size = size / inner;
    d.stride *= step;
  }
  list.insert(list.end(), whole.begin(), whole.end());
  list = merged(list);
  return out;
}

std::vector<std::int64_t> counted(const Digits& list, std::int64_t first) {
  std::vector<std::int64_t> values{first};
  for (const Digit& d : list) {
    std::vector<std::int64_t> next;
    for (const std::int64_t v : values)
      for (std::int64_t i = 0; i < d.size; ++i) next.push_back(v + i * d.stride);
    values = std::move(next);
  }
  return values;
}

View in_order_of_dimensions(const View& view) {
  View v = view;
  std::int64_t channel = size_of(digits_of(view, true)), pixel = size_of(digits_of(view, false));
  for (Digits& dim : v.dims)
    for (Digit& d : dim) {
      std::int64_t& left = d.channel ? channel : pixel;
      left /= d.size;
      d.stride = left;
    }
  return v;
}

std::vector<std::size_t> places_of(const View& view) {
  std::vector<std::size_t> places{static_cast<std::size_t>(view.first_pixel * view.c + view.first_channel)};
  for (const Digits& dim : view.dims)
    for (const Digit& d : dim) {
      std::vector<std::size_t> next;
      for (const std::size_t place : places)
        for (std::int64_t i = 0; i < d.size; ++i)
          next.push_back(place + static_cast<std::size_t>(i * d.stride * (d.channel ? 1 : view.c)));
      places = std::move(next);
    }
  return places;
}

Digits digits_of(const View& view, bool channels) {
  Digits list;
  for (const Digits& dim : view.dims)
    std::copy_if(dim.begin(), dim.end(), std::back_inserter(list),
                 [&](const Digit& d) { return d.channel == channels; });
  return merged(list);
}

bool in_order(const View& view, bool channels) {
  const std::int64_t all = channels ? view.c : view.pixels();
  if ((channels ? view.first_channel : view.first_pixel) != 0) return false;
  return digits_of(view, channels) == digits(all, channels, 1);
}

bool repeats_elements(const View& view) {
  for (const Digits& dim : view.dims)
    if (std::any_of(dim.begin(), dim.end(), [](const Digit& d) { return d.stride == 0; })) return true;
  return false;
}

bool is_row(const View& view) {
  if (view.dims.size() != 4 || view.has_pixels(1)) return false;
  return view.dims[0].empty() && view.dims[2].empty() && !view.has_channels(3);
}

bool is_map(const View& view) {
  return view.dims.size() == 4 && view.dims[0].empty() && view.has_channels(1) && !is_row(view);
}

bool is_whole(const View& view) {
  if (repeats_elements(view)) return false;
  return view.first_pixel == 0 && view.first_channel == 0 && element_count(view.shape()) == view.pixels() * view.c;
}

}  // namespace tessera::tensor

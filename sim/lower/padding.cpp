#include "sim/lower/padding.h"

#include <algorithm>

namespace tessera::lower {
namespace {

// Pieces of `all` of at most `most`.
std::vector<Span> pieces(Span all, int most) {
  std::vector<Span> list;
  for (int at = all.lo; at < all.hi; at += most) list.push_back({at, std::min(at + most, all.hi)});
  return list;
}

// A strip of zeros along one side of the map: how far it reaches, and where the element that is read stands in it.
struct Strip {
  Span span;
  int element;
};

// Strips of up to `most` zeros and the line after them, which the next strip covers, from both ends of `all` to
// `inner`.
std::vector<Strip> strips(Span all, Span inner, int most) {
  std::vector<Strip> list;
  for (int at = all.lo; at < inner.lo;) {
    const int n = std::min(most, inner.lo - at);
    list.push_back({{at, at + n + 1}, n});
    at += n;
  }
  for (int at = all.hi; at > inner.hi;) {
    const int n = std::min(most, at - inner.hi);
    list.push_back({{at - n - 1, at}, 0});
    at -= n;
  }
  return list;
}

Span widened(Span map, Span all, int most) {
  return {std::max(all.lo, map.lo - most), std::min(all.hi, map.hi + most)};
}

}  // namespace

Padding padding_of(const Rectangle& all, const Rectangle& map, Span c, const arch::DmaSpec& source,
                   const arch::DmaSpec& sink) {
  const int most_w = source.max_padding[1], most_h = source.max_padding[2];
  Padding p;
  p.map = {widened(map.h, all.h, most_h), widened(map.w, all.w, most_w)};
  // A row of pixels goes into two dimensions of the sink, a wrap each for channels and pixels; rows into the third.
  const std::vector<Span> channels = pieces(c, std::max(8, std::min(source.max_wrap, sink.max_wrap) * 4 / 8 * 8));
  const int columns = std::min(2 * most_w + 1, sink.max_wrap), rows = 2 * most_h + 1;
  const auto add = [&](Span h, Span w, int eh, int ew) {
    for (const Span& part : channels) p.blocks.push_back({{h, w}, part, eh, ew});
  };
  for (const Strip& s : strips(all.h, p.map.h, most_h))
    for (const Span& w : pieces(all.w, columns)) add(s.span, w, s.element, std::min(most_w, w.size() - 1));
  for (const Strip& s : strips(all.w, p.map.w, std::max(1, std::min(most_w, sink.max_wrap - 1))))
    for (const Span& h : pieces(p.map.h, rows)) add(h, s.span, std::min(most_h, h.size() - 1), s.element);
  return p;
}

}  // namespace tessera::lower

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

// Blocks of zeros, within what fields of descriptors can say.
class Blocks {
 public:
  Blocks(Span c, const arch::DmaSpec& source, const arch::DmaSpec& sink)
      : most_w_(source.max_padding[1]),
        most_h_(source.max_padding[2]),
        most_across_(std::max(1, std::min(most_w_, sink.max_wrap - 1))),
        columns_(std::min(2 * most_w_ + 1, sink.max_wrap)),
        // A row of pixels goes into two dimensions of the sink, a wrap each for channels and pixels; rows into the
        // third.
        channels_(pieces(c, std::max(8, std::min(source.max_wrap, sink.max_wrap) * 4 / 8 * 8))) {}

  // Above and below `inner`, and beside it.
  void add_rows(const Rectangle& all, Span inner) {
    for (const Strip& s : strips(all.h, inner, most_h_))
      for (const Span& w : pieces(all.w, columns_)) add(s.span, w, s.element, std::min(most_w_, w.size() - 1));
  }
  void add_columns(const Rectangle& all, Span inner) {
    for (const Strip& s : strips(all.w, inner, most_across_))
      for (const Span& h : pieces(all.h, 2 * most_h_ + 1)) add(h, s.span, std::min(most_h_, h.size() - 1), s.element);
  }
  std::vector<ZeroBlock> list;

 private:
  void add(Span h, Span w, int eh, int ew) {
    for (const Span& part : channels_) list.push_back({{h, w}, part, eh, ew});
  }
  int most_w_, most_h_, most_across_, columns_;
  std::vector<Span> channels_;
};

}  // namespace

Padding padding_of(const Rectangle& all, const Rectangle& map, Span c, const arch::DmaSpec& source,
                   const arch::DmaSpec& sink) {
  Padding p;
  p.map = {widened(map.h, all.h, source.max_padding[2]), widened(map.w, all.w, source.max_padding[1])};
  Blocks blocks(c, source, sink);
  blocks.add_rows(all, p.map.h);
  blocks.add_columns({p.map.h, all.w}, p.map.w);
  p.blocks = std::move(blocks.list);
  return p;
}

std::vector<ZeroBlock> zeros_outside(const Rectangle& all, Side side, Span c, const arch::DmaSpec& source,
                                     const arch::DmaSpec& sink) {
  Blocks blocks(c, source, sink);
  switch (side) {
    case Side::above:
      blocks.add_rows(all, {all.h.hi, all.h.hi});
      break;
    case Side::below:
      blocks.add_rows(all, {all.h.lo, all.h.lo});
      break;
    case Side::left:
      blocks.add_columns(all, {all.w.hi, all.w.hi});
      break;
    case Side::right:
      blocks.add_columns(all, {all.w.lo, all.w.lo});
  }
  return std::move(blocks.list);
}

}  // namespace tessera::lower

// Where tensors stand while a program is being made, and who wrote and read them: spread over the memory tiles along
// one axis, or whole in DDR. Parts of a concatenation are aliases of one root tensor.
#pragma once
#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "sim/lower/memory_map.h"
#include "sim/mapping/mapping.h"
#include "sim/mapping/tile_allocator.h"

namespace tessera::lower {

using mapping::Span;
using mapping::TileAllocator;

// A rectangle of a tensor at one place, all stored channels of the root.
struct Piece {
  int memtile = -1;  // -1: DDR
  int owner = -1;    // of its place in the memory tile
  Span h, w;
  BufferRef buffer;  // address, and who used it
  struct Written {
    Span h, w, c;
    program::Wait by;  // the transfer that put it there
  };
  std::vector<Written> writers;
  int tile_row = -1;            // mapping::Piece
  std::int64_t pixel_step = 0;  // bytes between pixels of a row: stored channels of the root
  std::int64_t row_step() const { return pixel_step * w.size(); }
};

struct Placement {
  bool in_ddr = false;
  mapping::Axis axis = mapping::Axis::height;
  int channels = 0;  // stored channels of the root
  std::vector<Piece> pieces;
};

// What must have finished before h x w x c of a piece can be read; c counts within the root.
WaitSet writers_of(const Piece& piece, Span h, Span w, Span c);

// A part of a region that stands in one piece.
struct Segment {
  Piece* piece = nullptr;
  Span h, w;  // clipped to the piece
};
std::vector<Segment> segments_of(Placement& placement, Span h, Span w);

// Address pattern of channels [c0, c0 + n) of a segment, [h][w][c]; c0 counts within the root.
program::Access segment_access(const Segment& s, int c0, int n);

// Rows or columns of a map in units of the lattice that takes every `step`-th of them, and the other way round: from
// the first to the last.
inline Span on_lattice(Span map, int step) {
  return {static_cast<int>(ceil_div(map.lo, step)), static_cast<int>(ceil_div(map.hi, step))};
}
inline Span in_map(Span lattice, int step) {
  return lattice.empty() ? Span{} : Span{lattice.lo * step, (lattice.hi - 1) * step + 1};
}
// The rows and columns of the lattice alone, of an access [h][w][c] that begins with one of each.
program::Access on_lattice(program::Access access, const ops::Lattice& lattice);

// Places for weights in the largest gap between live tensors of a memory tile: where memory has lain idle for longest,
// so that they can be fetched as early as possible, layers ahead, while others compute.
class WeightSpace {
 public:
  void used(std::int64_t lo, std::int64_t hi);  // now, for the last time so far
  // For the coming layer.
  void open(TileAllocator::Gap gap) { gap_ = gap; }
  bool holds(const std::vector<Bytes>& chunks) const;
  // A place each for chunks that the gap holds and that are all kept to the end of the layer, in the order in which
  // they are fetched.
  std::vector<std::int64_t> places(const std::vector<Bytes>& chunks);
  // The same at even distances, one after the other, so that one descriptor can reach them all; nothing where they find
  // no room so.
  std::optional<std::vector<std::int64_t>> even_places(const std::vector<Bytes>& chunks) const;
  // Where the next of chunks stands that the gap does not hold: they take turns in as many slots of the `largest` as
  // fit.
  std::int64_t turn(Bytes largest) const;
  // The same for chunk `number` of the layer, one slot after the other; of a multiple of `channels` slots, if so many
  // fit, so that each of these channels goes round at even distances.
  std::int64_t ring(Bytes largest, int number, int channels) const;

 private:
  using Runs = boost::container::flat_map<std::int64_t, int>;
  struct Change {  // of a run: the use that it had, 0 where none began there
    std::int64_t lo;
    std::optional<int> before;
  };
  void mark(std::int64_t lo, std::int64_t hi, int use);
  void set(std::int64_t lo, std::optional<int> use);
  int last_use(std::int64_t lo, std::int64_t hi) const;
  std::int64_t oldest(Bytes chunk) const;
  TileAllocator::Gap gap_;
  int uses_ = 0;
  Runs last_;                                                        // by lower end: which use of memory was its last
  boost::container::flat_set<std::pair<int, std::int64_t>> by_use_;  // the same runs, longest unused first
  std::vector<Change> changes_;                                      // since places() began
};

}  // namespace tessera::lower

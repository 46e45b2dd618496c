// Where tensors live: spread over the memory tiles in bands of the height (or width), or whole in DDR. Concatenation is
// free: its parts are views into one root tensor.
#pragma once
#include <optional>
#include <vector>

#include "sim/schedule/memory_map.h"
#include "sim/schedule/partition.h"

namespace tessera {

struct View {
  LayerId root = 0;
  int c0 = 0;  // first stored channel within the root
};

// A rectangle of a tensor at one place, all stored channels of the root.
struct Piece {
  int memtile = -1;  // -1: DDR
  int owner = -1;    // of its place in the memory tile
  Span h, w;
  BufferRef buffer;  // address, and who used it
  struct Written {
    Span h, w, c;
    Wait by;  // the transfer that put it there
  };
  std::vector<Written> writers;
  std::int64_t pixel_step = 0;  // bytes between pixels of a row: stored channels of the root
  std::int64_t row_step() const { return pixel_step * w.size(); }
};

struct Home {
  bool in_ddr = false;
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
std::vector<Segment> segments_of(Home& home, Span h, Span w);

// Address pattern of channels [c0, c0 + n) of a segment, [h][w][c]; c0 counts within the root.
Access segment_access(const Segment& s, int c0, int n);

// Allocation of tensors (and staging buffers) in one memory tile, from both ends, so that one large gap is left for
// weights. Whatever is not live may be overwritten once its users are done; MemoryMap keeps them apart.
class TileAllocator {
 public:
  explicit TileAllocator(Bytes size) : size_(size) {}
  // The free place nearest to one of the two ends that leaves the largest gap; `high` decides between equals.
  std::optional<std::int64_t> find(Bytes bytes, bool high) const;
  void take(std::int64_t address, Bytes bytes, int owner);
  void release(int owner);
  void rename(int owner, int new_owner);
  struct Gap {
    std::int64_t lo = 0, hi = 0;
    Bytes size() const { return hi - lo; }
  };
  Gap largest_gap() const;
  Bytes size() const { return size_; }

 private:
  struct Live {
    std::int64_t lo, hi;
    int owner;
  };
  std::vector<Gap> gaps() const;
  Bytes size_;
  std::vector<Live> live_;  // sorted by lo
};

// Weights stand in the largest gap between live tensors and move through it as through a ring, across layers: the next
// chunk takes the place of the oldest.
class WeightRing {
 public:
  void open(std::int64_t lo, std::int64_t hi);  // bounds for the coming layer
  Bytes size() const { return hi_ - lo_; }
  void reserve(Bytes bytes);       // the next `bytes` shall not wrap
  std::int64_t next(Bytes bytes);  // address for a chunk, bytes <= size()

 private:
  std::int64_t lo_ = 0, hi_ = 0, next_ = 0;
};

}  // namespace tessera

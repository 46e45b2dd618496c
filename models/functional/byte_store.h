// Bytes of one memory, with a tag per 4-byte word: who wrote it last and whether it was read since. Tile memories are
// flat; host memory is 64-bit and comes in pages, made when first touched.
#pragma once
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "sim/base/units.h"

namespace tessera::models {

using Tag = std::uint32_t;  // writing task + 1, and the bit below; 0: nobody wrote here
constexpr Tag tag_read = Tag{1} << 31;
constexpr Tag tag_task = ~tag_read;

class ByteStore {
 public:
  explicit ByteStore(Bytes flat_size);  // 0: paged
  bool contains(std::int64_t address, Bytes bytes) const {
    return address >= 0 && (paged_ || address + bytes <= size_);
  }

  // Contiguous bytes from `address` on, at most `bytes` of them, and the tags of the words they touch.
  struct Piece {
    std::uint8_t* bytes;
    Tag* tags;
    Bytes length;
    Bytes words;
  };
  Piece at(std::int64_t address, Bytes bytes);

 private:
  static constexpr Bytes page_size = 65536;
  struct Page {
    explicit Page(Bytes size)
        : bytes(static_cast<std::size_t>(size)), tags(static_cast<std::size_t>(ceil_div(size, 4))) {}
    std::vector<std::uint8_t> bytes;
    std::vector<Tag> tags;
  };
  Page& page(std::int64_t number);

  bool paged_;
  Bytes size_;
  std::unordered_map<std::int64_t, std::unique_ptr<Page>> pages_;  // looked up only, never walked
  std::int64_t last_number_ = -1;
  Page* last_ = nullptr;
};

}  // namespace tessera::models

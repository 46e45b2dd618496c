#include "models/functional/byte_store.h"

#include <algorithm>

namespace tessera::models {

ByteStore::ByteStore(Bytes flat_size) : paged_(flat_size == 0), size_(paged_ ? page_size : round_up(flat_size, 4)) {}

ByteStore::Page& ByteStore::page(std::int64_t number) {
  if (number == last_number_) return *last_;
  std::unique_ptr<Page>& p = pages_[number];
  if (p == nullptr) p = std::make_unique<Page>(size_);
  last_number_ = number;
  last_ = p.get();
  return *last_;
}

ByteStore::Piece ByteStore::at(std::int64_t address, Bytes bytes) {
  Page& p = page(address / size_);
  const Bytes offset = address % size_;
  const Bytes length = std::min(bytes, size_ - offset);
  return {p.bytes.data() + offset, p.tags.data() + offset / 4, length, ceil_div(offset % 4 + length, 4)};
}

}  // namespace tessera::models

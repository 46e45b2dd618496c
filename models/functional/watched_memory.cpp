#include "models/functional/watched_memory.h"

#include <fmt/format.h>

#include <cstring>

namespace tessera::models {

void WatchedMemory::read(TaskRef task, std::int64_t address, Bytes bytes, std::uint8_t* to) {
  while (bytes > 0) {
    const ByteStore::Piece piece = store_.at(address, bytes);
    std::memcpy(to, piece.bytes, static_cast<std::size_t>(piece.length));
    Tag checked = tag_task;  // no task has this number
    for (Bytes w = 0; w < piece.words; ++w) {
      Tag& tag = piece.tags[w];
      if ((tag & tag_task) != checked) {
        checked = tag & tag_task;
        check_read(task, checked, address + w * 4);
      }
      if (tag != 0) tag |= tag_read;
    }
    address += piece.length;
    to += piece.length;
    bytes -= piece.length;
  }
}

void WatchedMemory::discard(std::int64_t address, Bytes bytes) {
  while (bytes > 0) {
    const ByteStore::Piece piece = store_.at(address, bytes);
    for (Bytes w = 0; w < piece.words; ++w)
      if (piece.tags[w] != 0) piece.tags[w] |= tag_read;
    address += piece.length;
    bytes -= piece.length;
  }
}

std::vector<std::uint8_t> WatchedMemory::copy(std::int64_t address, Bytes bytes) {
  std::vector<std::uint8_t> all;
  while (bytes > 0) {
    const ByteStore::Piece piece = store_.at(address, bytes);
    all.insert(all.end(), piece.bytes, piece.bytes + piece.length);
    address += piece.length;
    bytes -= piece.length;
  }
  return all;
}

void WatchedMemory::check_read(TaskRef task, Tag tag, std::int64_t address) {
  if (tag == 0) return report(task, 0, fmt::format("reads address {} of {}, which nobody wrote", address, name_));
  const TaskRef writer = static_cast<TaskRef>(tag) - 1;
  const int wants = log_.at(task).tensor, holds = log_.at(writer).tensor;
  if (!log_.same_tensor(wants, holds))
    report(task, 1,
           fmt::format("reads address {} of {} as tensor {}, but {} wrote tensor {} there", address, name_,
                       log_.tensor_name(wants), log_.name(writer), log_.tensor_name(holds)));
}

void WatchedMemory::write(TaskRef task, std::int64_t address, Bytes bytes, const std::uint8_t* from) {
  const Tag own = static_cast<Tag>(task) + 1;
  while (bytes > 0) {
    const ByteStore::Piece piece = store_.at(address, bytes);
    std::memcpy(piece.bytes, from, static_cast<std::size_t>(piece.length));
    for (Bytes w = 0; w < piece.words; ++w) {
      Tag& tag = piece.tags[w];
      const bool unread = guards_unread_ && tag != own && tag != 0 && (tag & tag_read) == 0;
      const TaskRef writer = static_cast<TaskRef>(tag & tag_task) - 1;
      if (unread && !log_.was_let_go(writer) && !log_.completes(task, writer))
        report(task, 2,
               fmt::format("overwrites address {} of {}, which {} wrote and nobody has read", address + w * 4, name_,
                           log_.name(writer)));
      tag = own;
    }
    address += piece.length;
    from += piece.length;
    bytes -= piece.length;
  }
}

void WatchedMemory::report(TaskRef task, int rule, std::string text) {
  if (reported_[rule] == task) return;
  reported_[rule] = task;
  log_.error(log_.name(task) + " " + std::move(text));
}

}  // namespace tessera::models

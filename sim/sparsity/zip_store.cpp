#include "sim/sparsity/zip_store.h"

#include <fmt/format.h>
#include <zlib.h>

#include <boost/crc.hpp>

namespace tessera::sparsity {
namespace {

constexpr std::uint32_t local_magic = 0x04034b50, central_magic = 0x02014b50, end_magic = 0x06054b50;
constexpr std::uint32_t stored = 0, deflated = 8;  // compression methods
constexpr std::size_t local_size = 30, central_size = 46, end_size = 22;
constexpr std::uint32_t date_1980 = 0x00210000;  // no clock in a result

std::uint32_t get(const std::string& s, std::size_t at, int bytes) {
  std::uint32_t v = 0;
  for (int i = bytes - 1; i >= 0; --i) v = v << 8 | static_cast<std::uint8_t>(s[at + i]);
  return v;
}

void put(std::string& s, std::uint32_t v, int bytes) {
  for (int i = 0; i < bytes; ++i, v >>= 8) s += static_cast<char>(v & 0xff);
}

std::uint32_t crc32(const std::string& s) {
  boost::crc_32_type crc;
  crc.process_bytes(s.data(), s.size());
  return crc.checksum();
}

// What the local and the central header share, from the compression method to the length of the name.
void put_entry(std::string& s, const std::string& name, const std::string& data) {
  put(s, 0, 2);  // stored
  put(s, date_1980, 4);
  put(s, crc32(data), 4);
  put(s, static_cast<std::uint32_t>(data.size()), 4);
  put(s, static_cast<std::uint32_t>(data.size()), 4);
  put(s, static_cast<std::uint32_t>(name.size()), 2);
  put(s, 0, 2);  // no extra field
}

// Raw deflate; false: not what `size` bytes were packed into.
bool inflate_to(std::string& content, std::size_t size) {
  if (size / 1100 > content.size()) return false;  // deflate packs 1032 to 1 at best
  std::string unpacked(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(content.data());
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
  stream.avail_out = static_cast<uInt>(unpacked.size());
  const int state = inflate(&stream, Z_FINISH);
  const bool whole = state == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  content = std::move(unpacked);
  return whole;
}

std::size_t find_end(const std::string& s) {
  for (std::size_t at = s.size() >= end_size ? s.size() - end_size + 1 : 0; at-- > 0;)
    if (get(s, at, 4) == end_magic) return at;
  return std::string::npos;
}

}  // namespace

bool is_zip(const std::string& bytes) {
  return bytes.size() >= end_size && (get(bytes, 0, 4) == local_magic || get(bytes, 0, 4) == end_magic);
}

Expected<std::map<std::string, std::string>> read_zip(const std::string& s, const std::string& file) {
  const auto refuse = [&](std::string name, std::string what, std::string legal) {
    return fail(ExitCode::bad_input, {file, std::move(name), std::move(what), std::move(legal)});
  };
  const Failure broken = refuse("", "is a damaged zip archive", "a file written by numpy.savez");
  const std::size_t end = find_end(s);
  if (end == std::string::npos) return broken;
  std::map<std::string, std::string> entries;
  std::size_t left = end;  // bytes that no entry has taken yet
  std::size_t at = get(s, end + 16, 4);
  for (std::uint32_t i = get(s, end + 10, 2); i > 0; --i) {
    const std::size_t entry = at;
    if (at + central_size > end || get(s, at, 4) != central_magic) return broken;
    const std::uint32_t method = get(s, at + 10, 2), crc = get(s, at + 16, 4), size = get(s, at + 24, 4);
    const std::size_t name_size = get(s, at + 28, 2), local = get(s, at + 42, 4);
    if (at + central_size + name_size > end || local + local_size > end) return broken;
    const std::string name = s.substr(at + central_size, name_size);
    at += central_size + name_size + get(s, at + 30, 2) + get(s, at + 32, 2);
    const std::uint32_t packed = get(s, entry + 20, 4);
    if (method != stored && method != deflated)
      return refuse(name, fmt::format("is compressed by method {}", method), "numpy.savez or numpy.savez_compressed");
    const std::size_t data = local + local_size + get(s, local + 26, 2) + get(s, local + 28, 2);
    if (get(s, local, 4) != local_magic || data > end || packed > end - data) return broken;
    if (packed > left) return refuse(name, "overlaps other entries of the archive", "a file written by numpy.savez");
    left -= packed;
    std::string content = s.substr(data, packed);
    if (method == deflated && !inflate_to(content, size)) return broken;
    if (content.size() != size) return broken;
    if (crc32(content) != crc) return refuse(name, "has a wrong checksum", "a file written by numpy.savez");
    if (!entries.emplace(name, std::move(content)).second)
      return refuse(name, "stands twice in the archive", "a file written by numpy.savez");
  }
  return entries;
}

std::string make_zip(const std::map<std::string, std::string>& entries) {
  std::string out, central;
  for (const auto& [name, data] : entries) {
    put(central, central_magic, 4);
    put(central, 20, 2);  // made by and needs version 2.0
    put(central, 20, 2);
    put(central, 0, 2);
    put_entry(central, name, data);
    for (int i = 0; i < 3; ++i) put(central, 0, 2);  // comment, disk, internal attributes
    put(central, 0, 4);
    put(central, static_cast<std::uint32_t>(out.size()), 4);
    central += name;
    put(out, local_magic, 4);
    put(out, 20, 2);
    put(out, 0, 2);
    put_entry(out, name, data);
    out += name + data;
  }
  const auto start = static_cast<std::uint32_t>(out.size());
  out += central;
  put(out, end_magic, 4);
  put(out, 0, 4);
  put(out, static_cast<std::uint32_t>(entries.size()), 2);
  put(out, static_cast<std::uint32_t>(entries.size()), 2);
  put(out, static_cast<std::uint32_t>(central.size()), 4);
  put(out, start, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace tessera::sparsity

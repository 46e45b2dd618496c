#include "sim/evaluation/data_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>

#include "sim/base/input_file.h"
#include "sim/sparsity/numpy_file.h"

namespace tessera::evaluation {
namespace {

constexpr std::size_t largest_unpacked = std::size_t{4} << 30;  // bytes

Expected<std::string> unpack(const std::string& packed, const std::string& path) {
  const auto broken = [&](const char* what) {
    return fail(ExitCode::bad_input, {path, "", what, "a whole gzip file of at most 4 GiB"});
  };
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return broken("cannot be unpacked");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::vector<char> buffer(1 << 18);
  int state = Z_OK;
  while (state == Z_OK && out.size() <= largest_unpacked) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
    if (state == Z_OK && stream.avail_in == 0 && stream.avail_out != 0) break;
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) return broken("is cut short or damaged");
  return out;
}

// Bytes of an element by the type code of idx; 0: no such type.
int idx_bytes(int code) {
  switch (code) {
    case 0x08:
    case 0x09:
      return 1;
    case 0x0B:
      return 2;
    case 0x0C:
    case 0x0D:
      return 4;
    case 0x0E:
      return 8;
    default:
      return 0;
  }
}

float idx_value(const std::uint8_t* at, int code) {
  std::uint64_t bits = 0;
  for (int i = 0; i < idx_bytes(code); ++i) bits = bits << 8 | at[i];
  if (code == 0x08) return static_cast<float>(bits);
  if (code == 0x09) return static_cast<std::int8_t>(bits);
  if (code == 0x0B) return static_cast<std::int16_t>(bits);
  if (code == 0x0C) return static_cast<float>(static_cast<std::int32_t>(bits));
  if (code == 0x0E) {
    double v = 0;
    std::memcpy(&v, &bits, sizeof v);
    return static_cast<float>(v);
  }
  const auto word = static_cast<std::uint32_t>(bits);
  float v = 0;
  std::memcpy(&v, &word, sizeof v);
  return v;
}

Expected<DataArray> read_idx(const std::string& s, const std::string& path) {
  const auto refuse = [&](std::string what) {
    return fail(ExitCode::bad_input,
                {path, "", std::move(what), "an idx file (as those of MNIST), .npy or .npz, also with gzip"});
  };
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
  if (s.size() < 4 || byte(0) != 0 || byte(1) != 0 || idx_bytes(byte(2)) == 0 || byte(3) == 0)
    return refuse("is of no format that is read");
  const int code = byte(2), rank = byte(3), width = idx_bytes(code);
  const std::size_t head = 4 + std::size_t{4} * static_cast<std::size_t>(rank);
  if (s.size() < head) return refuse("is cut short");
  DataArray array;
  std::size_t count = 1;
  for (int d = 0; d < rank; ++d) {
    std::size_t side = 0;
    for (std::size_t i = 0; i < 4; ++i) side = side << 8 | byte(4 + 4 * static_cast<std::size_t>(d) + i);
    array.shape.push_back(static_cast<std::int64_t>(side));
    count = side != 0 && count > s.size() / side ? s.size() + 1 : count * side;
  }
  if (count * static_cast<std::size_t>(width) != s.size() - head)
    return refuse(fmt::format("holds {} bytes for the shape {}", s.size() - head, sparsity::shape_text(array.shape)));
  const auto* data = reinterpret_cast<const std::uint8_t*>(s.data()) + head;
  array.values.resize(count);
  for (std::size_t i = 0; i < count; ++i) array.values[i] = idx_value(data + i * static_cast<std::size_t>(width), code);
  return array;
}

}  // namespace

Expected<std::map<std::string, DataArray>> read_data_file(const std::string& path) {
  Expected<std::string> bytes = read_text(path);
  if (!bytes) return bytes.failure();
  const bool gzip = bytes->size() > 2 && (*bytes)[0] == '\x1f' && (*bytes)[1] == '\x8b';
  if (gzip) bytes = unpack(*bytes, path);
  if (!bytes) return bytes.failure();
  std::map<std::string, DataArray> arrays;
  if (!sparsity::is_numpy(*bytes)) {
    Expected<DataArray> array = read_idx(*bytes, path);
    if (!array) return array.failure();
    arrays[""] = std::move(*array);
    return arrays;
  }
  const auto read = sparsity::parse_numpy(*bytes, path);
  if (!read) return read.failure();
  for (const auto& [name, array] : *read) arrays[name] = {array.shape, sparsity::to_floats(array)};
  return arrays;
}

}  // namespace tessera::evaluation

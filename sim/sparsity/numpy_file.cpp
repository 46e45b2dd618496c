#include "sim/sparsity/numpy_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "sim/base/hash.h"
#include "sim/base/input_file.h"
#include "sim/sparsity/zip_store.h"

namespace tessera::sparsity {
namespace {

const std::string magic = "\x93NUMPY";

// The text behind "'key':", without leading blanks; empty when the key is missing.
std::string value_of(const std::string& header, const std::string& key) {
  std::size_t at = header.find("'" + key + "':");
  if (at == std::string::npos) return "";
  at = header.find_first_not_of(' ', at + key.size() + 3);
  return at == std::string::npos ? "" : header.substr(at);
}

// "(8, 3)" -> shape; false for anything else.
bool parse_shape(const std::string& text, std::vector<std::int64_t>& shape) {
  const std::size_t end = text.find(')');
  if (text.empty() || text[0] != '(' || end == std::string::npos) return false;
  std::size_t digits = 0;
  for (std::size_t i = 1; i < end; ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      if (digits++ == 0) shape.push_back(0);
      if (digits > 9) return false;
      shape.back() = shape.back() * 10 + (c - '0');
    } else if (c == ',' || c == ' ') {
      digits = 0;
    } else {
      return false;
    }
  }
  return true;
}

// {'descr': '|b1', 'fortran_order': False, 'shape': (8, 8), }
bool parse_header(const std::string& header, NumpyArray& array, std::string& problem) {
  const std::string descr = value_of(header, "descr"), fortran = value_of(header, "fortran_order");
  const std::size_t quote = descr.find('\'', 1);
  if (descr.empty() || descr[0] != '\'' || quote == std::string::npos || fortran.empty() ||
      !parse_shape(value_of(header, "shape"), array.shape)) {
    problem = "has a header that cannot be read (a structured type?)";
    return false;
  }
  array.dtype = descr.substr(1, quote - 1);
  if (fortran[0] != 'F' && array.shape.size() > 1) problem = "is stored in Fortran order";
  if (array.element_size() == 0) problem = "has elements of type '" + array.dtype + "'";
  return problem.empty();
}

Expected<NumpyArray> parse_npy(const std::string& s, const std::string& file, const std::string& name) {
  const auto refuse = [&](std::string what, std::string legal) {
    return fail(ExitCode::bad_input, {file, name, std::move(what), std::move(legal)});
  };
  if (s.size() < 12 || s.compare(0, magic.size(), magic) != 0)
    return refuse("is no NumPy array", "a .npy file, or a .npz of numpy.savez");
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<std::uint8_t>(s[i])); };
  const std::size_t start = byte(6) == 1 ? 10 : 12;
  const std::size_t length = byte(8) | byte(9) << 8 | (start == 12 ? byte(10) << 16 | byte(11) << 24 : 0);
  if (start + length > s.size()) return refuse("is cut short", "a whole .npy file");
  NumpyArray array;
  std::string problem;
  if (!parse_header(s.substr(start, length), array, problem))
    return refuse(problem, "a C-ordered array of little-endian numbers or bool");
  const std::size_t size = s.size() - start - length;
  std::int64_t wanted = array.element_size();
  for (std::int64_t side : array.shape) wanted = wanted > std::int64_t{1} << 40 ? wanted : wanted * side;
  if (static_cast<std::int64_t>(size) != wanted)
    return refuse(fmt::format("holds {} bytes of data", size),
                  fmt::format("{} bytes for shape {} of '{}'", wanted, shape_text(array.shape), array.dtype));
  array.bytes.assign(s.begin() + static_cast<std::ptrdiff_t>(start + length), s.end());
  return array;
}

std::string make_npy(const NumpyArray& array) {
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", array.dtype, shape_text(array.shape));
  header.append(63 - (10 + header.size()) % 64, ' ');  // data starts at a multiple of 64 bytes
  header += '\n';
  std::string out = magic + '\x01' + '\x00';
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  out.append(array.bytes.begin(), array.bytes.end());
  return out;
}

std::optional<Failure> write_file(const std::string& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary);
  out << content;
  out.close();
  if (out) return std::nullopt;
  return fail(ExitCode::bad_input, {path, "", "cannot be written", "a path in a folder that exists, with space left"});
}

}  // namespace

std::int64_t NumpyArray::elements() const {
  std::int64_t n = 1;
  for (std::int64_t side : shape) n *= side;
  return n;
}

int NumpyArray::element_size() const {
  static const std::map<std::string, int> sizes = {{"|b1", 1}, {"|u1", 1}, {"|i1", 1}, {"<i2", 2},
                                                   {"<u2", 2}, {"<i4", 4}, {"<u4", 4}, {"<i8", 8},
                                                   {"<u8", 8}, {"<f2", 2}, {"<f4", 4}, {"<f8", 8}};
  const auto it = sizes.find(dtype);
  return it == sizes.end() ? 0 : it->second;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

bool is_numpy(const std::string& bytes) { return is_zip(bytes) || bytes.compare(0, magic.size(), magic) == 0; }

namespace {

template <class T>
std::vector<float> converted(const std::vector<std::uint8_t>& bytes) {
  std::vector<float> values(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T v;
    std::memcpy(&v, bytes.data() + i * sizeof v, sizeof v);
    values[i] = static_cast<float>(v);
  }
  return values;
}

// IEEE half precision.
std::vector<float> halves(const std::vector<std::uint8_t>& bytes) {
  std::vector<float> values;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const int bits = bytes[i] | bytes[i + 1] << 8, exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double v = exponent == 31  ? (fraction == 0 ? HUGE_VAL : std::nan(""))
                     : exponent == 0 ? std::ldexp(fraction, -24)
                                     : std::ldexp(1024 + fraction, exponent - 25);
    values.push_back(static_cast<float>((bits & 0x8000) != 0 ? -v : v));
  }
  return values;
}

}  // namespace

std::vector<float> to_floats(const NumpyArray& array) {
  const std::string& type = array.dtype;
  if (type == "<f4") return converted<float>(array.bytes);
  if (type == "<f8") return converted<double>(array.bytes);
  if (type == "<f2") return halves(array.bytes);
  if (type == "|i1") return converted<std::int8_t>(array.bytes);
  if (type == "<i2") return converted<std::int16_t>(array.bytes);
  if (type == "<u2") return converted<std::uint16_t>(array.bytes);
  if (type == "<i4") return converted<std::int32_t>(array.bytes);
  if (type == "<u4") return converted<std::uint32_t>(array.bytes);
  if (type == "<i8") return converted<std::int64_t>(array.bytes);
  if (type == "<u8") return converted<std::uint64_t>(array.bytes);
  return converted<std::uint8_t>(array.bytes);
}

Expected<std::map<std::string, NumpyArray>> read_numpy(const std::string& path) {
  const Expected<std::string> read = read_text(path);
  if (!read) return read.failure();
  return parse_numpy(*read, path);
}

Expected<std::map<std::string, NumpyArray>> parse_numpy(const std::string& content, const std::string& path) {
  std::map<std::string, std::string> files;
  const bool archive = is_zip(content);
  if (archive) {
    Expected<std::map<std::string, std::string>> entries = read_zip(content, path);
    if (!entries) return entries.failure();
    files = std::move(*entries);
  } else {
    files[""] = content;
  }
  if (files.empty()) return fail(ExitCode::bad_input, {path, "", "holds no array", "at least one array"});
  std::map<std::string, NumpyArray> arrays;
  Failure failure;
  for (const auto& [entry, bytes] : files) {
    const bool suffix = entry.size() > 4 && entry.compare(entry.size() - 4, 4, ".npy") == 0;
    const std::string name = suffix ? entry.substr(0, entry.size() - 4) : entry;
    Expected<NumpyArray> array = parse_npy(bytes, path, name);
    if (array)
      arrays[name] = std::move(*array);
    else
      failure.problems.push_back(array.failure().problems[0]);
  }
  if (!failure.problems.empty()) return failure;
  return arrays;
}

std::optional<Failure> write_npy(const std::string& path, const NumpyArray& array) {
  return write_file(path, make_npy(array));
}

namespace {
constexpr std::size_t longest_name = 65000;  // with what follows it in an entry of a zip file
}

std::string array_name(const std::string& layer) {
  if (layer.size() <= longest_name) return layer;
  std::size_t end = 200;
  while ((static_cast<unsigned char>(layer[end]) & 0xc0) == 0x80) --end;  // within a character of several bytes
  return layer.substr(0, end) + fmt::format("#{:016x}", fnv1a(layer));
}

std::optional<Failure> write_npz(const std::string& path, const std::map<std::string, NumpyArray>& arrays) {
  std::map<std::string, std::string> entries;
  for (const auto& [name, array] : arrays) {
    if (name.size() > longest_name)
      return fail(ExitCode::bad_input, {path, name, fmt::format("is a name of {} bytes", name.size()),
                                        fmt::format("at most {}", longest_name)});
    entries[name + ".npy"] = make_npy(array);
  }
  return write_file(path, make_zip(entries));
}

}  // namespace tessera::sparsity

#include "models/functional/capture.h"

#include <algorithm>

namespace tessera::models {

bool Capture::fits(const program::Transfer& t) const {
  if (t.tensor < 0 || static_cast<std::size_t>(t.tensor) >= program_.layers.size()) return false;
  const network::Shape& s = program_.layers[static_cast<std::size_t>(t.tensor)].layer.out;
  const program::Region& r = t.region;
  const auto inside = [](int a, int b, int end) { return 0 <= a && a < b && b <= end; };
  return inside(r.h0, r.h1, s.h) && inside(r.w0, r.w1, s.w) && inside(r.c0, r.c1, network::stored_channels(s.c)) &&
         r.elements() == t.access.stream_bytes();
}

void Capture::take(const program::Transfer& t, Bytes position, Bytes n, const std::uint8_t* bytes,
                   program::EngineId engine) {
  const network::Shape& s = program_.layers[static_cast<std::size_t>(t.tensor)].layer.out;
  const int channels = network::stored_channels(s.c);
  exec::CapturedTensor& c = tensors_[static_cast<std::size_t>(t.tensor)];
  if (c.tensor < 0) {
    c.tensor = t.tensor;
    const auto size = static_cast<std::size_t>(Bytes{s.h} * s.w * channels);
    c.values.assign(size, 0);
    c.writes.assign(size, 0);
    c.writer.assign(size, -1);
  }
  const program::Region& r = t.region;
  const Bytes run = r.c1 - r.c0, width = r.w1 - r.w0;
  while (n > 0) {
    const Bytes pixel = position / run, offset = position % run;
    const Bytes length = std::min(n, run - offset);
    const Bytes at = ((r.h0 + pixel / width) * s.w + r.w0 + pixel % width) * channels + r.c0 + offset;
    for (Bytes i = 0; i < length; ++i) {
      const auto e = static_cast<std::size_t>(at + i);
      c.values[e] = static_cast<std::int8_t>(bytes[i]);
      if (c.writes[e] < 255) ++c.writes[e];
      c.writer[e] = engine;
    }
    position += length;
    bytes += length;
    n -= length;
  }
}

std::vector<exec::CapturedTensor> Capture::take_all() {
  std::vector<exec::CapturedTensor> all;
  for (exec::CapturedTensor& t : tensors_)
    if (t.tensor >= 0) all.push_back(std::move(t));
  return all;
}

}  // namespace tessera::models

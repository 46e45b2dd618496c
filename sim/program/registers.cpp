#include "sim/program/registers.h"

#include <algorithm>

namespace tessera::program {

namespace {

std::uint64_t word(std::int32_t high, std::int32_t low) {
  return std::uint64_t{static_cast<std::uint32_t>(high)} << 32 | static_cast<std::uint32_t>(low);
}
std::int32_t halves(std::int16_t high, std::int16_t low) {
  return static_cast<std::int32_t>(std::uint32_t{static_cast<std::uint16_t>(high)} << 16 |
                                   static_cast<std::uint16_t>(low));
}

}  // namespace

Registers registers_of(const Transfer& t, bool outbound) {
  Registers r{static_cast<std::uint64_t>(t.access.base), word(t.access.rank, t.memory),
              word(0, outbound ? t.route : -1),
              word(halves(t.acquire.lock, t.acquire.value), halves(t.release.lock, t.release.value))};
  std::array<std::int32_t, 4> pads{};
  for (std::size_t d = 0; d < static_cast<std::size_t>(std::clamp<int>(t.access.rank, 0, 4)); ++d) {
    const AccessDim& m = t.access.dims[d];
    r[4 + d] = word(m.count, m.step);
    pads[d] = halves(m.pad_before, m.pad_after);
  }
  r[8] = word(pads[0], pads[1]);
  r[9] = word(pads[2], pads[3]);
  return r;
}

std::size_t HashOfRegisters::operator()(const Registers& registers) const {
  std::uint64_t h = 0;
  for (const std::uint64_t v : registers) h = (h ^ v) * 0x9fb21c651e98df25ull + (h >> 29);
  return static_cast<std::size_t>(h ^ (h >> 32));
}

DescriptorRange descriptors_of(const EngineMap::Info& channel, const arch::ArraySpec& array) {
  if (channel.tile_kind == TileKind::compute) return {0, array.tile.dma.descriptors};
  if (channel.tile_kind == TileKind::shim) return {0, array.shim.dma.descriptors};
  const int half = array.memtile.dma.descriptors / 2;
  return channel.channel % 2 == 0 ? DescriptorRange{0, half} : DescriptorRange{half, 2 * half};
}

}  // namespace tessera::program

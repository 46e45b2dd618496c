#include "sim/program/registers.h"

#include <algorithm>

namespace tessera::program {

Registers registers_of(const Transfer& t, bool outbound) {
  Registers r{};
  std::size_t i = 0;
  for (const std::int64_t v :
       {t.access.base, std::int64_t{t.access.rank}, std::int64_t{t.memory}, outbound ? std::int64_t{t.route} : -1,
        std::int64_t{t.acquire.lock}, std::int64_t{t.acquire.value}, std::int64_t{t.release.lock},
        std::int64_t{t.release.value}})
    r[i++] = v;
  for (int d = 0; d < std::clamp<int>(t.access.rank, 0, 4); ++d) {
    const AccessDim& m = t.access.dims[static_cast<std::size_t>(d)];
    for (const std::int64_t v :
         {std::int64_t{m.count}, std::int64_t{m.step}, std::int64_t{m.pad_before}, std::int64_t{m.pad_after}})
      r[i++] = v;
  }
  return r;
}

std::size_t HashOfRegisters::operator()(const Registers& registers) const {
  std::uint64_t h = 0;
  for (const std::int64_t v : registers) h = (h ^ static_cast<std::uint64_t>(v)) * 0x9fb21c651e98df25ull + (h >> 29);
  return static_cast<std::size_t>(h ^ (h >> 32));
}

DescriptorRange descriptors_of(const EngineMap::Info& channel, const arch::ArraySpec& array) {
  if (channel.tile_kind == TileKind::compute) return {0, array.tile.dma.descriptors};
  if (channel.tile_kind == TileKind::shim) return {0, array.shim.dma.descriptors};
  const int half = array.memtile.dma.descriptors / 2;
  return channel.channel % 2 == 0 ? DescriptorRange{0, half} : DescriptorRange{half, 2 * half};
}

}  // namespace tessera::program

#include "models/functional/functional_plane.h"

#include <cstring>

namespace tessera::models {

FunctionalPlane::FunctionalPlane(const program::Program& program, const arch::ArraySpec& array,
                                 const program::EngineMap& map, const exec::DdrImage& image)
    : map_(map),
      log_(program, map),
      capture_(program),
      kernels_(program, log_),
      memories_(static_cast<std::size_t>(map.tile_count())),
      host_(std::make_unique<WatchedMemory>(log_, "host memory", 0, false)),
      channels_(static_cast<std::size_t>(map.count())) {
  for (program::TileId t = 0; t < map.tile_count(); ++t) {
    const program::TileKind kind = map.tile_kind(t);
    if (kind == program::TileKind::shim) continue;
    const Bytes size = kind == program::TileKind::compute ? array.tile.memory.size : array.memtile.memory.size;
    memories_[static_cast<std::size_t>(t)] =
        std::make_unique<WatchedMemory>(log_, map.tile_name(t), size, kind == program::TileKind::compute);
  }
  for (const auto& [address, bytes] : image.parts)
    host_->write(0, address, static_cast<Bytes>(bytes.size()), bytes.data());
}

void FunctionalPlane::begin(program::EngineId id, const program::Transfer& t) {
  const program::EngineMap::Info& info = map_.info(id);
  Channel& c = channels_[static_cast<std::size_t>(id)];
  c.transfer = &t;
  c.cursor = AccessCursor(t.access);
  c.position = 0;
  const bool padding = t.payload == program::Payload::padding;
  const bool tensor = padding || t.payload == program::Payload::activations || t.payload == program::Payload::result;
  c.task = log_.begin(id, t.layer, tensor ? t.tensor : -1);
  if (padding) log_.pads(c.task);
  const program::TileId tile = info.tile_kind == program::TileKind::memory ? t.memory : info.tile;
  c.memory = info.tile_kind == program::TileKind::shim ? host_.get() : memories_[static_cast<std::size_t>(tile)].get();
  if (info.tile_kind == program::TileKind::compute && info.kind == program::EngineKind::s2mm) track_fill(c, info);
  c.captured = false;
  if (info.kind == program::EngineKind::s2mm && t.payload == program::Payload::result) {
    c.captured = capture_.fits(t);
    if (!c.captured) log_.error(log_.name(c.task) + " delivers a region that does not fit its tensor or its bytes");
  }
}

void FunctionalPlane::track_fill(Channel& c, const program::EngineMap::Info& info) {
  const program::Transfer& t = *c.transfer;
  if (t.acquire.lock >= 0) {
    c.leader = c.task;
    fills_[{info.tile, t.acquire.lock}].push_back({c.task, t.acquire.value});
  }
  if (c.leader != 0) log_.follow(c.task, c.leader);
  if (t.release.lock >= 0) c.leader = 0;
}

void FunctionalPlane::move(const program::Route& route, Bytes bytes) {
  stream_.resize(static_cast<std::size_t>(bytes));
  Channel& source = channels_[static_cast<std::size_t>(route.source)];
  std::uint8_t* to = stream_.data();
  source.cursor.walk(
      bytes,
      [&](std::int64_t address, Bytes n) {
        source.memory->read(source.task, address, n, to);
        to += n;
      },
      [&](Bytes n) {
        std::memset(to, 0, static_cast<std::size_t>(n));
        to += n;
      });
  for (const program::EngineId sink : route.sinks) receive(sink, bytes);
}

void FunctionalPlane::receive(program::EngineId id, Bytes bytes) {
  Channel& c = channels_[static_cast<std::size_t>(id)];
  const std::uint8_t* from = stream_.data();
  c.cursor.walk(
      bytes,
      [&](std::int64_t address, Bytes n) {
        c.memory->write(c.task, address, n, from);
        from += n;
      },
      [&](Bytes n) { from += n; });
  if (c.captured) capture_.take(*c.transfer, c.position, bytes, stream_.data(), id);
  c.position += bytes;
}

void FunctionalPlane::release(program::EngineId core, program::LockOp lock) {
  const auto it = fills_.find({map_.info(core).tile, lock.lock});
  if (it == fills_.end()) return;
  std::deque<Fill>& fills = it->second;
  for (int left = lock.value; left > 0 && !fills.empty(); fills.pop_front()) {
    left -= fills.front().value;
    log_.let_go(fills.front().leader);
  }
}

void FunctionalPlane::execute(program::EngineId core, const program::KernelCall& call) {
  kernels_.run(core, call, *memories_[static_cast<std::size_t>(map_.info(core).tile)]);
}

void FunctionalPlane::deliver(const exec::SimOptions& options, exec::SimResult& result) {
  result.host = host_->copy(options.host_address, options.host_bytes);
  result.captured = capture_.take_all();
  result.errors = log_.take_errors();
}

}  // namespace tessera::models

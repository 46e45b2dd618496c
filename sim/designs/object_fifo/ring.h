// The object FIFO of hand-written designs: objects of one size pass through a ring of buffers of one tile, in turn. A
// pair of locks counts those that are full and those that are empty, and the descriptors of a channel loop over them;
// nothing waits for tokens of the controller.
#pragma once
#include <vector>

#include "sim/program/builder.h"

namespace tessera::designs::object_fifo {

struct Ring {
  program::TileId tile = 0;
  std::int64_t base = 0;  // address of the first buffer; the others follow
  Bytes bytes = 0;        // of an object
  int buffers = 1;
  int full = 0;  // lock that counts full buffers; the next one counts empty ones
  std::int64_t end() const { return base + buffers * bytes; }
};

inline program::LockOp by_one(int lock) { return {static_cast<std::int16_t>(lock), 1}; }

// Declares the locks of a ring whose buffers are all empty.
inline void declare(program::ProgramBuilder& b, const Ring& r, program::LockRole full, program::LockRole empty) {
  b.lock(r.tile, r.full, 0, full);
  b.lock(r.tile, r.full + 1, r.buffers, empty);
}

// A part of a buffer on its way, without locks.
inline program::Transfer part_of(const Ring& r, int buffer, Bytes offset, Bytes bytes, program::RouteId route,
                                 int layer) {
  program::Transfer t;
  t.memory = r.tile;
  t.route = route;
  t.access = program::linear(r.base + buffer * r.bytes + offset, bytes);
  t.layer = static_cast<std::int16_t>(layer);
  return t;
}
inline program::Transfer filling(const Ring& r, int buffer, program::RouteId route, int layer) {
  program::Transfer t = part_of(r, buffer, 0, r.bytes, route, layer);
  t.acquire = by_one(r.full + 1);
  t.release = by_one(r.full);
  return t;
}
inline program::Transfer draining(const Ring& r, int buffer, program::RouteId route, int layer) {
  program::Transfer t = part_of(r, buffer, 0, r.bytes, route, layer);
  t.acquire = by_one(r.full);
  t.release = by_one(r.full + 1);
  return t;
}

// Repeats everything from step `since` of the engine's list on, so that it runs `times` in all.
inline void repeat_since(program::ProgramBuilder& b, program::EngineId engine, std::size_t since, std::int64_t times) {
  const std::size_t steps = b.program().engines[engine].steps.size() - since;
  if (times > 1) b.repeat_last(engine, static_cast<int>(steps), static_cast<int>(times));
}

// Has step(buffer) append to the engine's list what is done with `objects` objects, one buffer after the other.
template <class Step>
void rotate(program::ProgramBuilder& b, program::EngineId engine, int buffers, std::int64_t objects, const Step& step) {
  const std::size_t since = b.program().engines[engine].steps.size();
  if (objects >= buffers) {
    for (int buffer = 0; buffer < buffers; ++buffer) step(buffer);
    repeat_since(b, engine, since, objects / buffers);
  }
  for (int buffer = 0; buffer < objects % buffers; ++buffer) step(buffer);
}

// A ring, those that get its objects, and the channels between them.
struct Link {
  program::EngineId from;
  Ring source;
  std::vector<program::EngineId> to;
  std::vector<Ring> sinks;
};

// All objects that pass a link.
inline void pass(program::ProgramBuilder& b, const Link& l, std::int64_t objects, int layer) {
  const program::RouteId route = b.route(l.from, l.to);
  rotate(b, l.from, l.source.buffers, objects, [&](int k) { b.transfer(l.from, draining(l.source, k, route, layer)); });
  for (std::size_t i = 0; i < l.to.size(); ++i)
    rotate(b, l.to[i], l.sinks[i].buffers, objects,
           [&](int k) { b.transfer(l.to[i], filling(l.sinks[i], k, route, layer)); });
}

}  // namespace tessera::designs::object_fifo

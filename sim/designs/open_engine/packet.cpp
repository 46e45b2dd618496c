#include "sim/designs/open_engine/packet.h"

namespace tessera::designs::open_engine {

PacketKind packet_kind(const EngineLayer& layer, const Segment& segment) {
  switch (layer.window) {
    case Window::k1:
      return segment.up2 ? PacketKind::up : PacketKind::k1;
    case Window::k3s1:
      return PacketKind::k3s1;
    case Window::k3s2:
      return PacketKind::k3s2;
    case Window::k5s1:
      return PacketKind::k5s1;
    case Window::pool:
      return PacketKind::pool;
  }
  return PacketKind::k1;
}

ReadShape read_shape(PacketKind kind) {
  switch (kind) {
    case PacketKind::k1:
      return {5, 20, 8, 8, 5, 20};
    case PacketKind::up:
      return {4, 20, 10, 8, 2, 10};  // source pixels; row phases of the header pick what is needed
    case PacketKind::k3s1:
      return {8, 25, 4, 4, 5, 20};
    case PacketKind::k3s2:
      return {16, 50, 1, 1, 10, 40};
    case PacketKind::k5s1:
      return {16, 50, 1, 1, 5, 20};
    case PacketKind::pool:
      return {16, 25, 2, 2, 5, 20};
    case PacketKind::residual:
      return {5, 20, 8, 8, 5, 20};
  }
  return {};
}

}  // namespace tessera::designs::open_engine

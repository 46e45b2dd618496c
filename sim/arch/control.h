// Who starts the tasks of DMA channels, and what its operations cost. A channel of AIE2 waits for locks only: a
// transfer that needs the token of another engine, or a descriptor that is not there yet, needs a controller. Sources
// of the packet sizes: AM020, control packets (a stream header, a control header, up to four words).
#pragma once
#include <array>
#include <cstdint>

namespace tessera::arch {

enum class ControlMechanism : std::uint8_t {
  none,             // nobody: a descriptor starts for free once the tasks that it waits for are complete
  serial,           // one firmware stream for the whole array, one operation after the other
  control_packets,  // a stream of register writes per column, one word per cycle
  core,             // each core writes the registers of its own tile; memory tiles and shims have control packets
};
constexpr std::array<const char*, 4> control_mechanism_names{"none", "serial", "control_packets", "core"};
// Who starts the channels of compute tiles: whoever starts all others, or each core those of its own tile.
constexpr std::array<const char*, 2> compute_tile_control_names{"mechanism", "core"};

enum class ControlKind : std::uint8_t {
  write_descriptor,  // the eight words of a buffer descriptor
  patch_address,     // adds the address of a host buffer to a descriptor
  write_register,    // one register: a token asked for, a lock, a parameter
  push_task,         // into the queue of a channel: start descriptor and repeat count
  await_token,       // until a channel has completed a number of transfers
  write_switch,      // registers of a stream switch that follow each other, as one block
};
constexpr int control_kinds = 6;

// Register words that an operation writes: a patched address is part of the descriptor where it is written whole. Of a
// switch as many as the operation says.
constexpr std::array<int, control_kinds> register_words{8, 0, 1, 1, 0, 0};
constexpr int packet_words(int registers) { return registers + 2 * ((registers + 3) / 4); }

constexpr int block_words = 8;  // of a block write that takes no longer than any other operation (a descriptor)

constexpr int queued_tasks = 4;         // of a channel, the running one included; a fifth is lost or hangs the array
constexpr int most_task_repeats = 256;  // of a start descriptor

}  // namespace tessera::arch

// Plain description of one AIE2 array: grid, memories, DMA channels, locks, rates, fixed costs. What a hardware file
// means once defaults and units are applied; the models, the scheduler and the bounds all read this and nothing else.
// Every number comes from a file in configs/hardware, which names its source.
#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "sim/arch/control.h"
#include "sim/base/units.h"

namespace tessera::arch {

// DMA engine of one kind of tile, and how wide the fields of its buffer descriptors are. Source of the shapes: AM020,
// chapters 2, 4 and 5; of the fields: the register layout in aie-rt and mlir-aie.
//
// Dimension d of an Access is dimension d of a descriptor; dimension 0 counts 32-bit words, of a step of one. A
// dimension has a step, and all but the last of the tile (`dimensions`) a wrap, which is its count; the last one goes
// on until the length is through, and so do steps of dimensions with a count of one, which are never taken. A pattern
// without padding whose bytes follow each other is moved by address and length alone: its counts need no wraps.
//                 step     wrap                     padding              length of a descriptor
//   compute tile  13 bits  8 bits, dims 0 and 1     none                 14 bits
//   memory tile   17 bits  10 bits, dims 0 to 2     6, 5, 4 bits, MM2S   17 bits
//   shim          20 bits  10 bits, dims 0 and 1    none                 32 bits
// A step is stored less one, so that 13 bits hold 1 to 8192 words; a wrap of zero means none, so that 8 bits hold 1 to
// 255. An iteration (6 bits, stored less one) is a dimension beyond the last: the descriptor runs again at another
// address, a step of zero included, as a task may be repeated.
struct DmaSpec {
  int s2mm = 2;                      // inbound channels (stream to memory)
  int mm2s = 2;                      // outbound channels (memory to stream)
  int descriptors = 16;              // buffer descriptors of the tile
  int dimensions = 3;                // address dimensions of one descriptor
  int max_step = 8192;               // words
  int max_wrap = 255;                // words in dimension 0, elements in the others
  std::array<int, 3> max_padding{};  // before and after each, outbound: words in dimension 0, elements in 1 and 2
  int iterations = 64;               // times that a task may repeat its descriptor at another address
  Bytes max_length = 65532;          // bytes one descriptor can move
  double bytes_per_cycle = 4;        // per channel
  Cycles start_cycles = 0;           // from task start to the first word
  Cycles first_start_cycles = 0;     // extra, once per channel and program (cold shim channel)
  Cycles chain_cycles = 0;           // between two descriptors of one channel
  // Outbound (MM2S) channels, where they differ from the above; unset: the same.
  std::optional<double> mm2s_bytes_per_cycle;
  std::optional<Cycles> mm2s_start_cycles, mm2s_first_start_cycles;

  double rate(bool outbound) const {
    return outbound ? mm2s_bytes_per_cycle.value_or(bytes_per_cycle) : bytes_per_cycle;
  }
  Cycles start(bool outbound) const { return outbound ? mm2s_start_cycles.value_or(start_cycles) : start_cycles; }
  Cycles first_start(bool outbound) const {
    return outbound ? mm2s_first_start_cycles.value_or(first_start_cycles) : first_start_cycles;
  }
};

struct LockSpec {
  int count = 16;
  int max_value = 63;        // 6-bit semaphores
  Cycles access_cycles = 0;  // per acquire or release of a core
};

struct MemorySpec {
  Bytes size = 65536;
  int banks = 8;
  Bytes bank_width = 16;  // bytes of one access
};

// What the vector unit of a core does per cycle at best.
struct CoreRates {
  int i8_macs = 256, i16_macs = 64, bf16_macs = 128;  // multiply-accumulates, by the type of the factors
  int bfp16_macs = 0;                                 // 0: no such instruction
  int elements = 64;                                  // additions or comparisons of int8
  Bytes store_bytes = 32;                             // written to data memory
};

// Memory of a core's instructions. What a program needs beyond it is loaded while the core stands still, or does not
// fit.
struct ProgramMemorySpec {
  Bytes size = 16384;
  bool swaps = false;      // whether code may be loaded while a program runs
  double swap_cycles = 0;  // one load into one core; cores load side by side
};

struct ComputeTileSpec {
  CoreRates core;
  MemorySpec memory;
  ProgramMemorySpec program;
  Bytes reserved = 1024;  // stack and program data, not usable for buffers
  LockSpec locks;
  DmaSpec dma;
  double conflict_share = 0;  // share of DMA bank accesses during a kernel call that stall the core by one cycle
  Cycles call_cycles = 0;     // per kernel call, beyond the kernel latency model
};

struct MemoryTileSpec {
  MemorySpec memory;
  LockSpec locks;
  DmaSpec dma;
  double conflict_share = 0;  // share of same-bank accesses of two channels that cost one cycle
};

struct ShimSpec {
  LockSpec locks;
  DmaSpec dma;
};

// Links that leave a stream switch towards each neighbour: its master ports there.
struct LinkSpec {
  int north = 6, south = 4, east = 4, west = 4;
};

// Stream switches, one in every tile. A link is circuit-switched: one stream has it, or packet-switched: headers with
// an id say where a packet goes. A slave port that takes packets has a few slots; a slot matches ids by value and mask
// and names an arbiter and one of its selections. A master port that sends packets belongs to one arbiter, which serves
// one packet at a time, and listens to some of its selections: a selection is a set of ports that a packet leaves by.
struct StreamSpec {
  double bytes_per_cycle = 4;
  Cycles hop_cycles = 0;     // latency per switch crossed
  Cycles packet_cycles = 0;  // arbitration and header when a port changes its route
  LinkSpec tile, memtile, shim;
  int arbiters = 6;    // of a switch
  int selections = 4;  // of an arbiter
  int slots = 4;       // of a slave port
  int packet_ids = 32;
};

// Host memory behind the NoC, shared by all shim channels. Its clock is not that of the array: the hardware file says
// GB/s and ns, which are in cycles of the array here.
struct DdrSpec {
  double read_bytes_per_cycle = 8;  // all columns together
  double write_bytes_per_cycle = 8;
  double mixed_bytes_per_cycle = 0;    // reading and writing together; 0: they do not limit each other
  double column_bytes_per_cycle = 16;  // NoC port of one column, per direction
  double latency_cycles = 0;           // from request to first byte
  // A descriptor occupies the memory at least for run_cycles per contiguous run and page_cycles per page it opens:
  // short runs and large pitches leave bandwidth unused (sim/program/ddr_load.h).
  double run_cycles = 0, page_cycles = 0;
  double channel_page_cycles = 0;  // what a channel itself waits for each page that it reads, beside its own data
  Bytes page_bytes = 4096;
};

// Who starts descriptors, and the dispatch from the host, with clocks of their own.
struct ControllerSpec {
  ControlMechanism mechanism = ControlMechanism::none;
  bool cores_start_own = false;  // in compute tiles, whatever the mechanism is elsewhere
  double token_cycles = 0;       // from the last awaited task to whoever waits for its token
  double operation_ns = 0;  // of one serial controller: to write a descriptor, to start or await a task; 0: not stated
  std::array<std::optional<double>, control_kinds> kind_ns{};  // of the same, kinds that take another time
  double block_word_ns = 0;       // of the same: per word of a block write beyond block_words
  double interrupt_ns = 0;        // of the same: to take in a token that arrives while it does not wait
  double packet_word_cycles = 1;  // per word of a control packet
  double core_word_cycles = 1;    // per register word that a core writes into its own tile
  double dispatch_us = 0;         // one dispatch from the host; reported, never inside latency_us

  bool of_cores() const {  // whether cores write the registers of their own tiles
    return mechanism == ControlMechanism::core || (mechanism != ControlMechanism::none && cores_start_own);
  }
  // With interrupt_ns, a token that is awaited when it is there already takes operation_ns.
  // `words`: registers of a switch.
  double serial_ns(ControlKind kind, int words = 0) const {
    return kind_ns[static_cast<std::size_t>(kind)].value_or(operation_ns) +
           std::max(0, words - block_words) * block_word_ns;
  }
  double packet_cycles(ControlKind kind, int words = 0) const {
    return packet_word_cycles * packet_words(register_words[static_cast<std::size_t>(kind)] + words);
  }
  double core_cycles(ControlKind kind) const {
    return core_word_cycles * register_words[static_cast<std::size_t>(kind)];
  }
};

struct ArraySpec {
  std::string name;
  int rows = 4;
  int cols = 4;
  int memtile_rows = 1;  // memory tiles per column
  double clock_hz = 1e9;
  std::string kernels = "peak";  // name of the kernel latency model
  ComputeTileSpec tile;
  MemoryTileSpec memtile;
  ShimSpec shim;
  StreamSpec stream;
  DdrSpec ddr;
  ControllerSpec controller;
  Bytes burst_bytes = 4096;  // granularity at which host memory and banks turn from one channel to the next

  int cores() const { return rows * cols; }
  int memtiles() const { return cols * memtile_rows; }  // index = column * memtile_rows + k
  int memtile_column(int m) const { return m / memtile_rows; }
};

}  // namespace tessera::arch

#include "sim/config/hardware_keys.h"

namespace tessera::config {
namespace {

// Stores into the field that `field` finds.
template <class Field>
std::function<void(arch::ArraySpec&, double)> into(Field field) {
  return [field](arch::ArraySpec& spec, double value) {
    auto& target = field(spec);
    target = static_cast<std::decay_t<decltype(target)>>(value);
  };
}
#define INTO(member) into([](arch::ArraySpec & spec) -> auto& { return spec.member; })

constexpr double million = 1e6;
using Select = std::function<arch::DmaSpec&(arch::ArraySpec&)>;

// Host memory and controller have clocks of their own. `clock_hz` stands before them in the table.
double cycles_of(const arch::ArraySpec& spec, double ns) { return ns * spec.clock_hz / 1e9; }
std::function<void(arch::ArraySpec&, double)> time(double arch::DdrSpec::*cycles) {
  return [cycles](arch::ArraySpec& spec, double ns) { spec.ddr.*cycles = cycles_of(spec, ns); };
}
std::function<void(arch::ArraySpec&, double)> rate(double arch::DdrSpec::*bytes_per_cycle) {
  return [bytes_per_cycle](arch::ArraySpec& spec, double gb_per_s) {
    spec.ddr.*bytes_per_cycle = gb_per_s * 1e9 / spec.clock_hz;
  };
}

std::function<void(arch::ArraySpec&, double)> kind_ns(arch::ControlKind kind) {
  return [kind](arch::ArraySpec& spec, double ns) { spec.controller.kind_ns[static_cast<std::size_t>(kind)] = ns; };
}

void add_dma(std::vector<HardwareKey>& keys, const std::string& at, const std::string& tile, const Select& dma) {
  const auto add = [&](const char* name, const char* meaning, const char* unit, double low, double high, bool whole,
                       auto member) {
    keys.push_back({at + ".dma." + name, tile + ": " + meaning, unit, low, high, whole,
                    into([ dma, member ](arch::ArraySpec & spec) -> auto& { return dma(spec).*member; })});
  };
  add("s2mm", "inbound DMA channels", "channels", 1, 16, true, &arch::DmaSpec::s2mm);
  add("mm2s", "outbound DMA channels", "channels", 1, 16, true, &arch::DmaSpec::mm2s);
  add("descriptors", "buffer descriptors", "descriptors", 1, 1024, true, &arch::DmaSpec::descriptors);
  add("dimensions", "address dimensions of a descriptor", "dimensions", 1, 4, true, &arch::DmaSpec::dimensions);
  add("max_step", "step of an address dimension", "words", 1, 1 << 30, true, &arch::DmaSpec::max_step);
  add("max_wrap", "count of an address dimension, except the last one", "elements", 1, 1 << 30, true,
      &arch::DmaSpec::max_wrap);
  add("iterations", "times that a task may repeat its descriptor, each time at another address", "iterations", 1, 256,
      true, &arch::DmaSpec::iterations);
  add("max_length", "bytes one descriptor can move", "B", 64, 4294967292.0, true, &arch::DmaSpec::max_length);
  add("bytes_per_cycle", "rate of one channel", "B/cycle", 0.01, 1024, false, &arch::DmaSpec::bytes_per_cycle);
  add("start_cycles", "from the start of a task to its first word", "cycles", 0, million, true,
      &arch::DmaSpec::start_cycles);
  add("first_start_cycles", "extra for the first task of a channel", "cycles", 0, million, true,
      &arch::DmaSpec::first_start_cycles);
  add("chain_cycles", "between two descriptors of one channel", "cycles", 0, million, true,
      &arch::DmaSpec::chain_cycles);
}

void add_links(std::vector<HardwareKey>& keys, const std::string& at, const std::string& tile, bool sideways,
               bool south, arch::LinkSpec arch::StreamSpec::*links) {
  const auto add = [&](const char* side, int arch::LinkSpec::*member) {
    keys.push_back({"stream." + at + "." + side, tile + ": links to the switch in the " + side, "links", 0, 12, true,
                    into([ links, member ](arch::ArraySpec & spec) -> auto& { return spec.stream.*links.*member; })});
  };
  add("north", &arch::LinkSpec::north);
  if (south) add("south", &arch::LinkSpec::south);
  if (sideways) add("east", &arch::LinkSpec::east);
  if (sideways) add("west", &arch::LinkSpec::west);
}

std::vector<HardwareKey> make_keys() {
  std::vector<HardwareKey> keys{
      {"rows", "rows of compute tiles", "rows", 1, 64, true, INTO(rows)},
      {"cols", "columns of the array", "columns", 1, 64, true, INTO(cols)},
      {"memtile_rows", "memory tiles per column", "memory tiles", 1, 4, true, INTO(memtile_rows)},
      {"clock_hz", "clock of the array", "Hz", 1e7, 1e10, false, INTO(clock_hz)},
      {"burst_bytes", "bytes after which it is the turn of another channel", "B", 16, 1 << 20, true, INTO(burst_bytes)},

      {"tile.core.macs_per_cycle.i8", "multiply-accumulates of int8 per cycle and core at best", "MAC/cycle", 1, 65536,
       true, INTO(tile.core.i8_macs)},
      {"tile.core.macs_per_cycle.i16", "multiply-accumulates of int16 per cycle and core at best; 0: none", "MAC/cycle",
       0, 65536, true, INTO(tile.core.i16_macs)},
      {"tile.core.macs_per_cycle.bf16", "multiply-accumulates of bfloat16 per cycle and core at best; 0: none",
       "MAC/cycle", 0, 65536, true, INTO(tile.core.bf16_macs)},
      {"tile.core.macs_per_cycle.bfp16",
       "multiply-accumulates of block floating point (8 values of 8 bits and an exponent) per cycle and core at best; "
       "0: none",
       "MAC/cycle", 0, 65536, true, INTO(tile.core.bfp16_macs)},
      {"tile.core.elements_per_cycle", "int8 elements that a core adds or compares per cycle at best", "elements", 1,
       65536, true, INTO(tile.core.elements)},
      {"tile.core.store_bytes_per_cycle", "bytes that a core writes to its data memory per cycle", "B/cycle", 1, 4096,
       true, INTO(tile.core.store_bytes)},
      {"tile.memory.size", "data memory of a compute tile", "B", 4096, 16 * million, true, INTO(tile.memory.size)},
      {"tile.memory.banks", "banks of a compute tile's memory", "banks", 1, 64, true, INTO(tile.memory.banks)},
      {"tile.memory.bank_width", "bytes of one bank access", "B", 4, 256, true, INTO(tile.memory.bank_width)},
      {"tile.program.size", "program memory of a core", "B", 256, 16 * million, true, INTO(tile.program.size)},
      {"tile.program.swap_us", "one load of other code into the program memories, while the cores stand still", "us", 0,
       million, false,
       [](arch::ArraySpec& spec, double us) { spec.tile.program.swap_cycles = cycles_of(spec, us * 1000); }},
      {"tile.reserved", "stack and program data, not usable for buffers", "B", 0, million, true, INTO(tile.reserved)},
      {"tile.conflict_share", "share of DMA bank accesses during a kernel call that stall the core by a cycle", "share",
       0, 1, false, INTO(tile.conflict_share)},
      {"tile.call_cycles", "per kernel call, beyond the kernel latency model", "cycles", 0, million, true,
       INTO(tile.call_cycles)},
      {"tile.locks.count", "locks of a compute tile", "locks", 1, 256, true, INTO(tile.locks.count)},
      {"tile.locks.max_value", "largest value of a lock", "value", 1, 65535, true, INTO(tile.locks.max_value)},
      {"tile.locks.access_cycles", "per acquire or release of a core", "cycles", 0, million, true,
       INTO(tile.locks.access_cycles)},

      {"memtile.memory.size", "memory of a memory tile", "B", 4096, 256 * million, true, INTO(memtile.memory.size)},
      {"memtile.memory.banks", "banks of a memory tile", "banks", 1, 64, true, INTO(memtile.memory.banks)},
      {"memtile.memory.bank_width", "bytes of one bank access", "B", 4, 256, true, INTO(memtile.memory.bank_width)},
      {"memtile.conflict_share", "share of same-bank accesses of two channels that cost a cycle", "share", 0, 1, false,
       INTO(memtile.conflict_share)},
      {"memtile.dma.max_padding.words", "zeros before or after dimension 0 of an outbound descriptor", "words", 0,
       1 << 14, true, INTO(memtile.dma.max_padding[0])},
      {"memtile.dma.max_padding.dimension_1", "zeros before or after dimension 1 of an outbound descriptor", "elements",
       0, 1 << 14, true, INTO(memtile.dma.max_padding[1])},
      {"memtile.dma.max_padding.dimension_2", "zeros before or after dimension 2 of an outbound descriptor", "elements",
       0, 1 << 14, true, INTO(memtile.dma.max_padding[2])},
      {"memtile.locks.count", "locks of a memory tile", "locks", 1, 1024, true, INTO(memtile.locks.count)},
      {"memtile.locks.max_value", "largest value of a lock", "value", 1, 65535, true, INTO(memtile.locks.max_value)},
      {"memtile.locks.access_cycles", "per acquire or release", "cycles", 0, million, true,
       INTO(memtile.locks.access_cycles)},

      {"shim.locks.count", "locks of a shim tile", "locks", 1, 256, true, INTO(shim.locks.count)},
      {"shim.locks.max_value", "largest value of a lock", "value", 1, 65535, true, INTO(shim.locks.max_value)},
      {"shim.locks.access_cycles", "per acquire or release", "cycles", 0, million, true,
       INTO(shim.locks.access_cycles)},

      {"stream.bytes_per_cycle", "rate of one stream link", "B/cycle", 0.01, 1024, false, INTO(stream.bytes_per_cycle)},
      {"stream.hop_cycles", "latency per switch crossed", "cycles", 0, million, true, INTO(stream.hop_cycles)},
      {"stream.packet_cycles", "arbitration and header when a port changes its route", "cycles", 0, million, true,
       INTO(stream.packet_cycles)},
      {"stream.arbiters", "arbiters of a switch, each for packets that leave by the same ports", "arbiters", 1, 64,
       true, INTO(stream.arbiters)},
      {"stream.selections", "sets of ports that an arbiter tells apart", "selections", 1, 64, true,
       INTO(stream.selections)},
      {"stream.slots", "slots of a port that takes packets, each for ids with the same way out", "slots", 1, 64, true,
       INTO(stream.slots)},
      {"stream.packet_ids", "ids that a packet header can have", "ids", 1, 65536, true, INTO(stream.packet_ids)},

      {"ddr.read_gb_per_s", "DDR read rate, all columns together", "GB/s", 0.001, million, false,
       rate(&arch::DdrSpec::read_bytes_per_cycle)},
      {"ddr.write_gb_per_s", "DDR write rate, all columns together", "GB/s", 0.001, million, false,
       rate(&arch::DdrSpec::write_bytes_per_cycle)},
      {"ddr.mixed_gb_per_s", "DDR rate of reading and writing together, all columns", "GB/s", 0.001, million, false,
       rate(&arch::DdrSpec::mixed_bytes_per_cycle), true},
      {"ddr.column_gb_per_s", "NoC port of one column, each direction", "GB/s", 0.001, million, false,
       rate(&arch::DdrSpec::column_bytes_per_cycle)},
      {"ddr.latency_ns", "from a request to its first byte", "ns", 0, million, false,
       time(&arch::DdrSpec::latency_cycles)},
      {"ddr.run_ns", "occupation per contiguous run of a descriptor, at least", "ns", 0, million, false,
       time(&arch::DdrSpec::run_cycles), true},
      {"ddr.page_ns", "occupation per page that a run opens, at least", "ns", 0, million, false,
       time(&arch::DdrSpec::page_cycles), true},
      {"ddr.channel_page_ns", "what a channel itself waits per page that it reads, at least", "ns", 0, million, false,
       time(&arch::DdrSpec::channel_page_cycles), true},
      {"ddr.page_bytes", "a page of host memory", "B", 64, 1e9, true, INTO(ddr.page_bytes), true},

      {"shim.dma.mm2s_bytes_per_cycle", "rate of one outbound channel", "B/cycle", 0.01, 1024, false,
       INTO(shim.dma.mm2s_bytes_per_cycle), true},
      {"shim.dma.mm2s_start_cycles", "outbound: from the start of a task to its first word", "cycles", 0, million, true,
       INTO(shim.dma.mm2s_start_cycles), true},
      {"shim.dma.mm2s_first_start_cycles", "outbound: extra for the first task of a channel", "cycles", 0, million,
       true, INTO(shim.dma.mm2s_first_start_cycles), true},

      {"controller.token_ns", "from the last awaited token to the start of the descriptor", "ns", 0, million, false,
       [](arch::ArraySpec& spec, double ns) { spec.controller.token_cycles = cycles_of(spec, ns); }},
      {"controller.operation_ns",
       "one operation of a serial controller (write a descriptor, start or await a task); inside latency_us where "
       "controller.mechanism is serial",
       "ns", 0, million, false, INTO(controller.operation_ns), true},
      {"controller.write_descriptor_ns", "writing a descriptor, where it takes another time", "ns", 0, million, false,
       kind_ns(arch::ControlKind::write_descriptor), true, true},
      {"controller.patch_address_ns",
       "adding the address of a host buffer to a descriptor, where it takes another time", "ns", 0, million, false,
       kind_ns(arch::ControlKind::patch_address), true, true},
      {"controller.write_register_ns", "writing a register, where it takes another time", "ns", 0, million, false,
       kind_ns(arch::ControlKind::write_register), true, true},
      {"controller.push_task_ns", "starting a task, where it takes another time", "ns", 0, million, false,
       kind_ns(arch::ControlKind::push_task), true, true},
      {"controller.await_token_ns",
       "taking a token, where it takes another time; of one that has interrupted the controller: operation_ns", "ns", 0,
       million, false, kind_ns(arch::ControlKind::await_token), true, true},
      {"controller.write_switch_ns",
       "writing registers of a switch that follow each other, where it takes another time", "ns", 0, million, false,
       kind_ns(arch::ControlKind::write_switch), true, true},
      {"controller.block_word_ns", "per word of a block write beyond the eight of a descriptor", "ns", 0, million,
       false, INTO(controller.block_word_ns), true, true},
      {"controller.interrupt_ns",
       "interruption of a serial controller by a token that arrives while it does not wait; 0: none", "ns", 0, million,
       false, INTO(controller.interrupt_ns), true, true},
      {"controller.packet_word_cycles", "per word of a control packet", "cycles", 0, million, false,
       INTO(controller.packet_word_cycles), true, true},
      {"controller.core_word_cycles", "per word that a core writes into registers of its own tile", "cycles", 0,
       million, false, INTO(controller.core_word_cycles), true, true},
      {"controller.dispatch_us", "one dispatch from the host; reported, never inside latency_us", "us", 0, million,
       false, INTO(controller.dispatch_us)},
  };
  add_links(keys, "tile", "compute tile", true, true, &arch::StreamSpec::tile);
  add_links(keys, "memtile", "memory tile", false, true, &arch::StreamSpec::memtile);
  add_links(keys, "shim", "shim tile", true, false, &arch::StreamSpec::shim);
  add_dma(keys, "tile", "compute tile", [](arch::ArraySpec& spec) -> arch::DmaSpec& { return spec.tile.dma; });
  add_dma(keys, "memtile", "memory tile", [](arch::ArraySpec& spec) -> arch::DmaSpec& { return spec.memtile.dma; });
  add_dma(keys, "shim", "shim tile", [](arch::ArraySpec& spec) -> arch::DmaSpec& { return spec.shim.dma; });
  return keys;
}
#undef INTO
}  // namespace

const std::vector<HardwareKey>& hardware_keys() {
  static const std::vector<HardwareKey> keys = make_keys();
  return keys;
}

const std::vector<FormerHardwareKey>& former_hardware_keys() {
  static const char* const rate = " in GB/s: bytes per cycle times clock_hz / 1e9";
  static const char* const time = " in ns: cycles times 1e9 / clock_hz";
  static const std::vector<FormerHardwareKey> keys{
      {"ddr.read_bytes_per_cycle", std::string("read_gb_per_s") + rate},
      {"ddr.write_bytes_per_cycle", std::string("write_gb_per_s") + rate},
      {"ddr.column_bytes_per_cycle", std::string("column_gb_per_s") + rate},
      {"ddr.latency_cycles", std::string("latency_ns") + time},
      {"ddr.run_cycles", std::string("run_ns") + time},
      {"ddr.page_cycles", std::string("page_ns") + time},
      {"ddr.channel_page_cycles", std::string("channel_page_ns") + time},
      {"controller.token_cycles", std::string("token_ns") + time},
  };
  return keys;
}

}  // namespace tessera::config

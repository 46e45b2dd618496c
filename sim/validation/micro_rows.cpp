// Micro-benchmarks: one mechanism each, as a program of a few descriptors or instructions where the models have the
// mechanism, as the constant of the hardware or design file where the measurement is of that constant itself.
//
// A workload is known by its whole text, and so is the shape: words that are not understood may change what was
// measured.
#include "sim/validation/micro_rows.h"

#include <algorithm>

#include "sim/program/builder.h"
#include "sim/validation/run_program.h"
#include "sim/validation/units.h"

namespace tessera::validation {
namespace micro {
namespace {

using Predictor = std::function<Expected<Prediction>(const Context&)>;

Prediction in_cycles(const Context& c, double cycles, const std::string& bound_by, const std::string& per = "") {
  Quantities o;
  o.cycles = cycles;
  o.us = stated_us(c.row, cycles);
  o.per = per;
  return in_unit(c.row, o, bound_by);
}

// A constant of the hardware or of the group; 0: it has none.
Expected<Prediction> constant(const Context& c, double cycles, double us, const char* bound_by,
                              const std::string& per = "") {
  if (!c.row.shape.empty())
    return skip("shape \"" + c.row.shape + "\" of workload \"" + c.row.workload + "\" is not understood");
  if (cycles <= 0 && us <= 0)
    return skip("group " + c.row.group + " has no constant for workload \"" + c.row.workload + "\"");
  if (us <= 0) return in_cycles(c, cycles, bound_by, per);
  Quantities o;
  o.us = us;
  return in_unit(c.row, o, bound_by);
}
Expected<Prediction> constant_cycles(const Context& c, double cycles, const char* bound_by,
                                     const std::string& per = "") {
  return constant(c, cycles, 0, bound_by, per);
}
Expected<Prediction> constant_us(const Context& c, double us) { return constant(c, 0, us, "dispatch"); }

Expected<Prediction> paired_loads(const Context& c) {
  const double loop = c.group.number("paired_load_loop_cycles");
  if (loop == 0 || c.words[1] == "different banks") return constant_cycles(c, loop, "core", "iteration");
  return constant_cycles(c, loop + c.group.number("bank_conflict_cycles"), "bank conflict", "iteration");
}

Expected<Prediction> lock_loop(const Context& c) {
  if (!c.row.shape.empty()) return skip("shape \"" + c.row.shape + "\" of a loop is not understood");
  if (c.group.number("loop_cycles") == 0) return skip("the loop of group " + c.row.group + " is not known");
  program::ProgramBuilder b(c.array);
  const program::EngineId core = b.map().core(0, 0);
  const int pairs = static_cast<int>(c.group.number("lock_operations")) / 2;
  b.lock(b.map().compute_tile(0, 0), 0, 1, program::LockRole::input_full);
  program::KernelCall call;
  call.kind = program::KernelKind::ops;
  b.call(core, call);
  for (int i = 0; i < pairs; ++i) b.acquire(core, 0, 1, -1), b.release(core, 0, 1, -1);
  arch::ArraySpec array = c.array;
  array.tile.call_cycles = 0;  // one loop, no call
  auto run = run_program(b.program(), array, {static_cast<Millicycles>(c.group.number("loop_cycles") * 1000)});
  if (!run) return run.failure();
  return in_cycles(c, static_cast<double>(run->total) / 1000, "core");
}

// A register of an array, from the group's numbers: eight words at once, and what another word adds.
Expected<Prediction> block_write(const Context& c) {
  const double eight = c.group.number("blockwrite_8_cycles"), word = c.group.number("blockwrite_word_cycles");
  const int words = std::stoi(c.words[1]);
  return constant_cycles(c, eight == 0 ? 0 : eight + (words - 8) * word, "controller");
}

Expected<Prediction> operation(const Context& c) {
  return constant(c, 0, c.array.controller.operation_ns / 1e3, "controller");
}

struct Entry {
  const char* workload;  // a regular expression for all of it
  Predictor predict;
  bool everywhere = false;  // else its fixed costs are calibrated on XDNA1 only
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> table = {
      {"empty harness",
       [](const Context& c) {
         return constant_cycles(c, static_cast<double>(c.array.tile.call_cycles), "core", "call");
       }},
      {"stream memtile->core", memtile_to_core},
      // A conflict on any port stalls the datapath (facts of the source; AM020: losers retry next cycle).
      {"core paired 256-bit loads, (different banks|same bank)", paired_loads},
      {"DDR passthrough, ([0-9]{1,3})(?: shim)? channels?", ddr_rate},
      {"memcpy ([^ ]+ [^ ]+) in \\+ ([^ ]+ [^ ]+) out, ([0-9]{1,3}) columns?", ddr_copy},
      {"dispatch, IRON wall", [](const Context& c) { return constant_us(c, c.group.number("wall_us")); }},
      {"dispatch, hw bracket", [](const Context& c) { return constant_us(c, c.array.controller.dispatch_us); }},
      {"dispatch, runlist of 64, amortised",
       [](const Context& c) { return constant_us(c, c.group.number("amortised_us")); }},
      {"shim DMA DDR->array", [](const Context& c) { return shim(c, true, true); }},
      {"shim DMA array->DDR", [](const Context& c) { return shim(c, false, true); }},
      {"shim MM2S first task", [](const Context& c) { return shim(c, true, false); }},
      {"shim S2MM first task", [](const Context& c) { return shim(c, false, false); }},
      {"memtile DMA (?:contiguous|strided)", [](const Context& c) { return port(c, true); }},
      {"tile DMA transfer", [](const Context& c) { return port(c, false); }},
      {"controller gap between dispatched shim tasks, cold",
       [](const Context& c) { return constant_cycles(c, c.group.number("controller_cold_cycles"), "controller"); }},
      {"gap between pipelined task starts",
       [](const Context& c) { return constant_cycles(c, c.array.controller.token_cycles, "controller"); }},
      {"core loop with lock transactions", lock_loop},
      {"controller, one instruction op", operation},
      {"controller, one runtime parameter word", operation, true},
      {"controller, write32",
       [](const Context& c) { return constant_cycles(c, c.group.number("write32_cycles"), "controller"); }},
      {"controller, maskwrite",
       [](const Context& c) { return constant_cycles(c, c.group.number("maskwrite_cycles"), "controller"); }},
      {"controller, blockwrite of ([1-9][0-9]{0,3}) words", block_write},
      {"gap between starts of tasks of one channel, MM2S",
       [](const Context& c) { return constant_cycles(c, c.group.number("mm2s_gap_cycles"), "controller"); }},
      {"gap between starts of tasks of one channel, S2MM",
       [](const Context& c) { return constant_cycles(c, c.group.number("s2mm_gap_cycles"), "controller"); }},
      {"dispatch of an instruction stream of one op",
       [](const Context& c) { return constant_us(c, c.group.number("stream_us")); }},
      {"shim fills, ([1-9][0-9]?) columns?, one direction",
       [](const Context& c) { return fills(c, std::stoi(c.words[1]), false, false); }},
      {"shim fills and drains, ([1-9][0-9]?) columns?",
       [](const Context& c) { return fills(c, std::stoi(c.words[1]), true, false); }},
      {"weights broadcast to ([1-9][0-9]?) cores per column",
       [](const Context& c) -> Expected<Prediction> {
         if (std::stoi(c.words[1]) != c.array.rows) return skip("a broadcast to a part of the column");
         return fills(c, c.array.cols, false, true);
       }},
      {"shim to core to shim, ([1-9][0-9]{0,4}) B in and ([1-9][0-9]{0,4}) B out per object, no compute", round_trip},
      {"memcpy, mixed", mixed_copy, true},
  };
  return table;
}

}  // namespace
}  // namespace micro

Expected<Prediction> predict_micro(const Subject& s) {
  const MeasuredRow& row = s.row;
  micro::Context context{row, s.design, s.array, s.dispatch_us(), {}};
  const auto entry = std::find_if(micro::entries().begin(), micro::entries().end(), [&](const micro::Entry& e) {
    return std::regex_match(row.workload, context.words, std::regex(e.workload));
  });
  if (entry == micro::entries().end()) return skip("no model of workload \"" + row.workload + "\"");
  const bool more = row.m != 0 || row.k != 0 || row.n != 0 || row.batch > 1 || row.buffering;
  if (more || !(row.in_type + row.out_type + row.core_tile).empty())
    return skip("sizes, types, buffering or a core tile of a micro-benchmark are not understood");
  if (!entry->everywhere && s.machine != "XDNA1") return skip("fixed costs are calibrated on XDNA1 only");
  return entry->predict(context);
}

}  // namespace tessera::validation

// The program: the waist of the house. Above it everything knows layers and masks; below it the machine knows only
// moves, locks and kernel calls. One ordered list of instructions per engine; nothing else is ordered, except by
//   locks     semaphores of a tile (acquire blocks until value >= n, then subtracts; release adds), and
//   waits     task-complete tokens: a descriptor or kernel starts only when other engines have completed a number of
//             tasks (transfers of a channel, kernel calls of a core, operations of a controller). Where the hardware
//             has controllers (control.h), tokens go to them alone, and a transfer waits for nothing but its own start.
// Streams: an MM2S descriptor names a route, an S2MM descriptor names the route it listens to. A route is a byte pipe
// from one MM2S channel to one or more S2MM channels, all of which receive every byte (multicast to the slowest).
// A channel that changes its route between descriptors is packet-switched.
// Addresses are bytes within the memory of one tile, or within DDR.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/network/network.h"
#include "sim/program/control.h"
#include "sim/program/engine.h"
#include "sim/sparsity/block_mask.h"
#include "sim/sparsity/compaction.h"

namespace tessera::program {

// ---- buffer descriptors -------------------------------------------------------------------------------------------

// Address pattern, innermost dimension first. dims[0] is a run of contiguous bytes (step 1); every further dimension
// repeats what is inside it `count` times at distance `step` bytes. Runs, steps and base are multiples of 4 bytes.
// Padding (MM2S of memory tiles only) inserts zeros: pad_before/pad_after count elements of that dimension (bytes for
// dimension 0), as the descriptor of AIE-ML does.
struct AccessDim {
  std::int32_t count = 1;
  std::int32_t step = 1;
  std::int16_t pad_before = 0, pad_after = 0;
};
inline AccessDim repeated(std::int64_t count, std::int64_t step, int pad_before = 0, int pad_after = 0) {
  return {static_cast<std::int32_t>(count), static_cast<std::int32_t>(step), static_cast<std::int16_t>(pad_before),
          static_cast<std::int16_t>(pad_after)};
}
struct Access {
  std::int64_t base = 0;
  std::int8_t rank = 1;
  std::array<AccessDim, 4> dims{};
  Bytes stream_bytes() const;  // bytes on the stream, padding included
  Bytes memory_bytes() const;  // bytes read or written in memory
  bool one_run() const;        // contiguous bytes, in their order, without padding
  std::int64_t end() const;    // one past the highest address touched
};
inline Access linear(std::int64_t base, Bytes bytes) {
  Access a;
  a.base = base;
  a.dims[0].count = static_cast<std::int32_t>(bytes);
  return a;
}

struct Wait {
  EngineId engine = 0;
  std::int32_t tasks = 0;  // completed tasks of that engine
};

struct LockOp {
  std::int16_t lock = -1;  // -1: none
  std::int16_t value = 0;
};

using RouteId = int;
struct Route {
  EngineId source = 0;          // an MM2S channel
  std::vector<EngineId> sinks;  // S2MM channels, ascending
};

// Part of a layer's output tensor, for the functional check and the verifier: which elements a transfer or call holds.
using Region = ops::Region;

enum class Payload : std::uint8_t {
  none,         // does not say (Program::tensors)
  activations,  // `tensor` and `region` say which elements, in h, w, c order (padding around them not counted)
  weights,      // chunk bytes of layer `layer`
  result,       // activations on their way from the core that produced them to their placement
  padding,  // zeros of `region`, which lies around `tensor`, outside of it, in h, w, c order; as a descriptor sends no
            // zeros alone, one element of memory stands among them, which the receiver overwrites
};

struct Transfer {
  Access access;
  TileId memory = 0;  // memory tile: own, or an east/west neighbour; compute: own; shim: ignored (DDR)
  RouteId route = 0;
  LockOp acquire, release;                  // locks of the tile whose channel this is
  std::uint32_t wait0 = 0, wait_count = 0;  // slice of Program::waits
  Region region;                            // of the tensor, or in rows and columns of its lattice
  ops::Lattice lattice;                     // activations for a core and padding around them: what is sent of each map
  std::int16_t layer = -1, tensor = -1;
  std::int16_t descriptor = 0;
  Payload payload = Payload::none;
};

// ---- kernel calls --------------------------------------------------------------------------------------------------

using ops::kernel_name;
using ops::KernelKind;
inline KernelKind kernel_of(network::Op op) { return ops::operator_of(op).kernel; }

// One call. Buffers are addresses in the core's own memory, activations as [h][w][c] with stored channels contiguous.
// conv: out tile += in tile * chunk. The input tile holds exactly the window of the output tile, padding included:
//   in_h x in_w as ops::tile_sides says, in it the boxes of ops::tap_boxes, channels [ic0, ic0 + in_c). With `ring`
//   those rows of the window that lie in the map stand as whole rows of the map, without padding, in turn in a ring of
//   that many rows at `in`, the first of them in slot ring_row.
// Other operators: what ops::reads says of their inputs for `out`, tight, the first at `in` and the second at `in2`;
//   their weights at `weights`. matmul: what ops::reads_of_part says for channels [ic0, ic0 + in_c) of its sums; parts
//   of a sum are added up at `acc`.
// gemm: tile of C at `acc` += tile of A at `in` * tile of B at `weights`, row-major and of any types; `out` has the
// tile's
//   rows and columns, in_c the steps of k. clear: sets the tile of C to zero.
struct KernelCall {
  KernelKind kind = KernelKind::conv;
  std::int16_t layer = -1;
  Region out;  // which elements of the layer's output tensor (stored channels) it contributes to
  int in_h = 0, in_w = 0, in_c = 0;
  int ic0 = 0;                     // conv, matmul: first channel of the sums in this call
  bool first = true, last = true;  // conv, matmul: first initializes the sums, last requantizes and writes int8
  std::int32_t in = -1, in2 = -1;  // in2: second operand of add or matmul, or the residual fused into a conv
  std::int32_t weights = -1, acc = -1, result = -1;  // acc: int32 [h][w][c], unused when first && last
  std::int32_t chunk = -1;                           // index into Program::chunks
  std::int16_t ring = 0, ring_row = 0;
  std::int16_t add_layer = -1;  // conv with a fused residual: the add layer that this call also computes
  std::int16_t code = -1;       // index into Program::code; -1: how large its code is was not stated
  std::int64_t operations = 0;  // KernelKind::ops: operations of a replayed call, 256 per cycle
};

// What a product's call reads of one of its inputs.
inline Region factor_of(const KernelCall& call, const network::Layer& layer, std::size_t input) {
  return call.first && call.last ? reads(layer, input, call.out)
                                 : reads_of_part(layer, input, call.out, call.ic0, call.in_c);
}

// The arguments of a call are data that its core reads, ten words: the addresses of five buffers, rows and columns,
// channels in and out, blocks, first channel and ring, kind and flags.
constexpr Bytes argument_bytes = 40;

// Code of a kernel in the program memory of a core, with the share of the loop that takes arguments and calls it.
struct KernelCode {
  std::string name;
  Bytes bytes = 0;
};
// What stands in a program memory at once: indices into Program::code, ascending.
using CodeImage = std::vector<int>;

// load: other code into the program memory of the core. The first of a core, before any call, comes with the design and
// takes no time; every further one is a swap.
enum class CoreOp : std::uint8_t { acquire, release, kernel, load };
struct CoreInstr {
  CoreOp op = CoreOp::kernel;
  LockOp lock;
  std::int32_t call = -1;  // index into Program::calls; of a load: into Program::images
  std::uint32_t wait0 = 0, wait_count = 0;
  std::int16_t layer = -1;
};

// ---- the lists -----------------------------------------------------------------------------------------------------

constexpr int deepest_repeat = 16;  // loops inside each other that programs may have

// A step of an engine: one instruction, or the start of a loop over the next `body` steps.
struct Step {
  std::int32_t index = -1;  // into EngineProgram::transfers, ::core or ::control; -1 for a repeat
  std::int32_t repeat = 0;  // times
  std::int32_t body = 0;    // steps that follow and belong to the loop
};
// The indices in the order in which they are carried out, those of a loop as often as it turns.
std::vector<std::int32_t> execution_order(const std::vector<Step>& steps);

struct EngineProgram {
  std::vector<Transfer> transfers;  // channels
  std::vector<CoreInstr> core;      // cores
  std::vector<ControlOp> control;   // controllers
  std::vector<Step> steps;
};

// Role of a lock, so that waiting can be named by its cause.
enum class LockRole : std::uint8_t {
  unused,
  input_full,
  input_empty,
  weights_full,
  weights_empty,
  operand_full,
  operand_empty,
  output_full,
  output_empty,
  staging_full,
  staging_empty
};
const char* lock_role_name(LockRole r);
struct LockInit {
  TileId tile = 0;
  std::int16_t lock = 0;
  std::int16_t value = 0;
  LockRole role = LockRole::unused;
};

// Where weights and tensors stand, for functional data, the verifier and reports.
struct ChunkPlace {
  std::int16_t layer = 0;
  sparsity::ChunkShape shape;
  sparsity::ChunkSize size;
  std::int64_t ddr_address = 0;
};
struct TensorPiece {  // part of a tensor at a placement
  std::int16_t tensor = 0;
  Region region;
  bool in_ddr = false;
  TileId memory = -1;  // memory tile when not in DDR
  Access access;       // [h][w][c] run of the region
};
struct ProgramLayer {  // what the layer looked like to the scheduler
  network::Layer layer;
  int mask = -1;            // index into Program::masks; -1: dense
  bool zeros_kept = false;  // its zero blocks are moved and computed like others: the mask has all blocks
  std::string mapping;      // for reports: "cols=height rows=channels tile=7x14x64/64"
  // Stored 8-channel block p of the output holds logical block block_order[p]; empty: the same. Masks, chunks and
  // regions of the program are all in stored order; only DDR images and comparisons translate.
  std::vector<int> block_order;
};

// Row-major matrices of a gemm in DDR, padded to whole tiles: the data of a program whose transfers do not name
// tensors.
struct Matrix {
  std::int64_t address = 0;
  Bytes pitch = 0;  // of its rows
  int rows = 0;     // padded
};
struct Product {
  std::int16_t layer = -1;  // -1: the program computes no product
  Matrix a, b, c;
};

// Bytes [begin, end) in DDR.
struct DdrRange {
  std::int64_t begin = 0, end = 0;
};

struct Program {
  std::string network;
  std::string array;  // ArraySpec::name
  int rows = 0, cols = 0, memtile_rows = 1;
  std::string accounting = "physical";
  // Whether transfers and calls say which elements of the network's tensors they hold. If not (loops of descriptors,
  // replayed traces), every payload is `none`; what can be checked with data then is `product`.
  bool tensors = true;
  Product product;
  std::vector<ProgramLayer> layers;  // all layers of the network, LayerId order
  std::vector<sparsity::KernelMask> masks;
  std::vector<ChunkPlace> chunks;
  std::vector<TensorPiece> pieces;
  std::vector<LockInit> locks;
  std::vector<Route> routes;
  std::vector<Wait> waits;
  std::vector<KernelCall> calls;
  std::vector<KernelCode> code;
  std::vector<CodeImage> images;
  std::vector<EngineProgram> engines;  // EngineMap order
  Bytes ddr_bytes = 0;                 // addresses used in DDR
  // Tiles of a layer overlap there: transfers that nothing orders write the same values.
  std::vector<DdrRange> written_alike;
};

}  // namespace tessera::program

// Emits one layer: for every step of the tiling the transfers that bring activations, weights and operands to the
// cores, the kernel calls, and the transfers that take results to their place.
#pragma once
#include "sim/lower/emission.h"
#include "sim/lower/layer_plan.h"
#include "sim/lower/padding.h"

namespace tessera::lower {

class LayerEmitter {
 public:
  LayerEmitter(Emission& emission, const LayerPlan& plan);
  // False when memory tiles have no room for staging buffers, or descriptors no form for the padding.
  bool emit();

 private:
  struct CoreSlots {
    std::vector<BufferRef> input, aside, weights, operand, output;
    BufferRef accumulator, unpooled;
    int outputs = 0;
    bool holds_input = false, holds_weights = false, holds_second = false;
  };
  // Two slots in a memory tile through which data from or to DDR passes.
  struct Staging {
    int memtile = -1;
    BufferRef slots[2];
    int used = 0;
    int key = -1;  // spatial tile that the current slot holds
    Span h, w, c;  // what it holds
    program::Wait written{};
    // Where somebody has to start transfers: in place of waits between the channel that fills and the one that empties.
    BufferLocks locks;
    bool acquired = false;      // by who sends what the current slot holds
    program::Wait last_sent{};  // the last transfer that did
  };
  struct Step {
    int h, w, o, i;
  };
  struct Window {  // of an output tile in the input, or what one tap reads of it
    Span h, w;     // padding included, may reach outside
    Span valid_h, valid_w;
    int row = 0, column = 0;  // of its first pixel in the tile of a core
    bool outside() const { return valid_h.empty() || valid_w.empty(); }
  };
  struct Source {        // a rectangle of a tensor in a memory tile, ready to be read
    std::size_t window;  // of the feed's
    int memtile;
    Span h, w;
    program::Access access;
    WaitSet waits;
    Buffer* buffer;
    Staging* staging = nullptr;
  };

  using Member = mapping::Computation::Member;
  void claim_core_slots();
  bool claim_staging();
  void lock_staging();
  // Of a memory tile, the inbound one that the shim's outbound one `channel` leads to, in every layer.
  program::EngineId load_channel(int memtile, int channel) const;
  program::EngineId load_channel(const Staging& staging, int turn) const;
  program::EngineId spill_channel(int part) const;
  void give_back(Staging& staging);  // what the current slot holds has been sent for the last time
  void claim_later(int tile_row);
  sparsity::ChunkShape shape_of(const Member& m, Span rows, Span cols, int part) const;
  sparsity::ChunkSize size_of(const Member& m, const sparsity::ChunkShape& shape) const;
  void choose_chunk_bytes();
  int chunk_of(const Member& m, Span rows, Span cols, int part);
  void place_weights();
  bool find_kept_chunks();
  void keep_chunks();
  std::vector<Step> steps() const;
  Span tile_h(const CorePart& p, const Step& s) const { return split(p.h, plan_.tiling.nh, s.h); }
  Span tile_w(const CorePart& p, const Step& s) const { return split(p.w, plan_.tiling.nw, s.w); }
  // No tile reaches from one member into the next; some parts have fewer than others.
  Span tile_b(const CorePart& p, const Step& s) const {
    const auto& tiles = out_tiles_[&p - plan_.partition.parts.data()];
    return s.o < static_cast<int>(tiles.size()) ? tiles[s.o] : Span{};
  }
  const Member& member_of(Span blocks) const;
  bool empty_tile(const CorePart& p, const Step& s) const { return tile_h(p, s).empty() || tile_w(p, s).empty(); }
  program::Region tile_of(const CorePart& p, const Step& s) const;  // of the output of `layer`
  Span input_channels(const CorePart& p, const Step& s) const;
  // What is read, and what of it lies in the tensor.
  static Window window_of(const program::Region& read, const network::Shape& from);

  void emit_inputs(const Step& s);
  void emit_weights(int group, const Step& s);
  std::optional<program::Region> second_read(int group, const Step& s) const;
  bool keeps_second(int group, const Step& a, const Step* b) const;
  void emit_second(int group, const Step& s, const Step* before);
  void take_second(int part, const Step& s, int layer);
  void leave_second(int part, const Step& s, const Step* next, int layer);
  program::KernelCall kernel_call(const CorePart& p, const Step& s) const;
  void emit_pool(const CorePart& p, const CoreSlots& slots, const program::KernelCall& conv, const program::Region& out,
                 Buffer& output);
  void emit_core(int part, const Step& s, const Step* next);
  // The step's kernel call and what it acquires and releases for operand and output; `sent`: its weights are in a slot.
  // The output that is complete then, or null.
  Buffer* emit_call(int part, const Step& s, const Step* next, bool sent, int layer);
  struct Outgoing {  // a computed tile on its way to its placement
    int part;
    Span h, w, c;  // c: of the tensor that the target is an alias of
    const Member& member;
    int first;  // channel of the target
    Buffer& slot;
  };
  void emit_output(int part, const Step& s, Buffer& slot);
  void spill_output(const Outgoing& o);  // to DDR through a memory tile
  void put_output(const Outgoing& o);    // to memory tiles
  bool even_results() const;
  program::EngineId result_sink(int part, int memtile) const;
  program::Transfer from_core(const Outgoing& o, Span h, Span w, program::EngineId sink) const;
  // Sends `sources`, which make up the valid parts of `windows`, to one slot of each of `parts`; padding comes from the
  // descriptors of the memory tile.
  struct Feed {
    ops::Lattice lattice;  // of what is read, in whose rows and columns the windows are counted
    std::vector<Window> windows;
    Rectangle in_map(const Window& w) const {
      return {lower::in_map(w.valid_h, lattice.h), lower::in_map(w.valid_w, lattice.w)};
    }
    int columns = 0;  // of the tile in a core
    network::LayerId tensor;
    Span c;  // stored channels of the tensor
    std::vector<int> parts;
    int port, lock, lane, turn = 0, home_column;
    bool aside = false;  // over other channels than the other tiles of the input
    std::vector<Source> sources;
    std::vector<BufferRef> slots;
  };
  struct Delivery {  // a rectangle of a window, or some channels of it, and the transfer that reads it
    std::size_t window;
    program::Transfer out;
    Rectangle area;
    Span c;
  };
  program::Transfer sent_from(const Feed& f, const Source& src) const;
  static Delivery zeros_from(program::Transfer out, std::size_t window, const ZeroBlock& block);
  std::vector<Delivery> deliveries(const Feed& f, const Source& src) const;
  // Of windows that lie outside of the map.
  std::vector<Delivery> outer_zeros(const Feed& f, const Source& src) const;
  static program::Access place_of(const Feed& f, const Delivery& d, std::int64_t address);
  void feed(const Feed& f, std::size_t from, std::size_t to);
  std::optional<Feed> input_feed(int group, const Step& s);
  // Where the valid parts of the feed's windows stand; `staged`: channels of them that come from DDR together.
  std::vector<Source> sources(const Feed& f, Staging* staging, int key, Span staged);
  static Rectangle span_of(const Feed& f);
  static Source staged_source(const Feed& f, std::size_t window, Staging& staging);
  void load_staging(Staging& staging, network::LayerId tensor, int key, Span h, Span w, Span c);
  program::EngineId chunk_channel(int group, std::int64_t key, int memtile) const;
  LoadedChunk& load_chunk(int group, const Step& s);

  static constexpr int foreign = 1 << 20;  // a column that no memory tile stands in
  int input_lock(int tile) const {
    const mapping::Slots& slots = plan_.buffers.slots;
    return plan_.buffers.inbound.is_aside(tile) ? core_locks::weights(aside_slots(plan_.buffers.inbound, slots))
                                                : core_locks::input(slots.input);
  }
  // Of a core, for the tile of the input; tiles of a group are counted from 0.
  const BufferRef& input_slot(int part, int tile) const {
    const std::vector<BufferRef>& slots =
        plan_.buffers.inbound.is_aside(tile) ? slots_[part].aside : slots_[part].input;
    return slots[static_cast<std::size_t>(plan_.buffers.inbound.turn_of(tile)) % slots.size()];
  }
  int weights_lock() const { return core_locks::weights(plan_.buffers.slots.weights); }
  program::EngineId core(const CorePart& p) const { return e_.map().core(p.row, p.col); }
  program::EngineId act_channel(int memtile, int lane, int turn, int home_column) const;
  program::EngineId aside_channel(int memtile, int lane, int home_column) const;
  int staging_memtile(const CoreGroup& group, int number) const {
    return group.column >= 0 ? home_memtile(plan_.partition.parts[group.parts[0]]) : number % e_.array.memtiles();
  }
  int home_memtile(const CorePart& p) const { return p.col * e_.array.memtile_rows + p.row % e_.array.memtile_rows; }

  Emission& e_;
  const LayerPlan& plan_;
  const network::Layer& layer_;
  bool channelwise_, product_, weighted_;
  std::vector<std::vector<Span>> out_tiles_;  // per part: its tiles of 8-channel output blocks
  int outs_ = 0;                              // most of them
  std::vector<CoreSlots> slots_;
  std::vector<Staging> input_staging_, operand_staging_, output_staging_;  // per group of inputs; of seconds; per part
  std::vector<std::int64_t> input_key_, weights_key_;                      // what each group's cores hold
  std::vector<int> input_count_, weights_count_, second_count_;
  std::vector<bool> weights_sent_;
  std::vector<std::vector<LoadedChunk>> chunks_;  // per weight group, by (o, i)
  std::vector<int> rounds_;                       // per memory tile: chunks so far that take turns in it
  Bytes largest_chunk_ = 0, padded_chunk_ = 0;    // padded: what all are made as long as, 0: nothing
};

}  // namespace tessera::lower

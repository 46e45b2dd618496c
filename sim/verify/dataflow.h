// What every transfer and call finds and leaves in the memories of the array: the content half of the verifier's second
// pass. The machine tells it when things happen; it keeps the shadow of every memory and judges what is read.
#pragma once
#include "sim/verify/clocks.h"
#include "sim/verify/contents.h"
#include "sim/verify/coverage.h"
#include "sim/verify/shadow.h"

namespace tessera::verify {

// Part of what an outbound transfer streams: elements of a box in h, w, c order from a stream offset on.
struct StreamPart {
  Bytes offset = 0;
  int key = -1;
  program::Region box;
};

// An instruction being executed.
struct Here {
  Stamp stamp;
  std::size_t step = 0;
};

class Dataflow {
 public:
  Dataflow(const program::Program& program, const program::EngineMap& map, const Clocks& clocks, Coverage& coverage,
           Findings& findings);

  // The outbound transfer reads its memory: what its stream will be.
  void load(const Here& here, const program::Transfer& t, std::vector<StreamPart>& stream);
  // Bytes [at, at + n) of the inbound transfer arrive: those from `from` on of a stream.
  void store(const Here& here, const program::Transfer& t, Bytes at, const std::vector<StreamPart>& stream, Bytes from,
             Bytes n);
  // All bytes of an inbound transfer have arrived.
  void stored(const Here& here, const program::Transfer& t);
  void call(const Here& here, const program::KernelCall& k);
  // Outputs of the network still stand at their placements.
  void finish();

 private:
  Shadow& memory(program::EngineId e, const program::Transfer& t);
  std::string memory_name(const Shadow& m) const;
  void report(const Here& here, int layer, std::string what, std::string legal = {}) const;
  bool written_alike(std::int64_t address) const;  // in DDR
  void report_races(const Here& here, int layer, const Shadow& m, bool writes, const Placed& what);

  // Reads a placed region of any tensor; what it is for goes into the message.
  void need(const Here& here, int layer, Shadow& m, const Placed& wanted, const char* purpose, int* sum = nullptr);
  void leave(const Here& here, int layer, Shadow& m, const Placed& content, int sum = -1);
  void take_pitches(const Shadow& m, Placed& part) const;
  void resolved(const Placed& content);
  bool holds(Shadow& m, const Placed& wanted);
  std::string missing(Shadow& m, const Placed& wanted);

  // Whose weights a layer is computed with: of a batch those of the layer that it repeats.
  int weights_layer(int layer) const {
    const int first = p_.layers[static_cast<std::size_t>(layer)].layer.repeats;
    return first < 0 ? layer : first;
  }
  void load_weights(const Here& here, const program::Transfer& t, Shadow& m, std::vector<StreamPart>& stream);
  void need_pixels(const Here& here, const program::Transfer& t, Shadow& m, const Placed& wanted);
  void load_tensor(const Here& here, const program::Transfer& t, Shadow& m, std::vector<StreamPart>& stream);
  void load_padding(const Here& here, const program::Transfer& t, Shadow& m, std::vector<StreamPart>& stream);
  void read_bytes(const Here& here, const program::Transfer& t, Shadow& m);
  program::Region padded(const Here& here, const program::Transfer& t);
  void check_concat(const network::Layer& concat);
  void check_home(const Here& here, const program::Transfer& t, const Shadow& m, const Placed& content);

  void sum_product(const Here& here, const program::KernelCall& k);
  void check_product(const Here& here, const program::Transfer& t);
  void anonymous(const Here& here, Shadow& m, const program::KernelCall& k);
  void conv(const Here& here, Shadow& m, const program::KernelCall& k);
  void consume(const Here& here, Shadow& m, const program::KernelCall& k);
  void operands(const Here& here, Shadow& m, const program::KernelCall& k);
  void factors(const Here& here, Shadow& m, const program::KernelCall& k);
  void weights(const Here& here, Shadow& m, const program::KernelCall& k);
  void need_window(const Here& here, Shadow& m, const program::KernelCall& k, int tensor, int c0);

  const program::Program& p_;
  const program::EngineMap& map_;
  const Clocks& clocks_;
  Coverage& coverage_;
  Findings& findings_;
  Contents contents_;
  std::vector<Shadow> tiles_;
  Shadow ddr_;
  struct Home {
    Shadow* memory;
    Placed content;
  };
  std::vector<std::vector<Home>> homes_;  // per tensor
  std::vector<Bytes> arrived_;            // per engine: elements of the running result transfer
  std::vector<Sum> sums_;
  // Of a product, per compute tile: the tiles of C in its memory and the steps of k that they have summed.
  struct ProductTile {
    std::int64_t address;
    Bytes bytes;
    std::int64_t steps;
  };
  std::vector<std::vector<ProductTile>> product_tiles_;
  std::vector<Conflict> races_;
  // Scratch.
  std::vector<Placed> parts_, placed_, found_;
  std::vector<Contents::Part> declared_;
  std::vector<program::Region> regions_;
  std::vector<program::Access> slices_;
};

}  // namespace tessera::verify

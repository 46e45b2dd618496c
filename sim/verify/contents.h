// What the bytes of a program can be, as keys: elements of a tensor, or of a lattice of it, bytes of a weight chunk,
// partial sums of a layer.
// Concatenations hold nothing of their own: their elements are those of the tensors they are made of.
#pragma once
#include "sim/verify/boxes.h"
#include "sim/verify/findings.h"

namespace tessera::verify {

class Contents {
 public:
  explicit Contents(const program::Program& program);

  int tensor_key(int layer) const { return layer; }
  int chunk_key(int chunk) const { return layers_ + chunk; }
  int sum_key(int layer) const { return layers_ + chunks_ + layer; }
  // The part of a tensor on a lattice, with coordinates of its own.
  int lattice_key(int layer, const ops::Lattice& lattice);
  bool is_tensor(int key) const { return key >= 0 && key < layers_; }
  bool is_lattice(int key) const { return key >= sum_key(layers_); }
  bool is_elements(int key) const { return is_tensor(key) || is_lattice(key); }
  bool is_chunk(int key) const { return key >= layers_ && key < layers_ + chunks_; }
  std::string name(const Findings& findings, const Placed& content) const;

  // A region of any tensor as boxes of tensors that are computed, with their channels in the region's order.
  struct Part {
    int tensor;
    program::Region box;
    int c0;  // where its first channel lies within the region
  };
  void resolve(int tensor, const program::Region& region, std::vector<Part>& parts) const;
  // The same for a placed region.
  void resolve(const Placed& placed, std::vector<Placed>& parts);

  // The chunk that holds the byte at a DDR address, or -1.
  int chunk_at(std::int64_t address) const;
  // A chunk that meets [lo, hi) in DDR, or -1.
  int chunk_in(std::int64_t lo, std::int64_t hi) const;

 private:
  void resolve_from(int tensor, const program::Region& region, int c0, std::vector<Part>& parts) const;

  const program::Program& p_;
  int layers_, chunks_;
  std::vector<std::pair<int, ops::Lattice>> lattices_;  // by key
  std::vector<int> by_address_;                         // chunks with bytes, ascending
};

}  // namespace tessera::verify

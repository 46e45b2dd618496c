// Reads the composite values of a program's text from a line: regions, accesses, lock operations, names of engines and
// tiles. What cannot be read becomes a problem of the line.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/program/program.h"
#include "sim/program/text_line.h"

namespace tessera::program {

using TextNames = std::unordered_map<std::string, int>;

class TextValues {
 public:
  TextValues(TextLine& line, const EngineMap& map);

  TextNames engines, tiles, kernels, roles, ops, payloads, types, controls;

  // The index behind a name, 0 and a problem that offers the nearest one when there is none.
  int name(std::string_view field, const TextNames& names, std::string_view word, const char* kind);
  void in_order(std::size_t want);  // the number of a table's line is the next one
  void region(std::string_view value, Region& r);
  void access(Access& a);
  void ints(std::string_view key, std::vector<int>& values);
  void lock_op(std::string_view key, LockOp& op);
  void lock_value(std::string_view key, std::string_view value, LockOp& op);
  void element_types(std::string_view key, network::Layer& layer);  // "i16,i32", if it is there
  void scaling(network::Layer& layer);                              // "channel_scales" or "multiplier=3,4", if there
  void lattice(std::string_view key, ops::Lattice& lattice);        // "2,2", if it is there
  void ring(std::string_view key, KernelCall& call);                // "4,1", if it is there
  ControlOp control(ControlKind kind, std::vector<Wait>& list);     // an operation, all of its line
  TensorPiece piece();                                              // all of its line
  LockInit lock();                                                  // all of its line
  void product(Product& product);                                   // all of its line
  DdrRange ddr_range(std::string_view key);                         // "begin,end"
  // Appends the line's waits to `waits`.
  void waits(std::vector<Wait>& waits, std::uint32_t& first, std::uint32_t& count);

  static constexpr int longest_range = 1 << 16;  // of "a-b" lists; no layer has as many channels

 private:
  void matrix(std::string_view key, Matrix& m);       // "address,pitch,rows"
  void iterate(std::string_view key, ControlOp& op);  // "4@1024", if it is there

  TextLine& line_;
};

// Appends a row of kernel blocks, a hexadecimal digit for every four of them, the first one highest.
bool read_mask_row(std::string_view digits, sparsity::KernelMask& mask);

}  // namespace tessera::program

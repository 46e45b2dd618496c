// Bank accesses of a tile memory, counted. A transfer spreads its accesses (one per bank_width bytes) evenly over the
// banks between its lowest and its highest address; banks are contiguous parts of the memory. Arbitration inside a
// cycle is left out: conflict_share (hardware file) says how much of the overlap costs time.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/program/program.h"

namespace tessera::models {

using BankSet = std::uint32_t;  // bit per bank

class BankCounters {
 public:
  explicit BankCounters(const arch::MemorySpec& spec);

  BankSet between(std::int64_t begin, std::int64_t end) const;  // banks of the half-open address range
  BankSet used_by(const program::Program& program, const program::KernelCall& call) const;
  void count(BankSet banks, Bytes bytes);
  std::int64_t accesses(BankSet banks) const;
  double accesses_of(Bytes bytes) const { return static_cast<double>(bytes) / static_cast<double>(width_); }

  // Transfers under way, by the banks they touch; the share of `banks` that another transfer uses right now.
  void enter(BankSet banks) { active_.push_back(banks); }
  void leave(BankSet banks);
  double shared_with_others(BankSet banks) const;

 private:
  Bytes bank_bytes_, width_;
  std::vector<double> counts_;
  std::vector<BankSet> active_;
};

}  // namespace tessera::models

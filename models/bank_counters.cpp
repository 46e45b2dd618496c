#include "models/bank_counters.h"

#include <algorithm>
#include <cmath>

namespace tessera::models {
namespace {

int bits(BankSet s) { return __builtin_popcount(s); }

}  // namespace

BankCounters::BankCounters(const arch::MemorySpec& spec)
    : bank_bytes_(std::max<Bytes>(1, ceil_div(spec.size, std::max(1, spec.banks)))),
      width_(spec.bank_width),
      counts_(static_cast<std::size_t>(std::max(1, spec.banks))) {}

BankSet BankCounters::between(std::int64_t begin, std::int64_t end) const {
  BankSet set = 0;
  const auto last = static_cast<std::int64_t>(counts_.size()) - 1;
  if (begin < 0 || end <= begin) return set;
  for (std::int64_t b = begin / bank_bytes_; b <= std::min(last, (end - 1) / bank_bytes_); ++b) set |= BankSet{1} << b;
  return set;
}

BankSet BankCounters::used_by(const program::Program& program, const program::KernelCall& call) const {
  BankSet set = 0;
  const auto add = [&](std::int64_t base, Bytes bytes) {
    if (base >= 0) set |= between(base, base + bytes);
  };
  const Bytes out = call.out.elements();
  static const network::Layer none;
  const bool named = call.layer >= 0 && static_cast<std::size_t>(call.layer) < program.layers.size();
  const network::Layer& layer = named ? program.layers[static_cast<std::size_t>(call.layer)].layer : none;
  if (call.kind == program::KernelKind::gemm) {
    add(call.in, bytes_of(layer.in_type, std::int64_t{call.in_h} * call.in_c));
    add(call.weights, bytes_of(layer.in_type, std::int64_t{call.out.c1 - call.out.c0} * call.in_c));
    return set;
  }
  const Bytes in =
      call.ring == 0 ? Bytes{call.in_h} * call.in_w * call.in_c : call.ring * Bytes{layer.in.w} * call.in_c;
  add(call.in, in);
  add(call.in2, operator_of(layer).inputs != 2 ? out
                : is_product(layer)            ? factor_of(call, layer, 1).elements()
                                               : reads(layer, 1, call.out).elements());
  if (call.chunk >= 0) add(call.weights, program.chunks[static_cast<std::size_t>(call.chunk)].size.total());
  if (!(call.first && call.last)) add(call.acc, out * 4);
  if (call.last) add(call.result, out);
  return set;
}

void BankCounters::count(BankSet banks, Bytes bytes) {
  if (banks == 0) return;
  const double each = accesses_of(bytes) / bits(banks);
  for (std::size_t b = 0; b < counts_.size(); ++b)
    if ((banks >> b & 1) != 0) counts_[b] += each;
}

std::int64_t BankCounters::accesses(BankSet banks) const {
  double sum = 0;
  for (std::size_t b = 0; b < counts_.size(); ++b)
    if ((banks >> b & 1) != 0) sum += counts_[b];
  return static_cast<std::int64_t>(std::llround(sum));
}

void BankCounters::leave(BankSet banks) {
  const auto it = std::find(active_.begin(), active_.end(), banks);
  if (it != active_.end()) active_.erase(it);
}

double BankCounters::shared_with_others(BankSet banks) const {
  BankSet others = 0;
  for (BankSet s : active_) others |= s;
  return banks == 0 ? 0 : static_cast<double>(bits(banks & others)) / bits(banks);
}

}  // namespace tessera::models

// What operators share that work element by element.
#pragma once
#include <algorithm>

#include "sim/import/call.h"

namespace tessera::import {

// The shape to which two broadcast; a mismatch is refused and gives `a`.
Dims broadcast(Call& call, const Dims& a, const Dims& b);

// Refuses a second input of another type than the first.
void check_factors(Call& call);

void same_as_first(Call& call);  // shape rule: output 0 has the type and shape of input 0

// Output 0 of call.output() type: f of every element of input 0, in double.
template <class F>
std::vector<Tensor> map_reals(const Call& call, const F& f) {
  std::vector<double> values = reals(*call.constant(0));
  std::transform(values.begin(), values.end(), values.begin(), f);
  return {make_tensor(call.output().type, call.output().shape, values)};
}

}  // namespace tessera::import

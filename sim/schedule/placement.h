// Within sim/schedule only: where tensors stand, and for how long.
#pragma once
#include <optional>
#include <vector>

#include "sim/schedule/draft.h"

namespace tessera::schedule {

// A place for rows of a root tensor, spread along `axis` over the memory tiles if every one of them keeps `reserve` in
// one gap; `memory` is then as it is with it, and unchanged otherwise.
std::optional<mapping::Place> find_place(const Inputs& in, mapping::Axis axis, Memory& memory, network::LayerId root,
                                         mapping::Span rows, Bytes reserve);

// Takes a place that was found as `owner`, and the memory as it is then.
void take(Draft& draft, const mapping::Place& place, Memory memory, int owner);
// Places that were weighed and are given up again: their memory counts as used now, so that weights of the layers to
// come rather go where nothing was to stand.
void give_up(Draft& draft, const std::vector<mapping::Place>& places);
bool place_rows(const Inputs& in, Draft& draft, network::LayerId root, mapping::Span rows, Bytes reserve);
void place_in_ddr(Draft& draft, network::LayerId root);

// A sum may overwrite the operand that nobody reads afterwards: every element is read before its sum is written.
bool place_over(const Inputs& in, Draft& draft, network::LayerId root, network::LayerId operand,
                network::LayerId reader);

void release_rows(Draft& draft, network::LayerId root, int below);
void release_read_by(Draft& draft, network::LayerId reader);

// Whether a tensor may be expected to find a place.
bool fits(const Inputs& in, const Draft& draft, network::LayerId root);

}  // namespace tessera::schedule

// What lives in the memory tile of one column while the layers go by: every tensor is there, in DDR, or both.
#pragma once
#include <vector>

#include "sim/network/network.h"

namespace tessera {

struct DdrTraffic {
  Bytes load = 0, write = 0;  // activations, per memory tile
};

class MemtileHomes {
 public:
  MemtileHomes(const Network& network, int cols, Bytes capacity);

  // The tensor that holds a layer's output: its concatenation, or its own.
  LayerId home_of(LayerId layer) const { return parent_[static_cast<std::size_t>(layer)]; }
  Bytes share(LayerId tensor) const { return share_[static_cast<std::size_t>(tensor)]; }
  bool in_ddr_only(LayerId tensor) const { return !at(tensor).resident; }
  bool is_output(LayerId layer) const;  // nobody reads it: an output of the network

  // Bytes that the operands of a layer need together: inputs and output, each once; an add whose input nobody else
  // reads writes over it.
  Bytes operands(const Layer& layer) const;

  // Makes room for the layer's operands and `extra` bytes, evicting what is needed last, and counts what that moves.
  // False when the operands and `extra` exceed the memory tile.
  bool bring(const Layer& layer, Bytes extra, DdrTraffic& traffic);

  // The layer's operands live in DDR: resident inputs are written there, the output is.
  void send_to_ddr(const Layer& layer, DdrTraffic& traffic);

  // Moves a tensor to DDR.
  void store(LayerId tensor, DdrTraffic& traffic);

  // Frees what no later layer reads.
  void retire(const Layer& layer);

 private:
  struct State {
    bool resident = false, in_ddr = false;
  };
  State& at(LayerId t) { return state_[static_cast<std::size_t>(t)]; }
  const State& at(LayerId t) const { return state_[static_cast<std::size_t>(t)]; }
  std::vector<LayerId> tensors_of(const Layer& layer) const;
  LayerId next_use(LayerId tensor, LayerId after) const;
  void evict(LayerId tensor, DdrTraffic& traffic);

  const Network& network_;
  Bytes capacity_;
  std::vector<LayerId> parent_;
  std::vector<Bytes> share_;
  std::vector<std::vector<LayerId>> readers_;  // by tensor, ascending
  std::vector<State> state_;
};

}  // namespace tessera

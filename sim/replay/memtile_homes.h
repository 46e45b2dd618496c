// What lives in the memory tile of one column while the layers go by: every tensor is there, in DDR, or both.
#pragma once
#include <vector>

#include "sim/network/network.h"

namespace tessera::replay {

struct DdrTraffic {
  Bytes load = 0, write = 0;  // activations, per memory tile
};

class MemtileHomes {
 public:
  MemtileHomes(const network::Network& network, int cols, Bytes capacity);

  // The tensor that holds a layer's output: its concatenation, or its own.
  network::LayerId home_of(network::LayerId layer) const { return parent_[static_cast<std::size_t>(layer)]; }
  Bytes share(network::LayerId tensor) const { return share_[static_cast<std::size_t>(tensor)]; }
  bool in_ddr_only(network::LayerId tensor) const { return !at(tensor).resident; }
  bool is_output(network::LayerId layer) const;  // nobody reads it: an output of the network

  // Bytes that the operands of a layer need together: inputs and output, each once; an add whose input nobody else
  // reads writes over it.
  Bytes operands(const network::Layer& layer) const;

  // Makes room for the layer's operands and `extra` bytes, evicting what is needed last, and counts what that moves.
  // False when the operands and `extra` exceed the memory tile.
  bool bring(const network::Layer& layer, Bytes extra, DdrTraffic& traffic);

  // The layer's operands live in DDR: resident inputs are written there, the output is.
  void send_to_ddr(const network::Layer& layer, DdrTraffic& traffic);

  // Moves a tensor to DDR.
  void store(network::LayerId tensor, DdrTraffic& traffic);

  // Frees what no later layer reads.
  void retire(const network::Layer& layer);

 private:
  struct State {
    bool resident = false, in_ddr = false;
  };
  State& at(network::LayerId t) { return state_[static_cast<std::size_t>(t)]; }
  const State& at(network::LayerId t) const { return state_[static_cast<std::size_t>(t)]; }
  std::vector<network::LayerId> tensors_of(const network::Layer& layer) const;
  network::LayerId next_use(network::LayerId tensor, network::LayerId after) const;
  void evict(network::LayerId tensor, DdrTraffic& traffic);

  const network::Network& network_;
  Bytes capacity_;
  std::vector<network::LayerId> parent_;
  std::vector<Bytes> share_;
  std::vector<std::vector<network::LayerId>> readers_;  // by tensor, ascending
  std::vector<State> state_;
};

}  // namespace tessera::replay

#include "sim/network/batch.h"

#include <algorithm>
#include <set>

#include "sim/network/graph.h"

namespace tessera::network {
namespace {

// Bytes of tensors in the memory tiles while each layer is computed: its output, and what it or a later layer reads.
std::vector<Bytes> live_bytes(const Network& network) {
  const std::vector<LayerId> last = last_use(network);
  std::vector<Bytes> live(network.layers.size(), 0);
  for (const Layer& l : network.layers) {
    if (!ops::is_computed(l)) continue;
    const Bytes bytes = Bytes{l.out.h} * l.out.w * stored_channels(l.out.c);
    if (last[l.id] == static_cast<LayerId>(live.size())) continue;  // an output of the network, which stands in DDR
    for (LayerId k = l.id; k <= last[l.id]; ++k) live[k] += bytes;
  }
  return live;
}

// What is computed with or beside the layer before it stays together: convolutions of one input, parts of a
// concatenation.
bool belongs_to_previous(const Network& network, LayerId id) {
  const Layer &l = network.layers[id], &before = network.layers[id - 1];
  if (l.op == Op::concat) return true;
  return l.op == Op::conv2d && before.op == Op::conv2d && l.inputs[0] == before.inputs[0];
}

// The first layer from which on all images have room; the number of layers: there is none.
LayerId first_for_all(const Network& network, int images, Bytes capacity) {
  const std::vector<Bytes> live = live_bytes(network);
  auto first = static_cast<LayerId>(network.layers.size());
  LayerId found = first;
  while (first > 0 && live[first - 1] * images <= capacity) {
    --first;
    // No concatenation behind it has a part in front of it.
    const bool cut = std::any_of(network.layers.begin() + first, network.layers.end(), [&](const Layer& l) {
      return l.op == Op::concat &&
             std::any_of(l.inputs.begin(), l.inputs.end(), [&](LayerId part) { return part < first; });
    });
    if (!cut && (first == 0 || !belongs_to_previous(network, first))) found = first;
  }
  return found;
}

class Batcher {
 public:
  Batcher(const Network& one, int images, LayerId first_for_all)
      : one_(one), first_for_all_(first_for_all), ids_(images, std::vector<LayerId>(one.layers.size(), -1)) {
    for (const Layer& l : one.layers) names_.insert(l.name);
    batch_.network.name = one.name;
  }

  Batch run() {
    for (int image = 0; image < images(); ++image)
      for (LayerId id = 0; id < first_for_all_; ++id) append(image, id);
    const auto count = static_cast<LayerId>(one_.layers.size());
    for (LayerId begin = first_for_all_, end = begin; begin < count; begin = end) {
      do ++end;
      while (end < count && belongs_to_previous(one_, end));
      for (int image = 0; image < images(); ++image)
        for (LayerId id = begin; id < end; ++id) append(image, id);
    }
    mark_waiting();
    return std::move(batch_);
  }

 private:
  int images() const { return static_cast<int>(ids_.size()); }

  void append(int image, LayerId id) {
    const auto at = static_cast<std::size_t>(image);
    Layer l = one_.layers[id];
    if (image > 0 && l.op == Op::constant) {
      ids_[at][id] = ids_[0][id];
      return;
    }
    l.id = ids_[at][id] = static_cast<LayerId>(batch_.network.layers.size());
    for (LayerId& input : l.inputs) input = ids_[at][input];
    if (image > 0) {
      l.repeats = ids_[0][id];
      l.name = free_name(l.name + "@" + std::to_string(image + 1));
    }
    batch_.network.layers.push_back(std::move(l));
    batch_.source.push_back(id);
    batch_.image.push_back(image);
  }

  std::string free_name(std::string name) {
    while (!names_.insert(name).second) name += "'";
    return name;
  }

  // What is made in front of the layers for all images and read by them stands in DDR meanwhile.
  void mark_waiting() {
    for (const Layer& l : one_.layers)
      for (const LayerId input : l.inputs)
        if (l.id >= first_for_all_ && input < first_for_all_) wait(input);
  }
  void wait(LayerId tensor) {
    const Layer& l = one_.layers[tensor];
    for (const std::vector<LayerId>& ids : ids_) batch_.network.layers[ids[tensor]].waits = true;
    if (l.op != Op::concat) return;
    for (const LayerId part : l.inputs) wait(part);
  }

  const Network& one_;
  LayerId first_for_all_;
  std::vector<std::vector<LayerId>> ids_;  // per image: its layer in the batch, by that of the one image
  std::set<std::string> names_;
  Batch batch_;
};

}  // namespace

Batch in_batch(const Network& network, int images, Bytes capacity) {
  // Of the memory tiles, an eighth stays for weights and staging where a schedule decides.
  const LayerId first =
      images > 1 ? first_for_all(network, images, capacity / 8 * 7) : static_cast<LayerId>(network.layers.size());
  return Batcher(network, images, first).run();
}

}  // namespace tessera::network

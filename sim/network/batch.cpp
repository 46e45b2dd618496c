#include "sim/network/batch.h"

#include <algorithm>
#include <set>

#include "sim/network/shapes.h"
#include "sim/network/stacked.h"

namespace tessera::network {
namespace {

// How the layers from `first` on could be computed for all images at once.
struct Suffix {
  LayerId first = 0;
  std::vector<LayerId> joined;         // tensors of layers in front that they read, ascending
  std::vector<bool> constant_stacked;  // per layer: a constant that they read once per image
  bool sound = true;                   // no constant is needed in both forms
};

class SuffixChoice {
 public:
  SuffixChoice(const Network& network, int images) : network_(network), images_(images) {
    for (const Layer& l : network.layers) stacked_.push_back(stacked(network, l, images));
  }

  // The suffix that saves most bytes; nothing where none saves any.
  std::optional<Suffix> best() const {
    std::optional<Suffix> best;
    double most = 0, weights = 0;
    for (auto first = static_cast<LayerId>(network_.layers.size()); first-- > 0 && stacked_[first];) {
      const Layer& l = network_.layers[first];
      if (ops::has_weights(l)) weights += stored_weight_bytes(l);
      if (l.op == Op::constant) continue;
      Suffix suffix = from(first);
      const double saved = (images_ - 1) * weights - moved(suffix);
      if (!suffix.sound || saved <= most) continue;
      most = saved;
      best = std::move(suffix);
    }
    return best;
  }

 private:
  Suffix from(LayerId first) const {
    Suffix s{first, {}, std::vector<bool>(network_.layers.size(), false), true};
    std::vector<bool> whole(network_.layers.size(), false);
    std::set<LayerId> joined;
    for (const Layer& l : network_.layers)
      for (std::size_t k = 0; k < l.inputs.size(); ++k) {
        const LayerId input = l.inputs[k];
        const bool constant = network_.layers[input].op == Op::constant, behind = l.id >= first;
        if (constant && behind && !stacked_[l.id]->whole[k])
          s.constant_stacked[input] = true;
        else if (constant)
          whole[input] = true;
        else if (behind && input < first)
          joined.insert(input);
      }
    for (std::size_t i = 0; i < whole.size(); ++i) s.sound = s.sound && !(whole[i] && s.constant_stacked[i]);
    s.joined.assign(joined.begin(), joined.end());
    return s;
  }

  // Bytes that joining moves: a tensor with the rows of all images is written, read and written again for each image.
  double moved(const Suffix& s) const {
    double bytes = 0;
    for (const LayerId t : s.joined) bytes += stored_output_bytes(network_.layers[t]) * images_;
    constexpr int passes = 3;
    return bytes * images_ * passes;
  }

  const Network& network_;
  int images_;
  std::vector<std::optional<Stacked>> stacked_;
};

class Batcher {
 public:
  Batcher(const Network& one, int images, std::optional<Suffix> suffix)
      : one_(one),
        suffix_(std::move(suffix)),
        ids_(images, std::vector<LayerId>(one.layers.size(), -1)),
        all_(one.layers.size(), -1) {
    for (const Layer& l : one.layers) names_.insert(l.name);
    batch_.network.name = one.name;
  }

  Batch run() {
    const auto count = static_cast<LayerId>(one_.layers.size());
    const LayerId first = suffix_ ? suffix_->first : count;
    for (int image = 0; image < images(); ++image) {
      for (LayerId id = 0; id < first; ++id) append_own(image, id);
      if (suffix_)
        for (const LayerId tensor : suffix_->joined) join(image, tensor);
    }
    for (LayerId id = 0; id < first; ++id)
      if (is_stacked_constant(id)) append_for_all(id);
    for (LayerId id = first; id < count; ++id) append_for_all(id);
    return std::move(batch_);
  }

 private:
  int images() const { return static_cast<int>(ids_.size()); }
  bool is_stacked_constant(LayerId id) const { return suffix_ && suffix_->constant_stacked[id]; }

  LayerId append(Layer layer, LayerId source, int image) {
    layer.id = static_cast<LayerId>(batch_.network.layers.size());
    batch_.network.layers.push_back(std::move(layer));
    batch_.source.push_back(source);
    batch_.image.push_back(image);
    return batch_.network.layers.back().id;
  }

  void append_own(int image, LayerId id) {
    std::vector<LayerId>& ids = ids_[static_cast<std::size_t>(image)];
    Layer l = one_.layers[id];
    if (is_stacked_constant(id)) return;
    if (image > 0 && l.op == Op::constant) {
      ids[id] = ids_[0][id];
      return;
    }
    for (LayerId& input : l.inputs) input = ids[input];
    if (image > 0) {
      l.repeats = ids_[0][id];
      l.name = free_name(l.name + "@" + std::to_string(image + 1));
    }
    ids[id] = append(std::move(l), id, image);
  }

  // The tensor of all images so far, with one more.
  void join(int image, LayerId tensor) {
    const Layer& l = one_.layers[tensor];
    Layer rows = row_of_images(l, image, images());
    rows.name = free_name(l.name + ".rows" + std::to_string(image + 1));
    rows.inputs = {ids_[static_cast<std::size_t>(image)][tensor]};
    rows.images = images();
    const Shape shape = rows.out;
    const LayerId own = append(std::move(rows), -1, image);
    if (image == 0) {
      all_[tensor] = own;
      return;
    }
    Layer sum;
    sum.op = Op::add;
    sum.name = free_name(l.name + ".images" + std::to_string(image + 1));
    sum.inputs = {all_[tensor], own};
    sum.in = sum.out = sum.second = shape;
    sum.images = images();
    all_[tensor] = append(std::move(sum), -1, image);
  }

  void append_for_all(LayerId id) {
    const bool source = one_.layers[id].op == Op::constant && !is_stacked_constant(id);
    if (source) {
      ids_[0][id] = append(one_.layers[id], id, 0);
      return;
    }
    Stacked s = *stacked(one_, one_.layers[id], images());
    for (std::size_t k = 0; k < s.layer.inputs.size(); ++k) {
      LayerId& input = s.layer.inputs[k];
      input = s.whole[k] ? ids_[0][input] : all_[input];
    }
    all_[id] = append(std::move(s.layer), id, -1);
  }

  std::string free_name(std::string name) {
    while (!names_.insert(name).second) name += "'";
    return name;
  }

  const Network& one_;
  std::optional<Suffix> suffix_;
  std::vector<std::vector<LayerId>> ids_;  // per image: its layer in the batch, by that of the one image
  std::vector<LayerId> all_;               // the layer that has it for all images
  std::set<std::string> names_;
  Batch batch_;
};

}  // namespace

Batch in_batch(const Network& network, int images) {
  return Batcher(network, images, images > 1 ? SuffixChoice(network, images).best() : std::nullopt).run();
}

}  // namespace tessera::network

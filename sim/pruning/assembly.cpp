#include "sim/pruning/assembly.h"

#include <algorithm>

#include "sim/ops/operator.h"

namespace tessera::pruning {
namespace {

// Which blocks of 8 stored channels of each tensor are other than constant, layer by layer.
class Varying {
 public:
  explicit Varying(const network::Network& network) : network_(network), channels_(network.layers.size()) {}

  // Whether channels [from, to) of a tensor, as far as it has them, have such a block.
  bool any(network::LayerId tensor, int from, int to) const {
    const std::vector<bool>& all = channels_[static_cast<std::size_t>(tensor)];
    const auto block = [&](int channel) {
      return std::clamp<std::ptrdiff_t>(channel, 0, static_cast<std::ptrdiff_t>(8 * all.size()));
    };
    if (block(to) <= block(from)) return false;
    return std::any_of(all.begin() + block(from) / 8, all.begin() + ceil_div(block(to), 8), [](bool v) { return v; });
  }

  // Of each column of `mask` whether its blocks read other than constants. Where the input is read in another order
  // than it is stored in, all columns are alike.
  std::vector<bool> columns(const network::Layer& layer, const sparsity::BlockMask& mask) const {
    const network::LayerId input = layer.inputs[0];
    const int stored = network_.layers[static_cast<std::size_t>(input)].out.c;
    std::vector<bool> read;
    for (int col = 0; col < mask.cols(); ++col)
      read.push_back(mask.cin != stored ? any(input, 0, stored)
                                        : any(input, col * mask.bi, std::min(stored, (col + 1) * mask.bi)));
    return read;
  }

  void add(const network::Layer& layer, const std::optional<sparsity::BlockMask>& mask) {
    std::vector<bool>& own = channels_[static_cast<std::size_t>(layer.id)];
    own.assign(static_cast<std::size_t>(network::stored_channels(layer.out.c) / 8), ops::is_source(layer));
    if (ops::is_source(layer)) return;
    const std::vector<bool> rows = mask ? written(*mask, columns(layer, *mask)) : std::vector<bool>();
    for (int block = 0; block < static_cast<int>(own.size()); ++block)
      own[static_cast<std::size_t>(block)] = mask ? any_row(*mask, rows, block) : reads_any(layer, block);
  }

 private:
  static std::vector<bool> written(const sparsity::BlockMask& mask, const std::vector<bool>& columns) {
    std::vector<bool> rows(static_cast<std::size_t>(mask.rows()));
    for (int row = 0; row < mask.rows(); ++row)
      for (int col = 0; col < mask.cols(); ++col)
        if (columns[static_cast<std::size_t>(col)] && mask.present(row, col))
          rows[static_cast<std::size_t>(row)] = true;
    return rows;
  }
  static bool any_row(const sparsity::BlockMask& mask, const std::vector<bool>& rows, int block) {
    const int last = std::min((block * 8 + 7) / mask.bc, mask.rows() - 1);
    return std::any_of(rows.begin() + block * 8 / mask.bc, rows.begin() + last + 1, [](bool row) { return row; });
  }

  // Of a concatenation the second and further inputs are the channels behind those of the ones before.
  bool reads_any(const network::Layer& layer, int block) const {
    int from = block * 8, to = std::min(from + 8, layer.out.c);
    if (layer.op == network::Op::select)
      return std::any_of(layer.source.begin() + from, layer.source.begin() + to,
                         [&](int channel) { return any(layer.inputs[0], channel, channel + 1); });
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const ops::Region read = ops::reads(layer, i, {0, layer.out.h, 0, layer.out.w, from, to});
      if (any(layer.inputs[i], read.c0, read.c1)) return true;
      if (layer.op != network::Op::concat) continue;
      const int channels = network_.layers[static_cast<std::size_t>(layer.inputs[i])].out.c;
      from -= channels;
      to -= channels;
    }
    return false;
  }

  const network::Network& network_;
  std::vector<std::vector<bool>> channels_;  // by LayerId
};

// The mask of a candidate, or one that loses as many blocks where some that it keeps read constants alone.
sparsity::BlockMask mask_of(const network::Layer& layer, const LayerCandidates& candidates, const Candidate& taken,
                            const Varying& varying) {
  std::vector<double> importance = candidates.importance;
  const std::vector<bool> columns = varying.columns(layer, taken.mask);
  bool kept = false;
  for (std::size_t block = 0; block < importance.size(); ++block) {
    if (columns[block % columns.size()]) continue;
    importance[block] = 0;
    kept = kept || taken.mask.bits[block] != 0;
  }
  const bool some = std::any_of(importance.begin(), importance.end(), [](double value) { return value > 0; });
  return some && kept ? candidate_of(taken.mask, importance, taken.zeros, taken.pattern).mask : taken.mask;
}

}  // namespace

Assembly assemble(const run::RunConfig& config, const std::vector<LayerCandidates>& layers, const Choice& choice) {
  Assembly all{config.masks, std::vector<double>(layers.size()), 1};
  Varying varying(config.network);
  std::size_t next = 0;  // layers with candidates are in the network's order
  for (const network::Layer& layer : config.network.layers) {
    std::optional<sparsity::BlockMask>& mask = all.masks[static_cast<std::size_t>(layer.id)];
    if (next < layers.size() && layers[next].layer == layer.id) {
      const LayerCandidates& own = layers[next];
      mask = mask_of(layer, own, own.candidates[static_cast<std::size_t>(choice[next])], varying);
      all.lost[next] = lost_importance(own, *mask);
      all.kept -= own.weight * all.lost[next];
      ++next;
    }
    varying.add(layer, mask);
  }
  return all;
}

}  // namespace tessera::pruning

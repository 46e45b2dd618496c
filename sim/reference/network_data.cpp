#include "sim/reference/network_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "sim/base/hash.h"
#include "sim/base/random.h"
#include "sim/network/magnitude.h"
#include "sim/sparsity/mistakes.h"
#include "sim/sparsity/numpy_file.h"

namespace tessera::reference {
namespace {

// Uniform in [low, high], four values to a draw.
void fill_uniform(std::vector<std::int8_t>& values, int low, int high, Random& random) {
  const auto range = static_cast<std::uint32_t>(high - low + 1);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < values.size(); ++i, bits >>= 16) {
    if (i % 4 == 0) bits = random.next();
    values[i] = static_cast<std::int8_t>(low + static_cast<int>(((bits & 0xffff) * range) >> 16));
  }
}

double density(const std::optional<sparsity::BlockMask>& mask) {
  if (!mask) return 1;
  const auto ones = std::count(mask->bits.begin(), mask->bits.end(), 1);
  return ones == 0 ? 1 : static_cast<double>(ones) / static_cast<double>(mask->bits.size());
}

// The number of the input channel of each output channel, low byte before high byte.
void number_channels(const network::Layer& layer, sparsity::WeightTensor& w) {
  w.taps = 2;
  for (const int c : layer.source) {
    w.values.push_back(static_cast<std::int8_t>(c & 255));
    w.values.push_back(static_cast<std::int8_t>(c >> 8));
  }
}

sparsity::WeightTensor make_weights(const network::Layer& layer, const std::optional<sparsity::BlockMask>& mask,
                                    std::uint64_t seed) {
  sparsity::WeightTensor w;
  w.cout = layer.out.c;
  w.taps = layer.window.taps();
  w.cin = layer.in.c;
  w.groups = layer.groups;
  if (!ops::has_blocks(layer)) w.cin = w.groups = w.cout;
  if (layer.op == network::Op::softmax) {
    for (const std::uint16_t e : ops::exponent_table_of(layer.lookup)) {
      w.table.push_back(static_cast<std::int8_t>(e & 255));
      w.table.push_back(static_cast<std::int8_t>(e >> 8));
    }
  } else if (layer.lookup) {
    const ops::Table table = ops::table_of(layer.lookup);
    w.table.assign(table.begin(), table.end());
  }
  if (layer.op == network::Op::select) number_channels(layer, w);
  if (!operator_of(layer).bias) return w;
  w.values.resize(static_cast<std::size_t>(layer.weight_count()));
  w.bias.resize(static_cast<std::size_t>(w.cout));
  Random random(derive_seed(seed, fnv1a(layer.name)));
  const int limit =
      std::min(127, static_cast<int>(std::lround(network::random_weight_limit / std::sqrt(density(mask)))));
  fill_uniform(w.values, -limit, limit, random);
  // Of multipliers of about 2^29.6: a shift of the sums alone that does about as much.
  const int sum_shift = layer.scaling == network::Scaling::power ? layer.shift : std::max(0, layer.shift - 30);
  const std::int32_t bias_limit = 8 << std::min(sum_shift, 14);
  for (std::int32_t& b : w.bias)
    b = static_cast<std::int32_t>(random.below(2 * static_cast<std::uint64_t>(bias_limit) + 1)) - bias_limit;
  if (layer.scaling == network::Scaling::channel) {
    w.multiplier.resize(w.bias.size());
    for (std::int32_t& m : w.multiplier) m = (1 << 29) + static_cast<std::int32_t>(random.below(1 << 29));
  }
  if (mask) clear_zero_blocks(w, *mask);
  return w;
}

// A constant is the same for all images of a batch.
void repeat_constant(const network::Layer& layer, Tensor& constant) {
  const auto one = static_cast<std::ptrdiff_t>(constant.values.size()) / layer.images;
  for (int image = 1; image < layer.images; ++image)
    std::copy_n(constant.values.begin(), one, constant.values.begin() + image * one);
}

bool further_image(const network::Layer& layer) { return layer.op == network::Op::input && layer.repeats >= 0; }

class DataFile {
 public:
  DataFile(const std::string& path, const network::Network& network, NetworkData& data) : path_(path) {
    slot("input", "|i1", {network.layers[0].out.h, network.layers[0].out.w, network.layers[0].out.c},
         data.input.values.data());
    for (const network::Layer& layer : network.layers) {
      layers_.insert(layer.name);
      if (layer.op == network::Op::constant)
        slot(layer.name + ".value", "|i1", {layer.out.h / layer.images, layer.out.w, layer.out.c},
             data.constants[static_cast<std::size_t>(layer.id)].values.data());
      if (further_image(layer))
        slot(layer.name, "|i1", {layer.out.h, layer.out.w, layer.out.c},
             data.constants[static_cast<std::size_t>(layer.id)].values.data());
      if (!operator_of(layer).bias || layer.repeats >= 0) continue;
      sparsity::WeightTensor& w = data.weights[static_cast<std::size_t>(layer.id)];
      slot(layer.name + ".weight", "|i1", {w.cout, layer.window.kh, layer.window.kw, w.group_inputs()},
           w.values.data());
      slot(layer.name + ".bias", "<i4", {w.cout}, w.bias.data());
      if (!w.multiplier.empty()) slot(layer.name + ".multiplier", "<i4", {w.cout}, w.multiplier.data());
    }
  }

  std::optional<Failure> read() {
    const auto arrays = sparsity::read_numpy(path_);
    if (!arrays) return arrays.failure();
    Failure failure;
    for (const auto& [name, array] : *arrays) {
      if (is_scale(name)) continue;
      const auto it = slots_.find(name);
      if (it == slots_.end()) {
        const std::string near = nearest_name(name, names_);
        failure.problems.push_back(
            {path_, name, "there is no such array in the network",
             near.empty()
                 ? "input, <layer>.weight, <layer>.bias, or <layer>.multiplier of a layer with a multiplier per channel"
                 : "did you mean '" + near + "'?"});
      } else if (array.dtype != it->second.dtype || array.shape != it->second.shape) {
        failure.problems.push_back({path_, name,
                                    fmt::format("is '{}' {}", array.dtype, sparsity::shape_text(array.shape)),
                                    fmt::format("'{}' {}", it->second.dtype, sparsity::shape_text(it->second.shape))});
      } else {
        std::memcpy(it->second.target, array.bytes.data(), array.bytes.size());
      }
    }
    if (failure.problems.empty()) return std::nullopt;
    return failure;
  }

 private:
  // What int8 numbers stand for, which `tessera import --weights` writes beside them.
  bool is_scale(const std::string& name) const {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos) return false;
    const std::string what = name.substr(dot + 1), owner = name.substr(0, dot);
    return (what == "scale" && layers_.count(owner) != 0) ||
           (what == "weight_scale" && slots_.count(owner + ".weight") != 0);
  }

  struct Slot {
    std::string dtype;
    std::vector<std::int64_t> shape;
    void* target;
  };
  void slot(const std::string& name, const char* dtype, std::vector<std::int64_t> shape, void* target) {
    slots_[name] = {dtype, std::move(shape), target};
    names_.push_back(name);
  }

  std::string path_;
  std::map<std::string, Slot> slots_;
  std::vector<std::string> names_;
  std::set<std::string> layers_;
};

// Blocks of a mask by what the weights in them are.
struct BlockUse {
  int zero = 0, zero_with_weights = 0, present_with_weights = 0;
};

BlockUse use_of(const sparsity::WeightTensor& w, const sparsity::BlockMask& mask) {
  std::vector<char> filled(mask.bits.size(), 0);
  for (int oc = 0; oc < w.cout; ++oc)
    for (int t = 0; t < w.taps; ++t)
      for (int ic = 0; ic < w.cin; ++ic)
        if (w.values[(static_cast<std::size_t>(oc) * w.taps + t) * w.cin + ic] != 0)
          filled[static_cast<std::size_t>(oc / mask.bc) * mask.cols() + ic / mask.bi] = 1;
  BlockUse use;
  for (std::size_t i = 0; i < filled.size(); ++i) {
    use.zero += mask.bits[i] == 0 ? 1 : 0;
    if (filled[i] != 0) ++(mask.bits[i] == 0 ? use.zero_with_weights : use.present_with_weights);
  }
  return use;
}

// Masks of a file leave out blocks whose weights are zero, and no others.
void check_masks(const std::string& path, const network::Network& network,
                 const std::vector<std::optional<sparsity::BlockMask>>& masks, const NetworkData& data,
                 Failure& failure) {
  sparsity::MistakesByKind mistakes;
  for (const network::Layer& layer : network.layers) {
    if (!masks[layer.id] || layer.repeats >= 0) continue;
    const BlockUse use = use_of(data.weights[static_cast<std::size_t>(layer.id)], *masks[layer.id]);
    if (use.zero_with_weights == 0) continue;
    const bool inverted = use.present_with_weights == 0;
    mistakes.add(
        inverted ? "masks seem to be inverted" : "layers have weights in blocks that their mask says are zero",
        {path, layer.name + ".weight",
         inverted ? fmt::format("the mask seems to be inverted: {} of its {} zero blocks have weights, and no block "
                                "that it says is present",
                                use.zero_with_weights, use.zero)
                  : fmt::format("has weights in {} of the {} blocks that the mask says are zero", use.zero_with_weights,
                                use.zero),
         "a mask with 1 for a block that is present and 0 for one whose weights are all zero"});
  }
  for (Problem& problem : mistakes.problems()) failure.problems.push_back(std::move(problem));
}

void check_multipliers(const std::string& path, const network::Network& network, const NetworkData& data,
                       Failure& failure) {
  for (const network::Layer& layer : network.layers) {
    const std::vector<std::int32_t>& m = data.weights[static_cast<std::size_t>(layer.id)].multiplier;
    const auto wrong = std::find_if(m.begin(), m.end(), [](std::int32_t v) { return v < 0; });
    if (wrong != m.end())
      failure.problems.push_back({path, layer.name + ".multiplier",
                                  fmt::format("is {} for output channel {}", *wrong, wrong - m.begin()), "0 or more"});
  }
}

// The accumulator is int32: what could leave it has no defined result.
void check_accumulators(const std::string& path, const network::Network& network, const NetworkData& data,
                        Failure& failure) {
  for (const network::Layer& layer : network.layers) {
    const sparsity::WeightTensor& w = data.weights[static_cast<std::size_t>(layer.id)];
    if (w.bias.empty()) continue;
    const std::size_t fan_in = static_cast<std::size_t>(w.taps) * static_cast<std::size_t>(w.group_inputs());
    for (std::size_t oc = 0; oc < w.bias.size(); ++oc) {
      std::int64_t worst = std::abs(std::int64_t{w.bias[oc]});
      for (std::size_t i = 0; i < fan_in; ++i) worst += 128 * std::abs(int{w.values[oc * fan_in + i]});
      if (worst <= std::numeric_limits<std::int32_t>::max()) continue;
      failure.problems.push_back({path, layer.name, fmt::format("output channel {} can overflow int32", oc),
                                  "|bias| + 128 x sum of |weights| below 2^31"});
      break;
    }
  }
}

}  // namespace

const Tensor& NetworkData::source(const network::Layer& layer) const {
  const bool first = layer.op == network::Op::input && layer.repeats < 0;
  return first ? input : constants[static_cast<std::size_t>(layer.id)];
}

NetworkData make_data(const network::Network& network, const std::vector<std::optional<sparsity::BlockMask>>& masks,
                      std::uint64_t seed) {
  NetworkData data;
  data.input.shape = network.layers[0].out;
  data.input.values.resize(static_cast<std::size_t>(data.input.shape.elements()));
  Random random(derive_seed(seed, fnv1a("input")));
  fill_uniform(data.input.values, -128, 127, random);
  data.weights.resize(network.layers.size());
  data.constants.resize(network.layers.size());
  for (const network::Layer& layer : network.layers)
    if (layer.op == network::Op::constant || further_image(layer)) {
      Tensor& constant = data.constants[static_cast<std::size_t>(layer.id)];
      constant.shape = layer.out;
      constant.values.resize(static_cast<std::size_t>(layer.out.elements()));
      Random values(derive_seed(seed, fnv1a(layer.name)));
      if (further_image(layer))
        fill_uniform(constant.values, -128, 127, values);
      else
        fill_uniform(constant.values, -64, 64, values);
      if (layer.op == network::Op::constant) repeat_constant(layer, constant);
    } else if (ops::has_weights(layer) && layer.repeats < 0)
      data.weights[layer.id] = make_weights(layer, masks[layer.id], seed);
  return data;
}

Expected<NetworkData> load_data(const std::string& path, const network::Network& network,
                                const std::vector<std::optional<sparsity::BlockMask>>& masks, MasksFrom from,
                                std::uint64_t seed) {
  NetworkData data = make_data(network, masks, seed);
  if (std::optional<Failure> failure = DataFile(path, network, data).read()) return *failure;
  for (const network::Layer& layer : network.layers)
    if (layer.op == network::Op::constant) repeat_constant(layer, data.constants[static_cast<std::size_t>(layer.id)]);
  Failure failure;
  check_accumulators(path, network, data, failure);
  check_multipliers(path, network, data, failure);
  if (from == MasksFrom::file) check_masks(path, network, masks, data, failure);
  if (!failure.problems.empty()) return failure;
  for (const network::Layer& layer : network.layers)
    if (masks[layer.id] && layer.repeats < 0) clear_zero_blocks(data.weights[layer.id], *masks[layer.id]);
  return data;
}

}  // namespace tessera::reference

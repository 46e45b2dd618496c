// What mappings of single layers take, by simulation. All of them are computed one after the other in one program, each
// behind a convolution of few multiply-accumulates that makes its input: as in a network, weights are fetched while
// that one computes, and the layer begins as rows of its input arrive.
#include <algorithm>

#include "sim/cost/tuned.h"
#include "sim/network/network.h"
#include "sim/schedule/network_pass.h"
#include "sim/schedule/placement.h"
#include "sim/sparsity/layer_mask.h"

namespace tessera::schedule {
namespace {

using network::Layer;
using network::LayerId;

// One alternative, and the layers of the program that stand for it; -1: none.
struct LayerTrial {
  const OpenChoice* choice = nullptr;
  const OpenChoice::Alternative* alternative = nullptr;
  LayerId seed = -1, maker = -1, operand = -1, kernel = -1, fused = -1;
  LayerId target() const { return fused < 0 ? kernel : fused; }
};

sparsity::BlockMask block_mask(const sparsity::KernelMask& mask, const Layer& layer) {
  sparsity::BlockMask m = sparsity::BlockMask::all_ones(layer.out.c, layer.in.c);
  m.bits = mask.bits;
  return m;
}

// The layers of the program.
class TrialNetwork {
 public:
  TrialNetwork(const Inputs& in, std::vector<LayerTrial>& trials) : in_(in) {
    network.name = "trials";
    for (LayerTrial& t : trials) add(t);
  }

  network::Network network;
  std::vector<std::optional<sparsity::BlockMask>> masks;

 private:
  LayerId append(Layer layer, std::vector<LayerId> inputs) {
    layer.id = static_cast<LayerId>(network.layers.size());
    layer.inputs = std::move(inputs);
    layer.repeats = -1;
    network.layers.push_back(std::move(layer));
    masks.emplace_back();
    return network.layers.back().id;
  }
  LayerId append_source(const network::Shape& shape) {
    Layer source;
    source.name = "given";
    source.out = shape;
    return append(std::move(source), {});
  }

  void add(LayerTrial& t) {
    const Layer& kernel = in_.layer(t.choice->kernel);
    t.seed = append_source({kernel.in.h, kernel.in.w, sparsity::kernel_block});
    Layer maker;
    maker.name = "maker";
    maker.op = network::Op::conv2d;
    maker.in = network.layers.back().out;
    maker.out = kernel.in;
    t.maker = append(std::move(maker), {t.seed});
    if (operator_of(kernel).inputs == 2) t.operand = append_source(kernel.second);
    const Layer* fused = t.choice->fused < 0 ? nullptr : &in_.layer(t.choice->fused);
    const bool sum = fused != nullptr && operator_of(*fused).inputs == 2;
    if (sum) t.operand = append_source(fused->out);
    std::vector<LayerId> inputs{t.maker};
    if (t.operand >= 0 && !sum) inputs.push_back(t.operand);
    t.kernel = append(kernel, std::move(inputs));
    if (ops::is_maskable(kernel)) masks.back() = block_mask(t.choice->mask, kernel);
    if (fused == nullptr) return;
    t.fused = append(*fused, sum ? std::vector<LayerId>{t.kernel, t.operand} : std::vector<LayerId>{t.kernel});
  }

  const Inputs& in_;
};

// The mapping of the program.
class TrialMapping {
 public:
  TrialMapping(const Inputs& in, const std::vector<LayerTrial>& trials)
      : in_(in), makers_(in), draft_(empty_draft(in)) {
    alias_parts(in_, draft_);
    draft_.mapping.channel_order.resize(in_.network.layers.size());
    for (const LayerTrial& t : trials)
      if (complete_ && !add(t)) complete_ = false;
  }
  // Nothing where a tensor finds no room.
  std::optional<mapping::Mapping> result() {
    if (!complete_) return std::nullopt;
    return std::move(draft_.mapping);
  }

 private:
  bool place(LayerId tensor, mapping::Axis axis, bool in_ddr) {
    draft_.axis[tensor] = axis;
    if (!in_ddr) return place_rows(in_, draft_, tensor, {0, in_.layer(tensor).out.h}, 0);
    place_in_ddr(draft_, tensor);
    return true;
  }

  std::optional<Choice> maker_choice(const LayerTrial& t) {
    const Layer& maker = in_.layer(t.maker);
    mapping::LayerWeights weights(maker, sparsity::layer_mask(maker, std::nullopt), cost::tuned.paced_windows);
    LayerCase c;
    c.layer = c.kernel = &maker;
    c.weights = &weights;
    c.in_ddr.output = t.choice->in_ddr.input;
    c.input_axis = c.operand_axis = c.output_axis = t.choice->input_axis;
    c.staging = free_staging(in_, draft_.memory);
    Demand unused;
    std::vector<Candidate> candidates;
    return makers_.weigh(c, {0, maker.out.h}, unused, candidates);
  }

  bool add(const LayerTrial& t) {
    const OpenChoice& q = *t.choice;
    if (!place(t.seed, q.input_axis, false) || !place(t.maker, q.input_axis, q.in_ddr.input)) return false;
    const auto maker = maker_choice(t);
    if (!maker) return false;
    add_steps(draft_, {t.maker, -1, {}, -1, {0, in_.layer(t.maker).out.h}, {}}, *maker);
    release_rows(draft_, t.seed, mapping::Release::all);
    if (t.operand >= 0 && !place(t.operand, q.operand_axis, q.in_ddr.operand)) return false;
    if (!place(t.target(), q.output_axis, q.in_ddr.output)) return false;
    const Layer& target = in_.layer(t.target());
    add_steps(draft_, {t.kernel, -1, {}, t.fused, {0, target.out.h}, {}}, t.alternative->choice);
    for (const LayerId tensor : {t.maker, t.operand, t.target()})
      if (tensor >= 0) release_rows(draft_, tensor, mapping::Release::all);
    return true;
  }

  const Inputs& in_;
  Search makers_;
  Draft draft_;
  bool complete_ = true;
};

// Writes the time of every trial to `cycles`; where a program cannot be made of all, of halves of them.
void run_trials(const Inputs& in, std::vector<LayerTrial> trials, std::vector<std::optional<double>*> cycles) {
  const TrialNetwork made(in, trials);
  const Inputs inside{made.network, in.array, in.latency_model, in.spec, in.policy, nullptr, {}};
  const auto mapping = TrialMapping(inside, trials).result();
  const auto times = mapping ? in.trials->layer_times(made.network, made.masks, *mapping) : std::nullopt;
  if (times) {
    const std::vector<double>& ends = times->ends;
    for (std::size_t k = 0; k < trials.size(); ++k)
      *cycles[k] = std::max(ends[trials[k].kernel], ends[trials[k].target()]) - ends[trials[k].maker];
    return;
  }
  if (trials.size() < 2) return;
  const auto half = static_cast<std::ptrdiff_t>(trials.size() / 2);
  run_trials(in, {trials.begin(), trials.begin() + half}, {cycles.begin(), cycles.begin() + half});
  run_trials(in, {trials.begin() + half, trials.end()}, {cycles.begin() + half, cycles.end()});
}

}  // namespace

std::vector<std::vector<std::optional<double>>> time_alternatives(const Inputs& in,
                                                                  const std::vector<OpenChoice>& choices,
                                                                  std::size_t most) {
  constexpr std::size_t at_once = 64;  // trials in one program
  std::vector<std::vector<std::optional<double>>> times;
  for (const OpenChoice& q : choices) times.emplace_back(std::min(most, q.alternatives.size()));
  std::vector<LayerTrial> trials;
  std::vector<std::optional<double>*> cycles;
  const auto flush = [&] {
    if (!trials.empty()) run_trials(in, std::move(trials), std::move(cycles));
    trials.clear();
    cycles.clear();
  };
  for (std::size_t i = 0; i < choices.size(); ++i)
    for (std::size_t k = 0; k < times[i].size(); ++k) {
      LayerTrial t;
      t.choice = &choices[i];
      t.alternative = &choices[i].alternatives[k];
      trials.push_back(t);
      cycles.push_back(&times[i][k]);
      if (trials.size() == at_once) flush();
    }
  flush();
  return times;
}

}  // namespace tessera::schedule

#include "sim/run/functional.h"

#include <fmt/format.h>

#include "sim/run/channel_order.h"

namespace tessera::run {
namespace {

class Checker {
 public:
  Checker(const program::Program& program, const program::EngineMap& engines, const exec::SimResult& result,
          const std::vector<reference::Tensor>& reference)
      : program_(program),
        engines_(engines),
        reference_(reference),
        captured_(program.layers.size(), nullptr),
        fused_(program.layers.size(), false) {
    for (const exec::CapturedTensor& tensor : result.captured)
      if (tensor.tensor >= 0 && static_cast<std::size_t>(tensor.tensor) < captured_.size())
        captured_[static_cast<std::size_t>(tensor.tensor)] = &tensor;
    find_fused();
    for (const exec::FunctionalError& error : result.errors) report_.errors.push_back(error.text);
  }

  FunctionalReport check() {
    for (const program::ProgramLayer& l : program_.layers) {
      const network::Layer& layer = l.layer;
      if (ops::is_source(layer)) continue;
      ++report_.layers_checked;
      if (layer.op == network::Op::concat)
        check_concat(layer);
      else if (const exec::CapturedTensor* tensor = captured_of(layer.id))
        check_channels(layer, *tensor, 0, network::stored_channels(layer.out.c), false);
      else if (!fused_[static_cast<std::size_t>(layer.id)])
        mismatch(fmt::format("layer {}: nothing of its {} elements arrived", layer.name, layer.out.elements()));
    }
    return std::move(report_);
  }

 private:
  // A convolution without a placement is computed together with the one layer that reads it, and shows in that one's
  // output.
  void find_fused() {
    std::vector<bool> computed(program_.layers.size(), false), homed(program_.layers.size(), false);
    for (const program::KernelCall& call : program_.calls)
      if (call.kind == program::KernelKind::conv) computed[static_cast<std::size_t>(call.layer)] = true;
    for (const program::TensorPiece& piece : program_.pieces) homed[static_cast<std::size_t>(piece.tensor)] = true;
    std::vector<int> readers(program_.layers.size(), 0);
    for (const program::ProgramLayer& l : program_.layers)
      for (network::LayerId from : l.layer.inputs) ++readers[static_cast<std::size_t>(from)];
    for (const program::ProgramLayer& l : program_.layers) {
      const network::Layer& reader = l.layer;
      if (ops::has_blocks(reader) || !ops::is_computed(reader) || captured_of(reader.id) == nullptr) continue;
      for (network::LayerId from : reader.inputs) {
        const auto conv = static_cast<std::size_t>(from);
        if (computed[conv] && !homed[conv] && readers[conv] == 1) fused_[conv] = true;
      }
    }
  }

  const exec::CapturedTensor* captured_of(network::LayerId id) const { return captured_[static_cast<std::size_t>(id)]; }

  void mismatch(std::string text) {
    ++report_.mismatches;
    if (report_.first.size() < max_shown) report_.first.push_back(std::move(text));
  }

  // A part of a concat is either produced in place, and checked as its own tensor, or copied there.
  void check_concat(const network::Layer& layer) {
    const exec::CapturedTensor* copied = captured_of(layer.id);
    int c0 = 0;
    for (network::LayerId id : layer.inputs) {
      const network::Layer& part = program_.layers[static_cast<std::size_t>(id)].layer;
      const int c1 = c0 + network::stored_channels(part.out.c);
      if (copied != nullptr && copied->writes[static_cast<std::size_t>(c0)] != 0)
        check_channels(layer, *copied, c0, c1, false);
      else if (!stands_in(part, layer, c0))
        mismatch(fmt::format("layer {}: its part {} is neither produced in place nor copied", layer.name, part.name));
      else if (copied != nullptr)
        check_channels(layer, *copied, c0, c1, true);
      c0 = c1;
    }
  }

  // Every place of `part` is the place of the same pixels of `whole`, `c0` channels further.
  bool stands_in(const network::Layer& part, const network::Layer& whole, int c0) const {
    std::int64_t pixels = 0;
    for (const program::TensorPiece& p : program_.pieces) {
      if (p.tensor != part.id) continue;
      bool found = false;
      for (const program::TensorPiece& w : program_.pieces)
        found = found || (w.tensor == whole.id && w.in_ddr == p.in_ddr && w.memory == p.memory &&
                          w.region.h0 == p.region.h0 && w.region.h1 == p.region.h1 && w.region.w0 == p.region.w0 &&
                          w.region.w1 == p.region.w1 && w.access.base + c0 == p.access.base);
      if (!found) return false;
      pixels += std::int64_t{p.region.h1 - p.region.h0} * (p.region.w1 - p.region.w0);
    }
    return pixels >= std::int64_t{part.out.h} * part.out.w;
  }

  // Stored channels [c0, c1) of a tensor: written once with the right value, or (`untouched`) not at all.
  void check_channels(const network::Layer& layer, const exec::CapturedTensor& tensor, int c0, int c1, bool untouched) {
    const reference::Tensor& expected = reference_[static_cast<std::size_t>(layer.id)];
    const std::vector<int> order = stored_block_order(program_, layer.id);
    const int stored = network::stored_channels(layer.out.c);
    const std::size_t pixels = static_cast<std::size_t>(layer.out.h) * layer.out.w;
    if (tensor.values.size() != pixels * stored)
      return mismatch(fmt::format("layer {}: {} elements arrived instead of {}", layer.name, tensor.values.size(),
                                  pixels * stored));
    for (std::size_t pixel = 0; pixel < pixels; ++pixel)
      for (int c = c0; c < c1; ++c) {
        const std::size_t at = pixel * stored + c;
        const int channel = logical_channel(order, c);
        const int want = channel < layer.out.c ? expected.values[pixel * layer.out.c + channel] : 0;
        const int writes = tensor.writes[at];
        if (!untouched && channel < layer.out.c) ++report_.elements_checked;
        if (writes == (untouched ? 0 : 1) && (untouched || tensor.values[at] == want)) continue;
        const std::string element =
            fmt::format("layer {} element [{}, {}, {}]", layer.name, pixel / layer.out.w, pixel % layer.out.w, channel);
        if (writes == 0)
          mismatch(fmt::format("{}: expected {}, never written", element, want));
        else if (writes != 1 || untouched)
          mismatch(fmt::format("{}: written {} times, last by {}", element, writes, writer(tensor, at)));
        else
          mismatch(fmt::format("{}: expected {}, got {}, written by {}", element, want, tensor.values[at],
                               writer(tensor, at)));
      }
  }

  std::string writer(const exec::CapturedTensor& tensor, std::size_t at) const {
    const program::EngineId e = tensor.writer[at];
    return e >= 0 && e < engines_.count() ? engines_.name(e) : "nobody";
  }

  const program::Program& program_;
  const program::EngineMap& engines_;
  const std::vector<reference::Tensor>& reference_;
  std::vector<const exec::CapturedTensor*> captured_;
  std::vector<bool> fused_;
  FunctionalReport report_;
};

}  // namespace

FunctionalReport check_functional(const program::Program& program, const program::EngineMap& engines,
                                  const exec::SimResult& result, const std::vector<reference::Tensor>& reference) {
  return Checker(program, engines, result, reference).check();
}

}  // namespace tessera::run

// A kernel library as named coefficients, read from a file such as configs/hardware/kernels/<name>.json (those are
// written by results/validation/fit_kernels.py, which documents rows, residuals and range of each).
//   gemm   cycles = prologue + ceil(m/bm) ceil(n/bn) (per_block + inner ceil(k/bk)): output blocks of bm x bn, each
//   loaded,
//          accumulated over k in the innermost loop and stored
//   conv   the same loop nest on 8 pixels x 8 channels: prologue + pixel groups x (sum over output rows of (accumulator
//          traffic + tap x taps) + inner x present blocks x taps). A missing block costs nothing.
// Left out: bank placement of the buffers (a source of +-5 % between otherwise equal calls), program loading.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/cost/latency_model.h"

namespace tessera::cost {

struct GemmCoefficients {
  int bm = 8, bn = 8, bk = 8;
  double prologue = 0, per_block = 0, inner = 0;  // cycles
  std::string range;    // of the fitted shapes, "m 32..64 k 32..128 n 32..64"; empty: not stated
  bool fitted = false;  // to measured kernels: residual_pct names their rows
  Bytes code = 0;       // bytes of its code; 0: not stated, as below
  double cycles(int m, int k, int n) const;
  bool fitted_to(int m, int k, int n) const;  // in the range and whole blocks
};

struct ConvCoefficients {
  int row_pixels = 4;          // pixels of a row are worked in groups of this many
  double prologue = 0;         // per call
  double load = 0, store = 0;  // per 8 pixels x 8 channels: partial sums from and to memory
  double finish = 0;           // instead of `store` in the last call: requantize and write int8
  double residual = 0;         // per 8 x 8 outputs of a fused addition
  double tap = 0;              // per 8 x 8 outputs and tap, outside of the innermost loop
  double inner = 0;            // per 8 pixels, present 8x8 block and tap
  // The kernel computes a product of windows that the DMA lays side by side. What that does to the streams is not
  // modelled: only windows that it leaves as they are can be computed.
  bool im2col = false;
  Bytes code = 0;
  // Of the fitted shapes: as of a product of `m` pixels, `k` input channels times taps and `n` output channels,
  // "64 -> 256 channels, 32 pixels per row", or other words, which no call lies within.
  std::string range;
  bool fitted = false;
};

struct ElementwiseCoefficients {
  double prologue = 0;
  double per_cycle = 32;          // elements of add and copy
  double pool_per_cycle = 64;     // elements x taps of pooling
  Bytes code = 0, pool_code = 0;  // of each kernel
};

// cycles = prologue + operations / per_cycle, operations as ops::work counts them. Of a lookup behind a convolution the
// prologue is the convolution's.
struct OperatorCoefficients {
  double prologue = 0, per_cycle = 32;
  Bytes code = 0;
};

// The windows that an entry of conv_by_window is for. Without a height: all of them. `strided`: only where pixels side
// by side in the output are not so in the input.
struct WindowKind {
  int height = 0, width = 0;
  bool strided = false;
  std::string name() const;  // as in the file: "3x3", "3x3 strided" or "strided"
  bool operator<(const WindowKind& o) const {
    return std::tie(height, width, strided) < std::tie(o.height, o.width, o.strided);
  }
};

class FittedModel : public LatencyModel {
 public:
  std::string name;
  std::string coefficients;  // as JSON text, without names and sources
  std::map<std::pair<network::ElementType, network::ElementType>, GemmCoefficients>
      gemm;  // by types of factors and product
  std::optional<ConvCoefficients> conv;
  std::map<WindowKind, ConvCoefficients> conv_by_window;  // other kernels for some windows
  std::optional<ElementwiseCoefficients> elementwise;
  int store_bytes = 32;  // that clearing a tile of C writes per cycle
  std::map<program::KernelKind, OperatorCoefficients> operators;

  Millicycles duration(const program::KernelCall& call, const network::Layer& layer,
                       const sparsity::ChunkSize* size) const override;
  bool covers(program::KernelKind kind, const network::Layer& layer) const override;
  std::string coverage() const override;
  Grounds grounds(const program::KernelCall& call, const network::Layer& layer) const override;
  std::optional<program::KernelCode> code(const program::KernelCall& call, const network::Layer& layer) const override;
  std::string fingerprint() const override { return coefficients; }
  // Of the kernel for a window: its own strided one, the strided one of all windows, its own, that of all others.
  const ConvCoefficients& conv_for(const network::Window& window) const;

 private:
  using WindowKernel = std::pair<const WindowKind, ConvCoefficients>;
  const WindowKernel* window_kernel(const network::Window& window) const;  // null: that of all others
  double lookup_cycles(const program::KernelCall& call, const network::Layer& layer) const;
};

// The keys that a library file may have: at its top, of an entry of gemm, of conv and of elementwise.
struct LibraryKeys {
  std::vector<std::string> top, gemm, conv, elementwise;
};
const LibraryKeys& kernel_library_keys();

// Reads a library and adds it to the registry under its name, which must be none of `taken` and not that of another
// library.
Expected<const FittedModel*> load_kernel_library(const std::string& file, const std::vector<std::string>& taken = {});

// Reads `directory`/<name>.json unless a latency model of that name is registered already.
Expected<const LatencyModel*> find_or_load_latency_model(const std::string& name, const std::string& directory);

}  // namespace tessera::cost

#include "tests/property/layer_corpus.h"

#include "sim/base/random.h"

namespace tessera {
namespace {
using nlohmann::json;

class Corpus {
 public:
  explicit Corpus(int number) : random_(derive_seed(static_cast<std::uint64_t>(number), 71)) {}

  json config() {
    const json network = pick(20) < 9   ? convolution()
                         : pick(11) < 7 ? product()
                         : pick(2) == 0 ? depthwise()
                                        : scores();
    return {{"network", network}, {"hardware", hardware()}, {"sparsity", sparsity()}};
  }

 private:
  int pick(int n) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(n))); }
  int one_of(std::initializer_list<int> values) { return values.begin()[pick(static_cast<int>(values.size()))]; }
  static json network_of(const json& input, const json& layer) {
    return {{"name", "corpus"}, {"input", input}, {"layers", {layer}}};
  }

  json convolution() {
    const int kernel = one_of({1, 1, 1, 3, 3, 5, 7}), stride = one_of({1, 1, 1, 2});
    const int side = one_of({7, 8, 13, 14, 17, 28, 35, 56});
    const int most = side > 30 ? 128 : 512;
    const int in = kernel == 7 ? one_of({3, 8, 16}) : std::min(most, one_of({16, 32, 48, 64, 128, 192, 256, 384, 512}));
    const int out = std::min(most, one_of({16, 32, 64, 96, 128, 192, 256, 512}));
    return network_of({side, side, in}, {{"name", "l"},
                                         {"op", "conv2d"},
                                         {"channels", out},
                                         {"kernel", kernel},
                                         {"stride", stride},
                                         {"padding", kernel / 2},
                                         {"relu", true}});
  }
  json depthwise() {
    const int side = one_of({7, 14, 28, 56}), kernel = one_of({3, 3, 5}), stride = one_of({1, 1, 2});
    return network_of(
        {side, side, one_of({32, 96, 144, 384, 576})},
        {{"name", "l"}, {"op", "depthwise"}, {"kernel", kernel}, {"stride", stride}, {"padding", kernel / 2}});
  }
  json product() {
    const int m = one_of({1, 16, 64, 128, 197, 256, 384, 512});
    const int most = m > 200 ? 1536 : 4096;
    const int k = std::min(most, one_of({128, 192, 256, 512, 768, 1024, 2048, 3072, 4096}));
    const int n = std::min(most, one_of({64, 128, 192, 384, 512, 768, 1000, 1024, 2304, 3072, 4096}));
    return {{"name", "corpus"}, {"layers", {{{"name", "l"}, {"op", "gemm"}, {"m", m}, {"n", n}, {"k", k}}}}};
  }
  // What every head of an attention layer computes of queries and keys.
  json scores() {
    const int heads = one_of({3, 6, 12}), depth = one_of({32, 64}), rows = one_of({49, 64, 128, 197});
    return network_of({rows, 1, heads * depth}, {{"name", "l"},
                                                 {"op", "matmul"},
                                                 {"inputs", {"input", "input"}},
                                                 {"by_rows", true},
                                                 {"heads", heads},
                                                 {"depth", depth}});
  }

  json hardware() {
    const char* files[] = {"aie2", "aie2", "xdna1_1800mhz", "xdna1_1000mhz", "xdna2", "ve2802"};
    const std::string file = files[pick(6)];
    json machine = {{"extends", "../hardware/" + file + ".json"}};
    if (file == "ve2802") return machine.update({{"rows", 8}, {"cols", 8}}), machine;
    const int rows = file == "aie2" ? one_of({1, 2, 3, 4, 6, 8}) : one_of({1, 2, 4});
    const int cols = file == "aie2" || file == "xdna2" ? one_of({1, 2, 4, 5, 8}) : one_of({1, 2, 4});
    machine["rows"] = rows;
    machine["cols"] = cols;
    return machine;
  }

  json sparsity() {
    return {{"ratio", pick(10) / 10.0}, {"pattern", pick(2) == 0 ? "random" : "balanced"}, {"first_dense", false}};
  }

  Random random_;
};

}  // namespace

json corpus_layer(int number) { return Corpus(number).config(); }

}  // namespace tessera

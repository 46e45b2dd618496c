#include "tests/property/random_layers.h"

#include <algorithm>
#include <string>
#include <vector>

#include "sim/base/random.h"
#include "sim/network/shapes.h"

namespace tessera {
namespace {
using nlohmann::json;

struct Made {
  std::string name;
  int h, w, c;
  bool alike(const Made& o) const { return h == o.h && w == o.w; }
};

class LayerMaker {
 public:
  explicit LayerMaker(std::uint64_t seed) : random_(derive_seed(seed, 31)) {}

  json make(int most_layers) {
    made_.push_back({"input", 1 + pick(48), 1 + pick(48), channels()});
    const Made input = made_[0];
    const int count = 1 + pick(most_layers);
    for (int i = 0; i < count; ++i) add(made_[static_cast<std::size_t>(std::max(pick(i + 1), pick(i + 1)))]);
    return {{"name", "random"}, {"input", {input.h, input.w, input.c}}, {"layers", layers_}};
  }

 private:
  int pick(int n) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(n))); }
  int channels() { return pick(2) == 0 ? 1 + pick(80) : 8 * (1 + pick(24)); }

  void put(json layer, int h, int w, int c) {
    layer["name"] = "l" + std::to_string(layers_.size());
    made_.push_back({layer["name"], h, w, c});
    layers_.push_back(std::move(layer));
  }

  void add(const Made& in) {
    const int kind = pick(12);
    const bool sums = std::int64_t{in.h} * in.w * in.c <= network::max_fan_in;
    if (kind == 0 && sums) {
      const int c = channels();
      return put({{"op", "gemm"}, {"inputs", in.name}, {"channels", c}}, 1, 1, c);
    }
    if (kind == 1)
      return put({{"op", pick(2) ? "avgpool" : "maxpool"}, {"inputs", in.name}, {"global", true}}, 1, 1, in.c);
    if (kind <= 3) {
      for (const Made& other : made_)
        if (kind == 2 ? other.alike(in) && other.c == in.c && other.name != in.name : other.alike(in) && in.c % 8 == 0)
          return put({{"op", kind == 2 ? "add" : "concat"}, {"inputs", {in.name, other.name}}}, in.h, in.w,
                     kind == 2 ? in.c : in.c + other.c);
    }
    window(in, kind < 9 ? "conv2d" : kind == 9 ? "avgpool" : "maxpool");
  }

  void window(const Made& in, const std::string& op) {
    const bool square = pick(2) == 0;
    const Side h = side(in.h, 1 + pick(7), 1 + pick(8)),
               w = square ? side(in.w, h.kernel, h.stride) : side(in.w, 1 + pick(7), 1 + pick(8));
    json layer = {{"op", op},
                  {"inputs", in.name},
                  {"kernel", {h.kernel, w.kernel}},
                  {"stride", {h.stride, w.stride}},
                  {"padding", {h.before, w.before, h.after, w.after}}};
    const int c = op == "conv2d" ? channels() : in.c;
    if (op == "conv2d") layer["channels"] = c;
    put(std::move(layer), h.out, w.out, c);
  }

  struct Side {
    int kernel, stride, before, after, out;
  };
  Side side(int size, int kernel, int stride) {
    Side s{kernel, stride, pick(kernel), pick(kernel), 0};
    s.kernel = std::min(s.kernel, size + s.before + s.after);
    s.before = std::min(s.before, s.kernel - 1);
    s.after = std::min(s.after, s.kernel - 1);
    s.kernel = std::min(s.kernel, size + s.before + s.after);
    s.out = (size + s.before + s.after - s.kernel) / s.stride + 1;
    return s;
  }

  Random random_;
  std::vector<Made> made_;
  json layers_ = json::array();
};

}  // namespace

json random_layers(std::uint64_t seed, int most_layers) { return LayerMaker(seed).make(most_layers); }

}  // namespace tessera

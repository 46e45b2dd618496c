#include "tests/property/random_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/base/random.h"
#include "sim/network/network_file.h"

namespace tessera {
namespace {

struct Made {
  std::string name;
  int h, w, c;
};

class NetworkMaker {
 public:
  explicit NetworkMaker(std::uint64_t seed) : random_(derive_seed(seed, 77)), seed_(seed) {}

  std::string make() {
    const bool gemm = pick(8) == 0;
    made_.push_back({"input", gemm ? 1 + pick(40) : 1 + pick(19), gemm ? 1 : 1 + pick(19), channels()});
    const Made input = made_[0];
    const int layers = 1 + pick(7);
    for (int i = 0; i < layers; ++i) {
      const int kind = pick(10);
      if (kind < 5) {
        conv(any());
      } else if (kind == 5) {
        pool(any(), flip() ? "maxpool" : "avgpool");
      } else if (kind < 8) {
        add();
      } else {
        concat();
      }
    }
    if (pick(4) == 0) {
      const Made& last = made_.back();
      put({"fc", 1, 1, 0}, fmt::format(R"("op": "gemm", "inputs": "{}", "channels": {})", last.name, 1 + pick(40)));
    }
    return fmt::format(R"({{"name": "random{}", "input": [{}, {}, {}], "layers": [{}]}})", seed_, input.h, input.w,
                       input.c, text_);
  }

 private:
  int pick(int n) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(n))); }
  bool flip() { return pick(2) == 1; }
  int channels() { return flip() ? 1 + pick(70) : 8 * (1 + pick(9)); }
  // Later tensors more often: chains with a few branches.
  Made any() {
    const int n = static_cast<int>(made_.size());
    return made_[std::max(pick(n), pick(n))];
  }
  void put(Made m, const std::string& body) {
    text_ += fmt::format(R"({}{{"name": "{}", {}}})", text_.empty() ? "" : ", ", m.name, body);
    made_.push_back(std::move(m));
  }
  std::string next_name(const char* kind) { return fmt::format("{}{}", kind, made_.size()); }

  struct Side {
    int kernel, stride, before, after, out;
  };
  Side side(int size, bool unit) {
    Side s{1, 1, 0, 0, size};
    if (!unit) {
      const int kernels[] = {1, 2, 3, 3, 5, 7};
      s.kernel = kernels[pick(6)];
      s.before = pick(3) == 0 ? pick(s.kernel) : (s.kernel - 1) / 2;
      s.after = pick(3) == 0 ? pick(s.kernel) : s.kernel / 2;
    }
    s.stride = pick(3) == 0 ? 2 : 1;
    while (size + s.before + s.after < s.kernel) --s.kernel;
    s.before = std::min(s.before, s.kernel - 1);
    s.after = std::min(s.after, s.kernel - 1);
    if (size + s.before + s.after < s.kernel) s = {1, 1, 0, 0, size};
    s.out = (size + s.before + s.after - s.kernel) / s.stride + 1;
    return s;
  }

  void conv(const Made& in) {
    const bool point = pick(3) == 0;
    const Side h = side(in.h, point || pick(4) == 0), w = side(in.w, point || pick(4) == 0);
    const int c = channels();
    put({next_name("conv"), h.out, w.out, c},
        fmt::format(R"("op": "conv2d", "inputs": "{}", "channels": {}, "kernel": [{}, {}], "stride": [{}, {}], )"
                    R"("padding": [{}, {}, {}, {}], "relu": {})",
                    in.name, c, h.kernel, w.kernel, h.stride, w.stride, h.before, w.before, h.after, w.after, flip()));
  }

  void pool(const Made& in, const char* kind) {
    const Side h = side(in.h, false), w = side(in.w, false);
    put({next_name("pool"), h.out, w.out, in.c},
        fmt::format(
            R"("op": "{}", "inputs": "{}", "kernel": [{}, {}], "stride": [{}, {}], "padding": [{}, {}, {}, {}])", kind,
            in.name, h.kernel, w.kernel, h.stride, w.stride, h.before, w.before, h.after, w.after));
  }

  // With a tensor of the same shape, or with a 1x1 convolution of the tensor that brings it there.
  void add() {
    const Made a = any();
    std::vector<Made> partners;
    for (const Made& m : made_)
      if (m.name != a.name && m.h == a.h && m.w == a.w && m.c == a.c) partners.push_back(m);
    Made b;
    if (!partners.empty() && flip()) {
      b = partners[static_cast<std::size_t>(pick(static_cast<int>(partners.size())))];
    } else {
      b = {next_name("conv"), a.h, a.w, a.c};
      put(b, fmt::format(R"("op": "conv2d", "inputs": "{}", "channels": {}, "kernel": 1)", a.name, a.c));
    }
    const bool swapped = flip();
    put({next_name("add"), a.h, a.w, a.c}, fmt::format(R"("op": "add", "inputs": ["{}", "{}"], "relu": {})",
                                                       swapped ? b.name : a.name, swapped ? a.name : b.name, flip()));
  }

  // Of tensors of one height and width; all but the last have whole groups of 8 channels.
  void concat() {
    const Made a = any();
    std::vector<Made> whole, last;
    for (const Made& m : made_)
      if (m.h == a.h && m.w == a.w) (m.c % 8 == 0 ? whole : last).push_back(m);
    while (whole.size() < 2) {
      const Made m{next_name("conv"), a.h, a.w, 8 * (1 + pick(4))};
      put(m, fmt::format(R"("op": "conv2d", "inputs": "{}", "channels": {}, "kernel": 1, "relu": {})", a.name, m.c,
                         flip()));
      whole.push_back(m);
    }
    random_.shuffle(whole);
    whole.resize(std::min<std::size_t>(whole.size(), static_cast<std::size_t>(2 + pick(2))));
    if (!last.empty() && flip()) whole.push_back(last[static_cast<std::size_t>(pick(static_cast<int>(last.size())))]);
    Made m{next_name("concat"), a.h, a.w, 0};
    std::string inputs;
    for (const Made& part : whole) {
      m.c += part.c;
      inputs += fmt::format(R"({}"{}")", inputs.empty() ? "" : ", ", part.name);
    }
    put(m, fmt::format(R"("op": "concat", "inputs": [{}])", inputs));
  }

  Random random_;
  std::uint64_t seed_;
  std::vector<Made> made_;
  std::string text_;
};

}  // namespace

std::string random_network(std::uint64_t seed) { return NetworkMaker(seed).make(); }

std::string with_general_scales(const std::string& network, int seed) {
  Random random(derive_seed(static_cast<std::uint64_t>(seed), 78));
  const auto multiplier = [&] { return (1 << 29) + static_cast<int>(random.below(1U << 30)); };
  nlohmann::json json = nlohmann::json::parse(network);
  const network::Network plain = *network::parse_network(json, "random");
  for (std::size_t i = 0; i < json["layers"].size(); ++i) {
    nlohmann::json& layer = json["layers"][i];
    const int kind = static_cast<int>(random.below(4));
    if (kind == 0) continue;
    const network::Layer& made = plain.layers[i + 1];
    if (made.op == network::Op::conv2d) {
      layer["shift"] = made.shift + 30;
      layer["multiplier"] = kind == 1 ? nlohmann::json(multiplier()) : nlohmann::json("channel");
    } else if (made.op == network::Op::add) {
      layer["shift"] = 30;
      layer["multiplier"] = {multiplier(), multiplier()};
    } else if (made.op == network::Op::avgpool) {
      layer["shift"] = 30;
      layer["multiplier"] = multiplier() / (made.window.kh * made.window.kw);
    }
  }
  return json.dump();
}

}  // namespace tessera

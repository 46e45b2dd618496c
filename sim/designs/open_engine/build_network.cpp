#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "sim/base/units.h"
#include "sim/designs/open_engine/network_reader.h"
#include "sim/designs/open_engine/packet.h"

namespace tessera::designs::open_engine {
namespace {

// What a name of the network stands for: channel ranges of maps, one after the other.
struct View {
  int h = 0, w = 0;
  std::vector<Segment> segments;
  int channels = 0;
  int layer = -1;  // that writes it, if nothing else stands between; -1: none
};

class EngineBuilder {
 public:
  explicit EngineBuilder(const NodeList& list) : list_(list) { net_.name = list.name; }

  Expected<EngineNetwork> run() {
    for (const Node& n : list_.nodes)
      for (const std::string& input : n.inputs) ++uses_[input];
    views_["input"] = fresh_map("input", list_.h, list_.w, list_.c);
    for (const Node& n : list_.nodes) {
      if (views_.count(n.name) > 0) problem(n, "", "has the name of another layer", "names that differ");
      const bool lost = !n.known || std::any_of(n.inputs.begin(), n.inputs.end(),
                                                [&](const std::string& i) { return lost_.count(i) > 0; });
      if (lost)
        lost_.insert(n.name);
      else if (inputs_known(n))
        views_[n.name] = view(n);
      else
        lost_.insert(n.name);
    }
    if (net_.layers.empty() && failure_.problems.empty() && lost_.empty())
      failure_.problems.push_back({list_.file, "layers", "compute nothing", "convolutions or pools"});
    if (!failure_.problems.empty()) return failure_;
    return std::move(net_);
  }

 private:
  void problem(const Node& n, const std::string& key, std::string what, std::string legal) {
    failure_.problems.push_back(
        {list_.file, n.path + (key.empty() ? "" : "." + key), "(" + n.name + ") " + std::move(what), std::move(legal)});
  }

  bool inputs_known(const Node& n) {
    bool known = true;
    for (const std::string& input : n.inputs) {
      if (views_.count(input) > 0) continue;
      known = false;
      problem(n, "inputs", "reads \"" + input + "\"", "the input, or a layer before it");
    }
    const bool one = n.op != "add" && n.op != "concat";
    if (one && n.inputs.size() != 1) problem(n, "inputs", fmt::format("has {}", n.inputs.size()), "one");
    if (n.op == "add" && n.inputs.size() != 2) problem(n, "inputs", fmt::format("has {}", n.inputs.size()), "two");
    return known && (!one || n.inputs.size() == 1) && (n.op != "add" || n.inputs.size() == 2);
  }

  View fresh_map(const std::string& name, int h, int w, int channels) {
    const int blocks = static_cast<int>(ceil_div(channels, 8));
    net_.maps.push_back({name, h, w, static_cast<int>(round_up(blocks, group_blocks)), 0});
    return {h, w, {{static_cast<int>(net_.maps.size()) - 1, 0, blocks, false}}, channels, -1};
  }

  View view(const Node& n) {
    const View& in = views_.at(n.inputs[0]);
    if (n.op == "slice") return slice(n, in);
    if (n.op == "concat") return concat(n);
    if (n.op == "resize") return resize(n, in);
    return n.op == "add" ? add(n) : layer(n, in);
  }

  View slice(const Node& n, const View& in) {
    View out{in.h, in.w, {}, n.end - n.first, -1};
    if (n.first % 8 != 0 || n.end % 8 != 0 || n.first >= n.end || n.end > in.channels) {
      problem(n, "channels", fmt::format("is {} to {} of {}", n.first, n.end, in.channels),
              "multiples of 8 within the input");
      return out;
    }
    int at = 0;  // channel of the input at which a segment begins
    for (const Segment& s : in.segments) {
      const int first = std::max(n.first, at), end = std::min(n.end, at + 8 * s.blocks);
      if (first < end) out.segments.push_back({s.map, s.first_block + (first - at) / 8, (end - first) / 8, s.up2});
      at += 8 * s.blocks;
    }
    return out;
  }

  View concat(const Node& n) {
    View out = views_.at(n.inputs[0]);
    out.segments.clear();
    out.channels = 0;
    out.layer = -1;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const View& part = views_.at(n.inputs[i]);
      if (part.h != out.h || part.w != out.w)
        problem(n, "inputs", fmt::format("joins {}x{} and {}x{}", out.h, out.w, part.h, part.w), "maps of one size");
      if (part.channels % 8 != 0 && i + 1 < n.inputs.size())
        problem(n, "inputs", fmt::format("joins {} channels before others", part.channels), "multiples of 8");
      out.segments.insert(out.segments.end(), part.segments.begin(), part.segments.end());
      out.channels += part.channels;
    }
    return out;
  }

  View resize(const Node& n, View out) {
    out.h *= 2;
    out.w *= 2;
    out.layer = -1;
    for (Segment& s : out.segments) {
      if (s.up2) problem(n, "", "resizes what is resized", "once");
      s.up2 = true;
    }
    return out;
  }

  // The convolution that comes last adds the other operand to what it puts out.
  View add(const Node& n) {
    std::array<const View*, 2> operands{&views_.at(n.inputs[0]), &views_.at(n.inputs[1])};
    std::array<std::string, 2> names{n.inputs[0], n.inputs[1]};
    if (operands[0]->layer < operands[1]->layer) std::swap(operands[0], operands[1]), std::swap(names[0], names[1]);
    const View conv = *operands[0], &other = *operands[1];
    if (conv.layer < 0 || uses_[names[0]] != 1 || net_.layers[conv.layer].window == Window::pool ||
        net_.layers[conv.layer].residual) {
      problem(n, "inputs", "adds two maps, neither of which is a convolution's that nobody else reads",
              "a convolution and a map before it");
      return conv;
    }
    if (conv.h != other.h || conv.w != other.w || conv.channels != other.channels || other.segments.size() != 1 ||
        other.segments[0].up2) {
      problem(n, "inputs", "adds what is no one channel range of the same size", "maps of one size");
      return conv;
    }
    net_.layers[conv.layer].residual = other.segments[0];
    return conv;
  }

  View layer(const Node& n, const View& in) {
    const bool pool = n.op == "maxpool";
    const std::array<int, 3> form{n.kernel, n.stride, n.padding};
    static const std::map<std::array<int, 3>, Window> convolutions{
        {{1, 1, 0}, Window::k1}, {{3, 1, 1}, Window::k3s1}, {{3, 2, 1}, Window::k3s2}, {{5, 1, 2}, Window::k5s1}};
    const bool known = pool ? form == std::array<int, 3>{5, 1, 2} : convolutions.count(form) > 0;
    EngineLayer layer;
    layer.id = static_cast<int>(net_.layers.size());
    layer.name = n.name;
    if (!known)
      problem(n, "kernel", fmt::format("is {}x{}, stride {}, padding {}", n.kernel, n.kernel, n.stride, n.padding),
              pool ? "5x5, stride 1, padding 2" : "1x1; 3x3 with padding 1, stride 1 or 2; 5x5 with padding 2");
    else
      layer.window = pool ? Window::pool : convolutions.at(form);
    layer.reads = in.segments;
    layer.activation = n.activation;
    reads(n, layer, pool);
    const int stride = std::max(1, n.stride);
    View out =
        fresh_map(n.name, (in.h + stride - 1) / stride, (in.w + stride - 1) / stride, pool ? in.channels : n.channels);
    if (out.h < round_rows || out.w < tile_cols)
      problem(n, "", fmt::format("puts out {}x{} pixels", out.h, out.w),
              fmt::format("at least {}x{}, a round of the engine", round_rows, tile_cols));
    if (out.channels < 1) problem(n, "channels", "is 0", "1 or more");
    layer.out = out.segments[0];
    out.layer = layer.id;
    net_.layers.push_back(std::move(layer));
    return out;
  }

  void reads(const Node& n, const EngineLayer& layer, bool pool) {
    const int halo = layer.window == Window::k1 ? 0 : layer.window == Window::k5s1 || pool ? 2 : 1;
    for (const Segment& s : layer.reads) {
      Map& map = net_.maps[static_cast<std::size_t>(s.map)];
      map.halo = std::max(map.halo, halo);
      if (s.up2 && layer.window != Window::k1)
        problem(n, "inputs", "reads a resized map with a window", "resized maps are read by 1x1 convolutions");
      if (pool && (layer.reads.size() != 1 || s.blocks % group_blocks != 0))
        problem(n, "inputs", "pools channels of several maps, or no multiple of 32", "one map, multiples of 32");
    }
  }

  const NodeList& list_;
  EngineNetwork net_;
  std::map<std::string, View> views_;
  std::map<std::string, int> uses_;
  std::set<std::string> lost_;  // layers of which nothing is known
  Failure failure_{ExitCode::bad_input, {}};
};

}  // namespace

Expected<EngineNetwork> build_engine_network(const NodeList& list) { return EngineBuilder(list).run(); }

}  // namespace tessera::designs::open_engine

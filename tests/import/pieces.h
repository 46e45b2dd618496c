// Pieces of architectures as exporters write them.
#pragma once
#include <algorithm>

#include "tests/import/net.h"

namespace tessera::import::test {

constexpr double int8_error = 0.15;  // what int8 leaves

// Reshape.
inline Net& reshape(Net& net, const std::string& from, const std::string& to, const Sides& shape) {
  return net.integers(to + "_shape", shape), net.line("Reshape", {from, to + "_shape"}, to);
}
inline Net& turn(Net& net, const std::string& from, const std::string& to, const Sides& order) {
  net.line("Transpose", {from}, to).with("perm", order);
  return net;
}
// A slice of one dimension.
inline Net& cut(Net& net, const std::string& from, const std::string& to, std::int64_t axis, std::int64_t start,
                std::int64_t end) {
  net.integers(to + "_s", {start}).integers(to + "_e", {end}).integers(to + "_a", {axis});
  return net.line("Slice", {from, to + "_s", to + "_e", to + "_a"}, to);
}
inline Net& join(Net& net, const std::vector<std::string>& parts, const std::string& to, int axis) {
  net.line("Concat", parts, to).with("axis", axis);
  return net;
}
// A product with weights.
inline Net& linear(Net& net, const std::string& from, const std::string& to, std::int64_t in, std::int64_t out) {
  return net.random(to + "_w", {in, out}).line("MatMul", {from, to + "_w"}, to);
}
// (x - mean) / sqrt(variance + epsilon) over one dimension, as torch.onnx writes it.
inline Net& normalize(Net& net, const std::string& from, const std::string& to, std::int64_t axis,
                      float epsilon = 1e-5F) {
  net.line("ReduceMean", {from}, to + "_m").with("axes", Sides{axis});
  net.line("Sub", {from, to + "_m"}, to + "_d").number(to + "_2", 2).number(to + "_e", epsilon);
  net.line("Pow", {to + "_d", to + "_2"}, to + "_p")
      .line("ReduceMean", {to + "_p"}, to + "_v")
      .with("axes", Sides{axis});
  net.line("Add", {to + "_v", to + "_e"}, to + "_a").line("Sqrt", {to + "_a"}, to + "_r");
  return net.line("Div", {to + "_d", to + "_r"}, to);
}

inline int count(const Imported& imported, network::Op op) {
  return static_cast<int>(std::count_if(imported.network.layers.begin(), imported.network.layers.end(),
                                        [op](const network::Layer& l) { return l.op == op; }));
}

}  // namespace tessera::import::test

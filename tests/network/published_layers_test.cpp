// Do the network files describe the networks the published estimates are about? The golden table holds every layer of
// those estimates: name, order, shapes, kernel.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "sim/network/network_file.h"

using namespace tessera;
using namespace tessera::network;

namespace {

struct PublishedLayer {
  std::string name, op;
  Shape in, out;
  int kh = 0, kw = 0;  // 0: not a convolution
};

std::map<std::string, std::vector<PublishedLayer>> published() {
  std::map<std::string, std::vector<PublishedLayer>> table;
  std::ifstream file("tests/golden/published_layers.csv");
  std::string line;
  std::getline(file, line);  // header
  while (std::getline(file, line)) {
    std::vector<std::string> f;
    std::stringstream fields(line + ",");
    for (std::string field; std::getline(fields, field, ',');) f.push_back(field);
    const auto number = [&](int i) { return f[i].empty() ? 0 : std::stoi(f[i]); };
    table[f[0]].push_back(
        {f[1], f[2], {number(3), number(4), number(5)}, {number(6), number(7), number(8)}, number(9), number(10)});
  }
  return table;
}

std::int64_t total_macs(const Network& network) {
  std::int64_t sum = 0;
  for (const Layer& layer : network.layers) sum += layer.macs();
  return sum;
}

Network load(const std::string& name) {
  Expected<Network> network = load_network("configs/networks/" + name + ".json");
  if (!network) FAIL(describe(network.failure()));
  return *network;
}

}  // namespace

TEST_CASE("Layers, order, shapes and MACs equal the published ones") {
  const auto table = published();
  REQUIRE(table.size() == 3);
  for (const auto& [name, rows] : table) {
    const Network network = load(name);
    std::vector<const Layer*> layers;  // concats are views and have no row
    for (const Layer& layer : network.layers)
      if (layer.op != Op::input && layer.op != Op::concat) layers.push_back(&layer);
    REQUIRE(layers.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const PublishedLayer& row = rows[i];
      CAPTURE(name, row.name, i);
      CHECK(layers[i]->name == row.name);
      CHECK(op_name(layers[i]->op) == row.op);
      CHECK(layers[i]->in == row.in);
      CHECK(layers[i]->out == row.out);
      CHECK(layers[i]->macs() == row.out.elements() * row.in.c * row.kh * row.kw);
    }
  }
}

TEST_CASE("Total MACs are those in the literature") {
  CHECK(total_macs(load("resnet50")) == 4087136256);  // 4.09 G, 4.1 G with the classifier
  CHECK(total_macs(load("resnet50_classifier")) == 4087136256 + 2048 * 1000);
  CHECK(total_macs(load("resnet18_classifier")) == 1814073344);      // 1.81 G
  CHECK(total_macs(load("vgg16_classifier")) == 15470264320);        // 15.47 G
  CHECK(total_macs(load("inception_v3_classifier")) == 5713216096);  // 5.71 G
  CHECK(total_macs(load("gemm_197x233x331")) == 197 * 233 * 331);
}

TEST_CASE("Classifiers stand behind the published layers") {
  const Network vgg = load("vgg16_classifier");
  const Layer& fc6 = vgg.layers[vgg.layers.size() - 3];
  CHECK(fc6.is_gemm);
  CHECK(fc6.window.kh == 7);
  CHECK(fc6.out == Shape{1, 1, 4096});
  CHECK(vgg.layers.back().out == Shape{1, 1, 1000});
  CHECK(load("inception_v3_classifier").layers.back().out == Shape{1, 1, 1000});
}

// What trials decide of layers, with trials that say what the test wants them to say.
#include "tests/schedule/trials.h"

using namespace tessera;
using namespace tessera::schedule;
using namespace tessera::tests;

namespace {

// The sharding of the step that computes a layer.
std::string sharding_of(const mapping::Mapping& m, network::LayerId layer) {
  for (const mapping::Step& step : m.steps)
    if (const auto* c = std::get_if<mapping::Compute>(&step); c != nullptr && c->layer == layer)
      return sharding_name(c->mapping.sharding);
  return "";
}

// Single layers: `preferred` takes one cycle, every other sharding ten. The network: `network_cycles`, by the number of
// its layers that have the preferred sharding.
class Told : public Trials {
 public:
  std::string preferred;
  std::function<double(int)> network_cycles = [](int count) { return 100.0 - count; };
  mutable int networks = 0, programs_of_layers = 0;

  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks&,
                                        const mapping::Mapping& m) const override {
    std::vector<double> ends(network.layers.size(), 0);
    int count = 0;
    double now = 0;
    for (const network::Layer& l : network.layers) {
      const bool good = sharding_of(m, l.id) == preferred;
      count += good;
      ends[l.id] = now += good ? 1e4 : 1e5;
    }
    const bool layers = network.name == "trials";
    ++(layers ? programs_of_layers : networks);
    if (layers) return without_control(std::move(ends));
    std::fill(ends.begin(), ends.end(), 0);
    ends.back() = network_cycles(count);
    return without_control(std::move(ends));
  }
};

mapping::Mapping decided(int layers, const Trials& trials, SearchKind search = SearchKind::layers) {
  std::string json = R"({"name": "net", "input": [16, 16, 64], "layers": [)";
  for (int k = 0; k < layers; ++k)
    json += fmt::format(R"({}{{"name": "l{}", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1}})",
                        k > 0 ? ", " : "", k);
  const auto network = network::parse_network(nlohmann::json::parse(json + "]}"), "net");
  if (!network) FAIL(describe(network.failure()));
  ScheduleSpec spec;
  spec.search = search;
  const auto peak = cost::find_latency_model("peak");
  const auto schedule =
      decide_schedule(*network, Masks(network->layers.size()), generic_array(2, 2, {}), **peak, spec, &trials);
  if (!schedule) FAIL(describe(schedule.failure()));
  return *schedule->mapping;
}

const char* const unusual = "cols=height rows=height";

// How the convolutions of one input in `module` are computed.
std::string joining_of(const mapping::Mapping& m) {
  for (const mapping::Step& step : m.steps)
    if (const auto* c = std::get_if<mapping::Compute>(&step); c != nullptr && !c->joins.empty())
      return c->mapping.sharding.apart ? "apart" : "evenly";
  return "single";
}

int tiles_of(const mapping::Mapping& m) { return m.groups.empty() ? 1 : m.groups.front().tiles; }

// A network takes less where `good` says so of its mapping.
class Likes : public Trials {
 public:
  std::function<bool(const mapping::Mapping&)> good;
  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks&,
                                        const mapping::Mapping& m) const override {
    return without_control(std::vector<double>(network.layers.size(), good(m) ? 900 : 1000));
  }
};

// Layers take less in the sharding that the first trial does not have; switches for it take `switches`.
class SlowSwitches : public Trials {
 public:
  double switches = 0;
  mutable std::string first;  // of the layer before the last

  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks&,
                                        const mapping::Mapping& m) const override {
    const std::string s = sharding_of(m, 5);
    if (first.empty()) first = s;
    std::vector<double> ends;
    for (std::size_t l = 0; l < network.layers.size(); ++l) ends.push_back((s == first ? 1000.0 : 900.0) * l);
    return without_control(std::move(ends));
  }
  std::optional<LayerTimes> run_times(const network::Network& network, const Masks& masks,
                                      const mapping::Mapping& m) const override {
    LayerTimes times = *layer_times(network, masks, m);
    if (sharding_of(m, 5) != first) times.ends.back() += switches;
    return times;
  }
};

mapping::Mapping liked(const Trials& trials, const network::Network& network, arch::ControlMechanism mechanism) {
  arch::ArraySpec array = generic_array(4, 4, {});
  array.controller.mechanism = mechanism;
  array.controller.operation_ns = 100;
  const auto peak = cost::find_latency_model("peak");
  const auto schedule = decide_schedule(network, Masks(network.layers.size()), array, **peak, {}, &trials);
  if (!schedule) FAIL(describe(schedule.failure()));
  return *schedule->mapping;
}
}  // namespace

TEST_CASE("the mapping of a single layer is the one that takes least in trials of the network") {
  Told trials;
  for (const char* preferred : {unusual, "cols=channels rows=height", "cols=height rows=channels"}) {
    trials.preferred = preferred;
    CHECK(sharding_of(decided(1, trials), 1) == preferred);
  }
  CHECK(trials.networks > 6);
  CHECK(trials.programs_of_layers == 0);
}

TEST_CASE("of what was tried in a network with controllers the fastest with its switches is taken") {
  const auto sharding = [](double switches) {
    SlowSwitches trials;
    trials.switches = switches;
    std::string json = R"({"name": "net", "input": [16, 16, 64], "layers": [)";
    for (int k = 0; k < 6; ++k)
      json += fmt::format(R"({}{{"name": "l{}", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1}})",
                          k > 0 ? ", " : "", k);
    const auto network = network::parse_network(nlohmann::json::parse(json + "]}"), "net");
    REQUIRE(network);
    const mapping::Mapping m = liked(trials, *network, arch::ControlMechanism::serial);
    return std::pair(sharding_of(m, 5), trials.first);
  };
  const auto [without, other] = sharding(0);
  CHECK(without != other);
  const auto [with, first] = sharding(1e5);
  CHECK(with == first);
}

TEST_CASE("estimates alone ask for no trial") {
  Told trials;
  trials.preferred = unusual;
  CHECK(sharding_of(decided(1, trials, SearchKind::estimate), 1) != unusual);
  CHECK(sharding_of(decided(6, trials, SearchKind::estimate), 1) != unusual);
  CHECK(trials.networks + trials.programs_of_layers == 0);
}

TEST_CASE("in a network of many layers trials of layers decide, if the network is then faster") {
  Told trials;
  trials.preferred = unusual;
  CHECK(sharding_of(decided(6, trials), 3) == unusual);
  CHECK(trials.programs_of_layers > 0);
  trials.network_cycles = [](int count) { return 100.0 + count; };
  CHECK(sharding_of(decided(6, trials), 3) != unusual);
}

TEST_CASE("a search of the whole network goes on where trials of layers found nothing") {
  Told trials;
  trials.preferred = "none";
  trials.network_cycles = [](int) { return 100.0; };
  const std::string estimated = sharding_of(decided(6, trials, SearchKind::network), 3);
  CHECK(estimated == sharding_of(decided(6, trials, SearchKind::estimate), 3));
  CHECK(trials.networks > 1);
}

TEST_CASE("convolutions of one input are computed evenly, apart or each by itself, as the network is fastest") {
  const auto module = network::parse_network(nlohmann::json::parse(R"({"name": "net", "input": [8, 8, 64], "layers": [
    {"name": "a", "op": "conv2d", "channels": 1280, "kernel": 1},
    {"name": "x", "op": "conv2d", "channels": 320, "kernel": 1, "inputs": "a"},
    {"name": "y", "op": "conv2d", "channels": 384, "kernel": 1, "inputs": "a"},
    {"name": "z", "op": "conv2d", "channels": 448, "kernel": 1, "inputs": "a"},
    {"name": "cat", "op": "concat", "inputs": ["x", "y", "z"]},
    {"name": "d", "op": "conv2d", "channels": 64, "kernel": 1}]})"),
                                             "net");
  if (!module) FAIL(describe(module.failure()));
  for (const auto mechanism : {arch::ControlMechanism::serial, arch::ControlMechanism::none})
    for (const char* best : {"evenly", "apart", "single"}) {
      Likes trials;
      trials.good = [&](const mapping::Mapping& m) { return joining_of(m) == best; };
      CAPTURE(static_cast<int>(mechanism));
      CHECK(joining_of(liked(trials, *module, mechanism)) == best);
    }
}

TEST_CASE("layers are walked together in the number of tiles with which the network is fastest") {
  const auto vgg = network::load_network("configs/networks/vgg16.json");
  if (!vgg) FAIL(describe(vgg.failure()));
  Likes trials;
  trials.good = [](const mapping::Mapping&) { return true; };
  const int usual = tiles_of(liked(trials, *vgg, arch::ControlMechanism::none));
  int others = 0;
  for (int tiles = 1; tiles <= 20; ++tiles) {
    trials.good = [&](const mapping::Mapping& m) { return tiles_of(m) == tiles; };
    const int taken = tiles_of(liked(trials, *vgg, arch::ControlMechanism::none));
    CHECK((taken == usual || taken == tiles));
    others += taken != usual;
  }
  CHECK(others > 0);
}

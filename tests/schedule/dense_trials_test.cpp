// What trials decide of zeros and inbound channels, with trials that say what the test wants them to say.
#include "tests/schedule/trials.h"

using namespace tessera;
using namespace tessera::schedule;
using namespace tessera::tests;

namespace {

// The network takes 1000 cycles with one mapping and `others` with all others.
class OneMapping : public Trials {
 public:
  std::string text;
  double others = 2000;
  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks&,
                                        const mapping::Mapping& m) const override {
    return without_control(
        std::vector<double>(network.layers.size(), write_mapping(m, network) == text ? 1000 : others));
  }
};

// The dense network takes no less than `least` cycles.
class Bounded : public OneMapping {
 public:
  double least = 0;
  mutable int dense = 0;  // trials without zeros
  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks& masks,
                                        const mapping::Mapping& m) const override {
    if (network.name != "trials" &&
        std::none_of(masks.begin(), masks.end(), [](const auto& k) { return k.has_value(); }))
      ++dense;
    return OneMapping::layer_times(network, masks, m);
  }
  double least_cycles(const network::Network&, const Masks&) const override { return least; }
};

// The process of the dense network tells a mapping that takes 1000 cycles. Others take 2000, and without zeros the
// first that is asked for so takes 3000.
class FoundElsewhere : public Trials {
 public:
  mutable std::optional<mapping::Mapping> told;
  mutable std::string text, first_dense;
  std::optional<mapping::Mapping> dense_mapping() const override { return told; }
  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks& masks,
                                        const mapping::Mapping& m) const override {
    if (network.name == "trials") return without_control(std::vector<double>(network.layers.size(), 1000));
    const std::string asked = write_mapping(m, network);
    if (!told) told = m, text = asked;
    const bool zeros = std::any_of(masks.begin(), masks.end(), [](const auto& mask) { return mask.has_value(); });
    if (!zeros && asked != text && first_dense.empty()) first_dense = asked;
    const double cycles = asked == text ? 1000 : !zeros && asked == first_dense ? 3000 : 2000;
    return without_control(std::vector<double>(network.layers.size(), cycles));
  }
};

// The same, where that process may also tell how long the mapping takes as a run has it.
class TimeToldToo : public FoundElsewhere {
 public:
  bool known = false;
  mutable int asked = 0;  // how long it takes
  std::optional<LayerTimes> dense_times() const override {
    if (!known) return std::nullopt;
    return without_control(std::vector<double>(6, 1000));
  }
  std::optional<LayerTimes> run_times(const network::Network& network, const Masks& masks,
                                      const mapping::Mapping& m) const override {
    asked += std::none_of(masks.begin(), masks.end(), [](const auto& mask) { return mask.has_value(); });
    return layer_times(network, masks, m);
  }
};

// What a run has and its trials have not: a mapping takes 2000 cycles there, one mapping 1000.
class Switched : public OneMapping {
 public:
  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks&,
                                        const mapping::Mapping&) const override {
    return without_control(std::vector<double>(network.layers.size(), 1500));
  }
  std::optional<LayerTimes> run_times(const network::Network& network, const Masks& masks,
                                      const mapping::Mapping& m) const override {
    return OneMapping::layer_times(network, masks, m);
  }
};

// Zeros save much time, but for what switches are written: with all but the told mapping they cost time.
class SwitchedElsewhere : public FoundElsewhere {
 public:
  double dense = 1000;  // what the dense network takes by trials, whatever the mapping
  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks& masks,
                                        const mapping::Mapping& m) const override {
    FoundElsewhere::layer_times(network, masks, m);
    const bool zeros = std::any_of(masks.begin(), masks.end(), [](const auto& mask) { return mask.has_value(); });
    return without_control(std::vector<double>(network.layers.size(), zeros ? 800 : dense));
  }
  std::optional<LayerTimes> run_times(const network::Network& network, const Masks&,
                                      const mapping::Mapping& m) const override {
    return without_control(std::vector<double>(network.layers.size(), write_mapping(m, network) == text ? 1100 : 1180));
  }
};

// Whether a layer keeps its zeros takes `longer` cycles for each layer of `keepers` that does not, and for each other
// one that does; zeros cost nothing in a network that has none.
class Keepers : public Trials {
 public:
  std::vector<network::LayerId> keepers;
  double longer = 100;
  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks& masks,
                                        const mapping::Mapping& m) const override {
    std::vector<double> ends;
    double now = 0;
    for (const network::Layer& l : network.layers) {
      const bool kept = !masks[l.id] || std::count(m.zeros_kept.begin(), m.zeros_kept.end(), l.id) > 0;
      const bool better = std::count(keepers.begin(), keepers.end(), l.id) > 0;
      ends.push_back(now += 1000 + (kept == better ? 0 : longer));
    }
    return without_control(std::move(ends));
  }
};

// Layers with another mapping than in the first network: those of `gainers` take 100 cycles less, others `others` more,
// and controllers do `control` cycles more for each of these, which the last layer, one of the gainers, waits for.
class Changes : public Trials {
 public:
  std::vector<network::LayerId> gainers;
  double others = 0, control = 0;
  mutable std::optional<mapping::Mapping> first;

  static std::string mapping_of(const mapping::Mapping& m, network::LayerId layer) {
    for (const mapping::Step& step : m.steps)
      if (const auto* c = std::get_if<mapping::Compute>(&step); c != nullptr && c->layer == layer)
        return mapping::layer_mapping_json(c->mapping).dump();
    return "";
  }
  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks&,
                                        const mapping::Mapping& m) const override {
    if (!first) first = m;
    LayerTimes times;
    double now = 0;
    for (const network::Layer& l : network.layers) {
      const bool changed = mapping_of(m, l.id) != mapping_of(*first, l.id);
      const bool gains = std::count(gainers.begin(), gainers.end(), l.id) > 0;
      times.control.push_back(changed && !gains ? control : 0);
      times.ends.push_back(now += 1000 + (!changed ? 0 : gains ? -100 : others));
    }
    for (const double cycles : times.control) times.ends.back() += cycles;
    return times;
  }
};

// Networks with a layer whose inbound channels are evened take `cycles` and `control`, others 1000 and nothing.
class Evened : public Trials {
 public:
  double cycles = 1100, control = 0;
  mutable int asked = 0;
  std::optional<LayerTimes> layer_times(const network::Network& network, const Masks&,
                                        const mapping::Mapping& m) const override {
    const bool evened = std::any_of(m.steps.begin(), m.steps.end(), [](const mapping::Step& step) {
      const auto* c = std::get_if<mapping::Compute>(&step);
      return c != nullptr && !c->mapping.inbound.usual();
    });
    asked += evened;
    const std::size_t layers = network.layers.size();
    return LayerTimes{std::vector<double>(layers, evened ? cycles : 1000),
                      std::vector<double>(layers, evened ? control : 0)};
  }
};

const char* const five_layers = R"({"name": "net", "input": [16, 16, 64], "layers": [
    {"name": "a", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
    {"name": "b", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
    {"name": "c", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
    {"name": "d", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
    {"name": "e", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1}]})";
const char* const mostly_input = R"({"name": "net", "input": [32, 32, 64], "layers": [
    {"name": "a", "op": "conv2d", "channels": 256, "kernel": 1},
    {"name": "b", "op": "conv2d", "channels": 16, "kernel": 1},
    {"name": "c", "op": "conv2d", "channels": 256, "kernel": 1},
    {"name": "d", "op": "conv2d", "channels": 16, "kernel": 1}]})";

// Text of the mapping of five layers, whose rows of blocks are zero from the `kept`-th on, or of another network.
std::string mapping_text(arch::ControlMechanism mechanism, const Trials& trials, int kept,
                         const ScheduleSpec& spec = {}, const char* json = five_layers) {
  const auto network = network::parse_network(nlohmann::json::parse(json), "net");
  if (!network) FAIL(describe(network.failure()));
  Masks masks(network->layers.size());
  for (std::size_t k = 1; kept < 8 && k < masks.size(); ++k) {
    masks[k] = sparsity::BlockMask::all_ones(64, 64, 8, 8);
    std::fill(masks[k]->bits.begin() + kept * 8, masks[k]->bits.end(), 0);
  }
  arch::ArraySpec array = generic_array(2, 2, {});
  array.controller.mechanism = mechanism;
  array.controller.operation_ns = 100;
  const auto peak = cost::find_latency_model("peak");
  const auto schedule = decide_schedule(*network, masks, array, **peak, spec, &trials);
  if (!schedule) FAIL(describe(schedule.failure()));
  return write_mapping(*schedule->mapping, *network);
}

}  // namespace

TEST_CASE("the mapping of the dense network is tried for the sparse one") {
  const auto serial = arch::ControlMechanism::serial, none = arch::ControlMechanism::none;
  OneMapping trials;
  trials.text = mapping_text(serial, trials, 8);
  CHECK(mapping_text(serial, trials, 2) == trials.text);
  trials.others = 500;
  CHECK(mapping_text(serial, trials, 2) != trials.text);
  trials.others = 2000;
  trials.text = mapping_text(none, trials, 8);
  CHECK(mapping_text(none, trials, 2) == trials.text);
}

TEST_CASE(
    "the mapping of the dense network is tried where zeros gain little, whatever estimates make of the dense one") {
  FoundElsewhere trials;
  ScheduleSpec spec;
  for (const char* layer : {"a", "b", "c", "d", "e"}) spec.layers[layer].tile = {4, 4, 8, 8};
  mapping_text(arch::ControlMechanism::serial, trials, 8, spec);
  CHECK(mapping_text(arch::ControlMechanism::serial, trials, 2) == trials.text);
}

TEST_CASE("inbound channels are evened out where the network is then faster, and controllers have no more to do") {
  for (const auto mechanism : {arch::ControlMechanism::serial, arch::ControlMechanism::none}) {
    Evened trials;
    const auto text = [&] { return mapping_text(mechanism, trials, 8, {}, mostly_input); };
    const std::string usual = text();
    CHECK(trials.asked > 0);
    trials.cycles = 900;
    CHECK(text() != usual);
    trials.control = 1;
    CHECK(text() == usual);
  }
}

TEST_CASE("networks that evened inbound channels do not help by estimate are not simulated with them") {
  Evened trials;
  trials.cycles = 900;
  mapping_text(arch::ControlMechanism::none, trials, 8);
  CHECK(trials.asked == 0);
}

TEST_CASE("the dense network is not simulated again where its time is known") {
  ScheduleSpec spec;
  for (const char* layer : {"a", "b", "c", "d", "e"}) spec.layers[layer].tile = {4, 4, 8, 8};
  for (const bool known : {false, true}) {
    TimeToldToo trials;
    trials.known = known;
    mapping_text(arch::ControlMechanism::serial, trials, 8, spec);
    trials.asked = 0;
    CHECK(mapping_text(arch::ControlMechanism::serial, trials, 2) == trials.text);
    CHECK((trials.asked == 0) == known);
  }
}

TEST_CASE("where the dense network cannot be nearly as fast it is not simulated") {
  Bounded trials;
  mapping_text(arch::ControlMechanism::none, trials, 2);
  CHECK(trials.dense > 0);
  trials.dense = 0;
  trials.least = 3000;
  mapping_text(arch::ControlMechanism::none, trials, 2);
  CHECK(trials.dense == 0);
}

TEST_CASE("what is written between layers counts when zeros are weighed, though trials do without") {
  const auto serial = arch::ControlMechanism::serial;
  Switched trials;
  trials.text = mapping_text(serial, trials, 8);
  CHECK(mapping_text(serial, trials, 2) == trials.text);
  trials.others = 500;
  CHECK(mapping_text(serial, trials, 2) != trials.text);
}

TEST_CASE("the dense network's own mapping is tried where switches take what zeros save") {
  ScheduleSpec spec;
  for (const char* layer : {"a", "b", "c", "d", "e"}) spec.layers[layer].tile = {4, 4, 8, 8};
  for (const double dense : {1000., 1400.}) {
    SwitchedElsewhere trials;
    trials.dense = dense;
    mapping_text(arch::ControlMechanism::serial, trials, 8, spec);
    CHECK(mapping_text(arch::ControlMechanism::serial, trials, 2) == trials.text);
  }
}

TEST_CASE("where controllers start transfers layers keep their zeros if that is faster") {
  const auto serial = arch::ControlMechanism::serial, none = arch::ControlMechanism::none;
  const auto kept = [](const std::string& text) {
    return nlohmann::json::parse(text).value("zeros_kept", std::vector<std::string>{});
  };
  using Names = std::vector<std::string>;
  Keepers trials;
  trials.keepers = {1, 2, 3, 4, 5};
  CHECK(kept(mapping_text(serial, trials, 2)) == Names{"a", "b", "c", "d", "e"});
  CHECK(kept(mapping_text(serial, trials, 8)).empty());  // dense: there are none
  trials.keepers = {2, 4};
  CHECK(kept(mapping_text(serial, trials, 2)) == Names{"b", "d"});
  CHECK(kept(mapping_text(none, trials, 2)).empty());
  ScheduleSpec spec;
  spec.layers["b"].zeros_kept = false;
  spec.layers["c"].zeros_kept = true;
  CHECK(kept(mapping_text(serial, trials, 2, spec)) == Names{"c", "d"});
  trials.keepers = {};
  CHECK(kept(mapping_text(serial, trials, 2)).empty());
}

TEST_CASE("where controllers start transfers a mapping stays if its layers gain in the network, control included") {
  const auto network =
      network::parse_network(nlohmann::json::parse(R"({"name": "net", "input": [16, 16, 64], "layers": [
        {"name": "a", "op": "conv2d", "channels": 96, "kernel": 3, "padding": 1},
        {"name": "b", "op": "conv2d", "channels": 128, "kernel": 3, "padding": 1},
        {"name": "c", "op": "conv2d", "channels": 160, "kernel": 3, "padding": 1},
        {"name": "d", "op": "conv2d", "channels": 192, "kernel": 3, "padding": 1},
        {"name": "e", "op": "conv2d", "channels": 224, "kernel": 3, "padding": 1}]})"),
                             "net");
  if (!network) FAIL(describe(network.failure()));
  arch::ArraySpec array = generic_array(2, 2, {});
  array.controller.mechanism = arch::ControlMechanism::serial;
  array.controller.operation_ns = 100;
  const auto peak = cost::find_latency_model("peak");
  const auto changed = [&](const Changes& trials) {
    const auto schedule = decide_schedule(*network, Masks(network->layers.size()), array, **peak, {}, &trials);
    if (!schedule) FAIL(describe(schedule.failure()));
    std::vector<network::LayerId> layers;
    for (network::LayerId l = 1; l <= 5; ++l)
      if (Changes::mapping_of(*schedule->mapping, l) != Changes::mapping_of(*trials.first, l)) layers.push_back(l);
    return layers;
  };
  using Layers = std::vector<network::LayerId>;
  for (const Layers& gainers : {Layers{2, 5}, Layers{1, 3, 5}, Layers{1, 2, 3, 4, 5}}) {
    Changes slower;
    slower.gainers = gainers;
    slower.others = 60;
    CHECK(changed(slower) == gainers);
    Changes more_control;
    more_control.gainers = gainers;
    more_control.others = -10;
    more_control.control = 30;
    CHECK(changed(more_control) == gainers);
  }
}

#include "sim/designs/open_engine/network_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/base/json_file.h"

namespace tessera::designs::open_engine {
namespace {
using nlohmann::json;

const std::map<std::string, std::vector<std::string>>& keys_by_op() {
  static const std::map<std::string, std::vector<std::string>> keys{
      {"conv2d", {"channels", "kernel", "stride", "padding", "activation"}},
      {"maxpool", {"kernel", "stride", "padding"}},
      {"add", {}},
      {"slice", {"channels"}},
      {"concat", {}},
      {"resize", {"factor", "mode"}}};
  return keys;
}

class NetworkReader {
 public:
  explicit NetworkReader(const std::string& file) { list_.file = file; }

  // Its problems; the nodes that could be read are in the list.
  Failure run(const json& document) {
    if (!document.is_object()) {
      problem("", "is no object", "a network");
      return failure_;
    }
    unknown_keys(document, "", {"$schema", "name", "source", "input", "layers"});
    list_.name = document.value("name", json("")).is_string() ? document.value("name", "") : "";
    const std::vector<int> input = numbers(document, "input", "input", 3);
    if (input.size() == 3) list_.h = input[0], list_.w = input[1], list_.c = input[2];
    if (!document.contains("layers") || !document["layers"].is_array()) {
      problem("layers", "is missing or no list", "a list of layers");
    } else {
      for (std::size_t i = 0; i < document["layers"].size(); ++i)
        node(document["layers"][i], fmt::format("layers[{}]", i));
    }
    return failure_;
  }
  const NodeList& list() const { return list_; }

 private:
  void problem(const std::string& path, std::string what, std::string legal) {
    failure_.problems.push_back({list_.file, path, std::move(what), std::move(legal)});
  }

  void unknown_keys(const json& object, const std::string& path, const std::vector<std::string>& legal) {
    for (const auto& [key, value] : object.items())
      if (std::find(legal.begin(), legal.end(), key) == legal.end())
        problem(path.empty() ? key : path + "." + key, "is no key of this", fmt::format("{}", fmt::join(legal, ", ")));
  }

  std::vector<int> numbers(const json& object, const std::string& key, const std::string& path, std::size_t count) {
    std::vector<int> list;
    const auto it = object.find(key);
    if (it != object.end() && it->is_array())
      for (const json& v : *it)
        if (v.is_number_integer() && v >= 0 && v <= longest_side) list.push_back(v.get<int>());
    if (list.size() == count && it->size() == count) return list;
    problem(path, it == object.end() ? "is missing" : "is " + it->dump(),
            fmt::format("{} whole numbers from 0 to {}", count, longest_side));
    return {};
  }

  int number(const json& object, const std::string& key, const std::string& path, int otherwise) {
    const auto it = object.find(key);
    if (it == object.end()) {
      if (otherwise < 0) problem(path + "." + key, "is missing", "a whole number");
      return std::max(otherwise, 0);
    }
    if (it->is_number_integer() && *it >= 0 && *it <= longest_side) return it->get<int>();
    problem(path + "." + key, "is " + it->dump(), fmt::format("a whole number from 0 to {}", longest_side));
    return 0;
  }

  void node(const json& object, const std::string& path) {
    if (!object.is_object()) return problem(path, "is no object", "a layer");
    Node node;
    node.path = path;
    const auto text = [&](const char* key) -> std::string {
      if (object.contains(key) && object[key].is_string()) return object[key].get<std::string>();
      problem(path + "." + key, object.contains(key) ? "is " + object[key].dump() : "is missing", "a text");
      return "";
    };
    node.name = text("name");
    node.op = text("op");
    const auto known = keys_by_op().find(node.op);
    if (known == keys_by_op().end()) {
      std::vector<std::string> ops;
      for (const auto& [op, keys] : keys_by_op()) ops.push_back(op);
      problem(path + ".op", "is \"" + node.op + "\", which the open engine does not have",
              fmt::format("{}", fmt::join(ops, ", ")));
      node.known = false;
      return list_.nodes.push_back(std::move(node));
    }
    std::vector<std::string> legal{"name", "op", "inputs"};
    legal.insert(legal.end(), known->second.begin(), known->second.end());
    unknown_keys(object, path, legal);
    inputs(object, path, node);
    attributes(object, path, node);
    list_.nodes.push_back(std::move(node));
  }

  void inputs(const json& object, const std::string& path, Node& node) {
    const auto it = object.find("inputs");
    if (it == object.end()) return node.inputs.push_back(list_.nodes.empty() ? "input" : list_.nodes.back().name);
    if (it->is_string()) return node.inputs.push_back(it->get<std::string>());
    if (it->is_array())
      for (const json& name : *it)
        if (name.is_string()) node.inputs.push_back(name.get<std::string>());
    if (!it->is_array() || node.inputs.size() != it->size() || node.inputs.empty())
      problem(path + ".inputs", "is " + it->dump(), "names of layers");
  }

  void attributes(const json& object, const std::string& path, Node& node) {
    if (node.op == "slice") {
      const std::vector<int> range = numbers(object, "channels", path + ".channels", 2);
      if (range.size() == 2) node.first = range[0], node.end = range[1];
      return;
    }
    if (node.op == "resize") {
      if (object.value("factor", json(0)) != 2)
        problem(path + ".factor", "is " + object.value("factor", json(nullptr)).dump(), "2");
      if (object.value("mode", json("nearest")) != "nearest")
        problem(path + ".mode", "is " + object["mode"].dump(), "\"nearest\"");
      return;
    }
    if (node.op != "conv2d" && node.op != "maxpool") return;
    if (node.op == "conv2d") node.channels = number(object, "channels", path, -1);
    node.kernel = number(object, "kernel", path, -1);
    node.stride = number(object, "stride", path, 1);
    node.padding = number(object, "padding", path, 0);
    const json activation = object.value("activation", json("none"));
    node.activation = activation != "none";
    if (activation != "none" && activation != "hard_swish" && activation != "relu")
      problem(path + ".activation", "is " + activation.dump(), "none, hard_swish, relu");
  }

  static constexpr int longest_side = 1 << 15;
  NodeList list_;
  Failure failure_{ExitCode::bad_input, {}};
};

}  // namespace

Expected<EngineNetwork> read_engine_network(const std::string& file) {
  const Expected<json> document = read_json(file);
  if (!document) return document.failure();
  NetworkReader reader(file);
  Failure failure = reader.run(*document);
  Expected<EngineNetwork> network = build_engine_network(reader.list());
  if (failure.problems.empty()) return network;
  if (!network && !reader.list().nodes.empty())
    failure.problems.insert(failure.problems.begin(), network.failure().problems.begin(),
                            network.failure().problems.end());
  return failure;
}

}  // namespace tessera::designs::open_engine

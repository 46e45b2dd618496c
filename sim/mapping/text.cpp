#include "sim/mapping/text.h"

#include <fmt/format.h>

#include <map>

#include "sim/base/json_file.h"
#include "sim/config/document.h"
#include "sim/config/validate.h"
#include "sim/mapping/rules.h"

namespace tessera::mapping {
namespace {
using nlohmann::json;
using nlohmann::ordered_json;

class Writer {
 public:
  Writer(const Mapping& mapping, const network::Network& network) : m_(mapping), network_(network) {}

  std::string write() {
    ordered_json head = {{"format", "tessera-mapping-1"},
                         {"network", m_.network},
                         {"array", {{"rows", m_.rows}, {"cols", m_.cols}, {"memtiles", m_.memtiles}}},
                         {"axis", axis_name(m_.axis)}};
    for (const network::Layer& l : network_.layers) {
      const auto id = static_cast<std::size_t>(l.id);
      if (!m_.channel_order[id].empty()) head["channel_order"][l.name] = m_.channel_order[id];
      const Alias& alias = m_.aliases[id];
      if (alias.root != l.id) head["aliases"][l.name] = {{"in", name(alias.root)}, {"channel", alias.c0}};
    }
    if (!m_.zeros_kept.empty()) head["zeros_kept"] = names(m_.zeros_kept);
    for (const FusionGroup& g : m_.groups) head["groups"].push_back({{"layers", names(g.layers)}, {"tiles", g.tiles}});
    std::string text = "{";
    for (const auto& [key, value] : head.items())
      text += fmt::format("\n\"{}\": {},", key,
                          key == "channel_order" || key == "aliases" || key == "groups" ? lines(value) : value.dump());
    text += "\n\"steps\": [";
    const char* before = "\n";
    for (const ordered_json& step : steps()) {
      text += before + step.dump();
      before = ",\n";
    }
    return text + "\n]}\n";
  }

 private:
  const std::string& name(network::LayerId id) const { return network_.layers[static_cast<std::size_t>(id)].name; }
  std::vector<std::string> names(const std::vector<network::LayerId>& ids) const {
    std::vector<std::string> list;
    for (const network::LayerId id : ids) list.push_back(name(id));
    return list;
  }

  // An object or a list with a line for every value.
  static std::string lines(const ordered_json& value) {
    std::string text;
    for (const auto& [key, child] : value.items())
      text += (text.empty() ? "\n" : ",\n") + (value.is_object() ? json(key).dump() + ": " : "") + child.dump();
    return (value.is_object() ? "{" : "[") + text + (value.is_object() ? "\n}" : "\n]");
  }

  ordered_json json_of(const Place& p) const {
    ordered_json out = {{"tensor", name(p.tensor)}, {"axis", axis_name(p.axis)}};
    if (p.where == Place::Where::ddr) out["ddr"] = true;
    if (p.where == Place::Where::over) out["over"] = name(p.over);
    for (const Piece& piece : p.pieces) {
      ordered_json one = {{"memtile", piece.memtile},
                          {"rows", {piece.h.lo, piece.h.hi}},
                          {"columns", {piece.w.lo, piece.w.hi}},
                          {"address", piece.address}};
      if (piece.tile_row >= 0) one["tile_row"] = piece.tile_row;
      out["pieces"].push_back(std::move(one));
    }
    return out;
  }
  ordered_json json_of(const Compute& c) const {
    ordered_json out = {{"layer", name(c.layer)}};
    if (c.part >= 0) out["part"] = c.part;
    if (!c.joins.empty()) out["joins"] = names(c.joins);
    if (c.fused >= 0) out["fused"] = name(c.fused);
    out["rows"] = {c.rows.lo, c.rows.hi};
    out["mapping"] = layer_mapping_json(c.mapping);
    if (c.mapping.sharding.apart) out["mapping"]["apart"] = true;
    return out;
  }
  ordered_json json_of(const Release& r) const {
    ordered_json out = {{"tensor", name(r.tensor)}};
    if (r.below != Release::all) out["below"] = r.below;
    return out;
  }

  // Places, the layer, and what is free after it.
  std::vector<ordered_json> steps() const {
    std::vector<ordered_json> list;
    int last = 2;  // kind of what was written last: 0 place, 1 compute, 2 release
    for (const Step& step : m_.steps) {
      const auto kind = static_cast<int>(step.index());
      if (list.empty() || kind < last || (kind == 1 && last == 1)) list.emplace_back();
      last = kind;
      const ordered_json value = std::visit([&](const auto& s) { return json_of(s); }, step);
      if (kind == 1)
        list.back()["compute"] = value;
      else
        list.back()[kind == 0 ? "place" : "release"].push_back(value);
    }
    return list;
  }

  const Mapping& m_;
  const network::Network& network_;
};

class Reader {
 public:
  Reader(config::Document document, const network::Network& network, std::string file)
      : document_(std::move(document)), network_(network), file_(std::move(file)) {
    for (const network::Layer& l : network.layers) {
      ids_[l.name] = l.id;
      names_.push_back(l.name);
    }
  }

  Expected<ReadMapping> read() {
    write_plainly(document_.value, mapping_rule());
    failure_.problems = validate(document_, mapping_rule());
    for (Problem& p : failure_.problems) p.file = file_;
    if (!failure_.problems.empty()) return failure_;
    const json& given = document_.value;
    Mapping& m = read_.mapping;
    m.network = given["network"].get<std::string>();
    const json& array = given["array"];
    m.rows = array["rows"].get<int>();
    m.cols = array["cols"].get<int>();
    m.memtiles = array["memtiles"].get<int>();
    m.axis = axis(given["axis"]);
    read_tensors(given);
    if (given.contains("zeros_kept")) m.zeros_kept = ids(given["zeros_kept"], "zeros_kept");
    const json groups = given.value("groups", json::array());
    for (std::size_t k = 0; k < groups.size(); ++k)
      m.groups.push_back(
          {ids(groups[k]["layers"], fmt::format("groups[{}].layers", k)), groups[k]["tiles"].get<int>()});
    const json& steps = given["steps"];
    for (std::size_t k = 0; k < steps.size(); ++k) read_step(steps[k], fmt::format("steps[{}].", k));
    if (!failure_.problems.empty()) return failure_;
    return std::move(read_);
  }

 private:
  void wrong(const std::string& path, const std::string& what, const std::string& legal) {
    failure_.problems.push_back({file_, path, what, legal});
  }

  network::LayerId id(const std::string& name, const std::string& path) {
    const auto it = ids_.find(name);
    if (it != ids_.end()) return it->second;
    const std::string near = nearest_name(name, names_);
    wrong(path, fmt::format("there is no layer called \"{}\"", name),
          near.empty() ? "legal: the name of a layer of the network" : fmt::format("did you mean \"{}\"?", near));
    return 0;
  }
  std::vector<network::LayerId> ids(const json& names, const std::string& path) {
    std::vector<network::LayerId> list;
    for (std::size_t i = 0; i < names.size(); ++i)
      list.push_back(id(names[i].get<std::string>(), fmt::format("{}[{}]", path, i)));
    return list;
  }
  static Axis axis(const json& name) { return name == "width" ? Axis::width : Axis::height; }

  Span span(const json& pair, const std::string& path) {
    const Span s{pair[0].get<int>(), pair[1].get<int>()};
    if (s.empty()) wrong(path, "is " + config::show(pair), "legal: [from, to], to behind from");
    return s;
  }

  void read_tensors(const json& given) {
    Mapping& m = read_.mapping;
    m.channel_order.resize(network_.layers.size());
    m.aliases.resize(network_.layers.size());
    for (const network::Layer& l : network_.layers) m.aliases[static_cast<std::size_t>(l.id)].root = l.id;
    const json orders = given.value("channel_order", json::object()), aliases = given.value("aliases", json::object());
    for (const auto& [name, order] : orders.items())
      m.channel_order[static_cast<std::size_t>(id(name, "channel_order." + name))] = order.get<std::vector<int>>();
    for (const auto& [name, alias] : aliases.items())
      m.aliases[static_cast<std::size_t>(id(name, "aliases." + name))] = {
          id(alias["in"].get<std::string>(), "aliases." + name + ".in"), alias["channel"].get<int>()};
  }

  void read_step(const json& step, const std::string& path) {
    const json places = step.value("place", json::array()), releases = step.value("release", json::array());
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::string at = fmt::format("{}place[{}]", path, i);
      add(read_place(places[i], at), at);
    }
    if (step.contains("compute")) add(read_compute(step["compute"], path + "compute"), path + "compute");
    for (std::size_t i = 0; i < releases.size(); ++i) {
      const std::string at = fmt::format("{}release[{}]", path, i);
      add(Release{id(releases[i]["tensor"].get<std::string>(), at + ".tensor"),
                  releases[i].value("below", Release::all)},
          at);
    }
  }
  void add(Step step, const std::string& path) {
    read_.mapping.steps.push_back(std::move(step));
    read_.paths.push_back(path);
  }

  Place read_place(const json& given, const std::string& path) {
    Place p;
    p.tensor = id(given["tensor"].get<std::string>(), path + ".tensor");
    p.axis = given.contains("axis") ? axis(given["axis"]) : read_.mapping.axis;
    const bool ddr = given.value("ddr", false), over = given.contains("over"), pieces = given.contains("pieces");
    if (ddr + over + pieces != 1)
      wrong(path, fmt::format("{} has {} places", config::show(given["tensor"]), ddr + over + pieces),
            "legal: exactly one of pieces, over and ddr: true");
    if (ddr) p.where = Place::Where::ddr;
    if (over) {
      p.where = Place::Where::over;
      p.over = id(given["over"].get<std::string>(), path + ".over");
    }
    for (std::size_t i = 0; pieces && i < given["pieces"].size(); ++i) {
      const json& piece = given["pieces"][i];
      const std::string at = fmt::format("{}.pieces[{}]", path, i);
      p.pieces.push_back({piece["memtile"].get<int>(), span(piece["rows"], at + ".rows"),
                          span(piece["columns"], at + ".columns"), piece["address"].get<std::int64_t>(),
                          piece.value("tile_row", -1)});
    }
    return p;
  }

  Compute read_compute(const json& given, const std::string& path) {
    Compute c;
    c.layer = id(given["layer"].get<std::string>(), path + ".layer");
    c.part = given.value("part", -1);
    if (given.contains("joins")) c.joins = ids(given["joins"], path + ".joins");
    if (given.contains("fused")) c.fused = id(given["fused"].get<std::string>(), path + ".fused");
    c.rows = span(given["rows"], path + ".rows");
    const json& mapping = given["mapping"];
    for (const char* part : {"buffers", "channels", "inbound"})
      for (const auto& [key, rule] : rule_.find(part)->keys)
        if (!mapping[part].contains(key)) {
          wrong(fmt::format("{}.mapping.{}.{}", path, part, key), "is missing (" + rule.meaning + ")",
                legal_values(rule));
          return c;
        }
    const ForcedMapping f = read_layer_mapping(mapping);
    c.mapping = {{*f.cols, *f.rows, mapping.value("apart", false)},
                 *f.tile,
                 *f.weights_stationary,
                 *f.chunks_staged,
                 {*f.buffers.input, *f.buffers.weights, *f.buffers.operand, *f.buffers.output},
                 {*f.channels.acts, *f.channels.spills, *f.channels.weights, *f.channels.results, *f.channels.loads},
                 {*f.inbound.aside, *f.inbound.operand_first}};
    return c;
  }

  config::Document document_;
  const config::Rule rule_ = layer_mapping_rule();
  const network::Network& network_;
  std::string file_;
  std::map<std::string, network::LayerId> ids_;
  std::vector<std::string> names_;
  Failure failure_;
  ReadMapping read_;
};

}  // namespace

std::string write_mapping(const Mapping& mapping, const network::Network& network) {
  return Writer(mapping, network).write();
}

Expected<ReadMapping> parse_mapping(const std::string& text, const network::Network& network, const std::string& file) {
  const Expected<json> value = parse_json(text, file);
  if (!value) return value.failure();
  config::Document document;
  document.value = *value;
  return Reader(std::move(document), network, file).read();
}

}  // namespace tessera::mapping

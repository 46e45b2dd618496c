#include "sim/result/sweep.h"

#include <algorithm>

#include "sim/result/json.h"

namespace tessera::result {
namespace {
using nlohmann::json;
const std::string dense_prefix = "dense_";

template <class Owner>
std::string key_of(const Metric<Owner>& m) {
  return m.column.name.empty() ? m.name : m.column.name;
}

template <class Owner>
void write_flat(const Owner& owner, const std::vector<Metric<Owner>>& table, json& row) {
  for (const Metric<Owner>& m : table) {
    const Value value = m.access.get ? m.access.get(owner) : Value();
    if (has_value(value)) row[key_of(m)] = json_of(value);
  }
}

template <class Owner>
void read_flat(const Row& row, const std::vector<Metric<Owner>>& table, Owner& owner) {
  for (const Metric<Owner>& m : table) {
    const auto found = row.find(key_of(m));
    if (m.access.set && found != row.end()) m.access.set(owner, found->second);
  }
}

Value in(const Row* row, const std::string& key) {
  if (row == nullptr) return {};
  const auto found = row->find(key);
  return found == row->end() ? Value() : found->second;
}

template <class Owner>
const Metric<Owner>* find(const std::vector<Metric<Owner>>& table, const std::string& key) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& m) { return m.access.get && key_of(m) == key; });
  return found == table.end() ? nullptr : &*found;
}

bool starts_dense(const std::string& name) { return name.rfind(dense_prefix, 0) == 0; }
}  // namespace

StoredRow stored_row(const RunResult& run) {
  json row, layers = json::array();
  write_flat(run, run_metrics(), row);
  StoredRow stored;
  for (const auto& [name, density] : densities(run)) {
    write_flat(*density, density_metrics(), row);
    stored.program_hash = density->program_hash;
    for (const LayerResult& layer : density->layers) {
      json& entry = layers.emplace_back();
      write_metrics(layer, layer_metrics(), entry);
      json& time = entry["time"];
      for (auto it = time.begin(); it != time.end();) it = *it == 0 ? time.erase(it) : std::next(it);
    }
  }
  stored.row = row.dump(-1, ' ', false, json::error_handler_t::replace);
  stored.layers = layers.dump(-1, ' ', false, json::error_handler_t::replace);
  return stored;
}

Row parse_row(const std::string& text) {
  Row row;
  const json object = json::parse(text, nullptr, false);
  if (object.is_object())
    for (const auto& [key, value] : object.items()) row[key] = value_of(value);
  return row;
}

const std::vector<SweepColumn>& sweep_columns() {
  static const std::vector<SweepColumn> all = [] {
    std::vector<SweepColumn> columns;
    for (const auto& m : run_metrics())
      if (m.access.get) columns.push_back({key_of(m), m.unit, m.sentence, m.access.kind, !m.column.name.empty()});
    for (const auto& m : density_metrics()) {
      if (!m.access.get) continue;
      columns.push_back({key_of(m), m.unit, m.sentence, m.access.kind, !m.column.name.empty()});
      columns.push_back({dense_prefix + key_of(m), m.unit, "Of the dense baseline: " + key_of(m) + ".", m.access.kind,
                         m.column.dense});
    }
    return columns;
  }();
  return all;
}

bool is_sweep_column(const std::string& name) {
  const std::vector<SweepColumn>& all = sweep_columns();
  return std::any_of(all.begin(), all.end(), [&](const SweepColumn& c) { return c.name == name; });
}

Value sweep_cell(const Row* point, const Row* dense, const std::string& column) {
  if (point == nullptr) return {};
  if (starts_dense(column) && find(density_metrics(), column.substr(dense_prefix.size())) != nullptr)
    return in(dense, column.substr(dense_prefix.size()));
  const Value own = in(point, column);
  const Metric<RunResult>* both = find(run_metrics(), column);
  if (has_value(own) || dense == nullptr || both == nullptr) return own;
  RunResult run;
  read_flat(*point, run_metrics(), run);
  read_flat(*point, density_metrics(), run.sparse.emplace());
  read_flat(*dense, density_metrics(), run.dense.emplace());
  return both->access.get(run);
}

}  // namespace tessera::result

#include "sim/result/csv.h"

#include "sim/result/json.h"

namespace tessera::result {
namespace {

// A field of RFC 4180: in quotes when it has to be.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? "\"\"" : std::string(1, c);
  return field + "\"";
}

std::string field_of(const Value& value) {
  if (!has_value(value)) return "";
  return std::holds_alternative<std::string>(value) ? csv_field(text(value)) : json_of(value).dump();
}
}  // namespace

std::string layers_csv(const RunResult& run) {
  std::string csv = "density";
  for (const Metric<LayerResult>& m : layer_metrics())
    if (!m.column.name.empty()) csv += "," + m.column.name;
  csv += '\n';
  for (const auto& [name, density] : densities(run)) {
    for (const LayerResult& layer : density->layers) {
      csv += name;
      for (const Metric<LayerResult>& m : layer_metrics())
        if (!m.column.name.empty()) csv += "," + field_of(m.access.get(layer));
      csv += '\n';
    }
  }
  return csv;
}

}  // namespace tessera::result

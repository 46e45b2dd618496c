#include "sim/config/validate.h"

namespace tessera::config {
namespace {
using nlohmann::ordered_json;

ordered_json number_schema(const Rule& rule, bool whole) {
  return {{"type", whole ? "integer" : "number"}, {"minimum", rule.low}, {"maximum", rule.high}};
}

ordered_json quantity_schema(const Rule& rule) {
  const ordered_json number = number_schema(rule, rule.whole);
  ordered_json object = {{"type", "object"}, {"additionalProperties", false}};
  ordered_json& keys = object["properties"] = {{"value", number}};
  if (!rule.one_for_all) {
    keys["value_per_column"] = number;
    keys["by_array"] = {
        {"type", "object"}, {"additionalProperties", false}, {"patternProperties", {{array_shape, number}}}};
  }
  keys["min"] = number;
  keys["max"] = number;
  keys["unit"] = {{"const", rule.unit}};
  keys["source"] = {{"type", "string"}};
  return {{"anyOf", {number, object}}};
}

ordered_json schema_of(const Rule& rule) {
  ordered_json schema;
  switch (rule.kind) {
    case Rule::Kind::object: {
      ordered_json object = {{"type", "object"}, {"additionalProperties", false}};
      // An "extends" may supply what is required, so only files without one are complete by themselves.
      object["properties"]["extends"] = {{"type", "string"},
                                         {"description", "path of a file that this one is laid over"}};
      for (const auto& [name, child] : rule.keys) object["properties"][name] = schema_of(child);
      if (rule.or_file) {
        schema["anyOf"] = {{{"type", "string"}}, object};
      } else {
        schema = object;
      }
      break;
    }
    case Rule::Kind::map:
      schema = {{"type", "object"}, {"additionalProperties", schema_of(*rule.item)}};
      break;
    case Rule::Kind::list:
      schema = {{"type", "array"}, {"minItems", rule.low}, {"maxItems", rule.high}, {"items", schema_of(*rule.item)}};
      break;
    case Rule::Kind::integer:
      schema = number_schema(rule, true);
      if (!rule.except.empty()) schema["not"] = {{"enum", rule.except}};
      break;
    case Rule::Kind::number:
      schema = number_schema(rule, false);
      break;
    case Rule::Kind::quantity:
      schema = quantity_schema(rule);
      break;
    case Rule::Kind::text:
      schema = {{"type", "string"}};
      break;
    case Rule::Kind::choice:
      schema = {{"enum", rule.choices}};
      break;
    case Rule::Kind::boolean:
      schema = {{"type", "boolean"}};
      break;
    case Rule::Kind::anything:
      schema = ordered_json::object();
      break;
  }
  if (!rule.meaning.empty()) {
    schema["description"] = rule.unit.empty() ? rule.meaning : rule.meaning + " [" + rule.unit + "]";
  }
  return schema;
}
}  // namespace

ordered_json json_schema(const Rule& rule, const std::string& title) {
  ordered_json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", title}};
  schema.update(schema_of(rule));
  return schema;
}

}  // namespace tessera::config

// Checks a document against its rule and reports every problem: file, JSON path, offending value, what is legal with
// its unit, and the nearest name for a misspelt one.
#pragma once
#include <vector>

#include "sim/config/document.h"
#include "sim/config/rule.h"

namespace tessera::config {

std::vector<Problem> validate(const Document& document, const Rule& rule);

// Numbers in one form, however they are written: whole ones where the rule wants them (8.0 is 8), and no negative zero.
void write_plainly(nlohmann::json& value, const Rule& rule);

// The value as a problem shows it: short, on one line.
std::string show(const nlohmann::json& value);

// The same rule as a JSON Schema (draft 7), for editors.
nlohmann::ordered_json json_schema(const Rule& rule, const std::string& title);

}  // namespace tessera::config

// The text form of a mapping: JSON, a step a line. What is written is read back as the same mapping.
#pragma once
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/mapping/mapping.h"

namespace tessera::mapping {

std::string write_mapping(const Mapping& mapping, const network::Network& network);

// A mapping that was read, and where in the file each of its steps stands ("steps[3].compute").
struct ReadMapping {
  Mapping mapping;
  std::vector<std::string> paths;
};
// Names of layers are those of `network`. Every problem comes with `file` and its path; whether the mapping can be
// followed is for check.h.
Expected<ReadMapping> parse_mapping(const std::string& text, const network::Network& network, const std::string& file);

}  // namespace tessera::mapping

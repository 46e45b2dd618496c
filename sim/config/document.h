// A JSON document put together from a file, the files it extends, the files it refers to and `--set a.b=c`, that still
// knows where each part came from: problems name that file, and relative paths start at its folder.
//
// {"extends": "base.json", ...} stands for base.json with the other keys laid over it, at any depth. A bare number laid
// over {"value", "unit", "source"} replaces the value and names itself as the source.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::config {

struct Origin {
  std::string file;    // as problems name it
  std::string folder;  // where relative paths start
};

class Document {
 public:
  nlohmann::json value;
  std::vector<Problem> problems;  // of reading and putting together; what could be read is in `value` all the same

  // Of the value at `path` ("hardware.tile.dma"), or of the nearest value around it.
  const Origin& origin(const std::string& path) const;

 private:
  friend class DocumentLoader;
  std::map<std::string, Origin> origins_;  // by path; the root is ""
};

// `references`: top-level keys that may hold the path of a file whose content belongs in their place. A reference that
// cannot be read stays a text and is among the problems.
Document load_document(const std::string& path, const std::vector<std::string>& references,
                       const std::vector<std::string>& sets = {});
Document make_document(const nlohmann::json& value, const Origin& origin, const std::vector<std::string>& references,
                       const std::vector<std::string>& sets = {});

// The text of a path below `path`: "a" + "b" = "a.b".
std::string join_path(const std::string& path, const std::string& key);

}  // namespace tessera::config

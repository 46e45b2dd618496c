// A JSON document put together from a file, the files it extends, the files it refers to and `--set a.b=c`, that still
// knows where each part came from: problems name that file, and relative paths start at its folder.
//
// {"extends": "base.json", ...} stands for base.json with the other keys laid over it, at any depth. A bare number laid
// over {"value", "unit", "source"} replaces the value and names itself as the source.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
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

// A top-level key that may hold the path of a file whose content belongs in its place, or the bare name of a file in
// `folder` (without .json; no folder: no names). What cannot be read stays a text and is among the problems.
struct Reference {
  Reference(const char* key_of_it, std::string folder_of_names = "")
      : key(key_of_it), folder(std::move(folder_of_names)) {}
  std::string key, folder;
};

// Assignments lie over the file in their order. One that would undo another in silence is a problem that names both:
// the same key twice, or a whole part behind one of its keys (hardware.rows=2, then hardware=...).
Document load_document(const std::string& path, const std::vector<Reference>& references,
                       const std::vector<std::string>& sets = {});
Document make_document(const nlohmann::json& value, const Origin& origin, const std::vector<Reference>& references,
                       const std::vector<std::string>& sets = {});

// Whether an assignment to the path `later` would undo one to `earlier`: the same key, or a part that holds it.
bool undoes(const std::string& later, const std::string& earlier);

// Whether the value of an assignment to the path `earlier` says the key `later` below it.
bool says(const std::string& earlier, const nlohmann::json& value, const std::string& later);

// The text of a path below `path`: "a" + "b" = "a.b".
std::string join_path(const std::string& path, const std::string& key);

}  // namespace tessera::config

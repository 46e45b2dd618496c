#include "sim/run/unfollowed_keys.h"

#include <fmt/format.h>

#include "sim/config/validate.h"

namespace tessera {
namespace {
using nlohmann::json;

class Finder {
 public:
  explicit Finder(const Document& document) : document_(document) {}

  std::vector<Problem> find() {
    check_mask_file(part(document_.value, "sparsity"));
    return std::move(problems_);
  }

 private:
  // The object at `key`, empty when there is none.
  static const json& part(const json& object, const char* key) {
    static const json none = json::object();
    if (!object.is_object() || !object.contains(key) || !object[key].is_object()) return none;
    return object[key];
  }

  void refuse(const json& object, const char* key, const std::string& at, const char* beside,
              const std::string& legal) {
    if (!object.is_object() || !object.contains(key)) return;
    const std::string path = join_path(at, key);
    problems_.push_back({document_.origin(path).file, path, fmt::format("is {} beside {}", show(object[key]), beside), legal});
  }

  // A file says which blocks are zero; only the size of the blocks is left to say.
  void check_mask_file(const json& sparsity) {
    if (!sparsity.contains("mask_file")) return;
    const char* beside = "sparsity.mask_file, which says which blocks are zero";
    const std::string legal = "legal: one of the two; --set 'sparsity={\"mask_file\": ...}' leaves the rest out";
    for (const char* key : {"ratio", "pattern", "seed"}) refuse(sparsity, key, "sparsity", beside, legal);
    for (const auto& [name, layer] : part(sparsity, "layers").items())
      for (const char* key : {"ratio", "pattern", "seed"})
        refuse(layer, key, "sparsity.layers." + name, beside, "legal: one of the two");
  }

  const Document& document_;
  std::vector<Problem> problems_;
};
}  // namespace

std::vector<Problem> unfollowed_keys(const Document& document) { return Finder(document).find(); }

}  // namespace tessera

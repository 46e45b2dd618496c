#include "explore/plan/inputs.h"

#include <filesystem>
#include <map>

#include "explore/store/checksum.h"
#include "sim/base/json_file.h"
#include "sim/run/config_folder.h"

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

class Closure {
 public:
  void add_file(const fs::path& path) {
    const std::string name = fs::weakly_canonical(path).string();
    if (contents_.count(name) > 0) return;
    const Expected<std::string> text = read_text(name);
    if (!text) return;  // whoever loads it says so
    contents_[name] = checksum(*text);
    if (!deep_nesting(*text, name)) add_texts(Json::parse(*text, nullptr, false, true), path.parent_path());
  }

  void add_texts(const Json& value, const fs::path& folder) {
    if (value.is_structured())
      for (const Json& part : value) add_texts(part, folder);
    if (!value.is_string() || value.get_ref<const std::string&>().size() > 1000) return;
    const std::string text = value.get<std::string>();
    for (const fs::path& path :
         {folder / text, fs::path(run::config_folder()) / "hardware/kernels" / (text + ".json")}) {
      std::error_code none;
      if (fs::is_regular_file(path, none)) add_file(path);
    }
  }

  std::string text() const {
    std::string all;
    for (const auto& [name, content] : contents_) all += name + " " + content + "\n";
    return all;
  }

 private:
  std::map<std::string, std::string> contents_;
};

}  // namespace

std::string plan_inputs(const Sweep& sweep, const std::string& build) {
  Closure closure;
  closure.add_file(sweep.base);
  closure.add_texts(Json::parse(sweep.text, nullptr, false, true), fs::path(sweep.file).parent_path());
  return checksum(build + "\n" + sweep.text + "\n" + closure.text());
}

}  // namespace tessera::explore

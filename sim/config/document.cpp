#include "sim/config/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sim/base/json_file.h"
#include "sim/config/named_file.h"

namespace tessera::config {
namespace {
using nlohmann::json;

bool is_quantity(const json& value) { return value.is_object() && value.contains("value"); }

std::string folder_of(const std::string& file) { return std::filesystem::path(file).parent_path().string(); }

// The parent of "a.b[2]" is "a.b", of "a" is "".
std::string parent_path(const std::string& path) {
  const std::string::size_type end = path.find_last_of(".[");
  return end == std::string::npos ? "" : path.substr(0, end);
}

std::string text_of(const std::vector<std::string>& keys) {
  std::string path;
  for (const std::string& key : keys) path = join_path(path, key);
  return path;
}

// Splits "a.b.c" at its dots; a key with dots stands in quotes: schedule.layers."block.1".cols. What cannot be split
// has an empty key.
std::vector<std::string> keys_of(const std::string& path) {
  std::vector<std::string> keys{""};
  bool quoted = false;
  for (const char c : path) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == '.' && !quoted) {
      keys.emplace_back();
    } else {
      keys.back() += c;
    }
  }
  if (quoted) keys.emplace_back();  // a quote that is not closed
  return keys;
}

bool below(const std::string& path, const std::string& top) {
  return top.empty() || path == top ||
         (path.size() > top.size() && path.compare(0, top.size(), top) == 0 &&
          (path[top.size()] == '.' || path[top.size()] == '['));
}
}  // namespace

std::string join_path(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }

bool undoes(const std::string& later, const std::string& earlier) {
  const std::vector<std::string> whole = keys_of(later), part = keys_of(earlier);
  return whole.size() <= part.size() && std::equal(whole.begin(), whole.end(), part.begin());
}

bool says(const std::string& earlier, const json& value, const std::string& later) {
  const std::vector<std::string> part = keys_of(earlier), whole = keys_of(later);
  if (part.size() >= whole.size() || !std::equal(part.begin(), part.end(), whole.begin())) return false;
  const json* at = &value;
  for (std::size_t i = part.size(); i < whole.size(); ++i) {
    if (at->is_array()) return true;  // of which one element would be another
    if (!at->is_object() || !at->contains(whole[i])) return false;
    at = &at->at(whole[i]);
  }
  return true;
}

const Origin& Document::origin(const std::string& path) const {
  static const Origin nowhere;
  for (std::string at = path;; at = parent_path(at)) {
    const auto found = origins_.find(at);
    if (found != origins_.end()) return found->second;
    if (at.empty()) return nowhere;
  }
}

// Collects the problems of all files in one pass.
class DocumentLoader {
 public:
  explicit DocumentLoader(const std::vector<Reference>& references) : references_(references) {}

  // `named_by`: where the path stands, for the message.
  Document file(const std::string& path, const std::string& named_by = "") {
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) {
      problem(open_.back(), "extends", "\"" + path + "\" extends itself", "");
      return {};
    }
    Expected<json> value = read_json(path);
    if (!value) {
      for (Problem problem : value.failure().problems) {
        if (problem.legal.empty() && !named_by.empty()) problem.legal = "named by " + named_by;
        problems_.push_back(std::move(problem));
      }
      return {};
    }
    open_.push_back(path);
    Document document = extend(*value, {path, folder_of(path)}, "");
    open_.pop_back();
    return document;
  }

  // `value` as it stands in `origin`, with every "extends" in it replaced by what it means.
  Document extend(const json& value, const Origin& origin, const std::string& path) {
    Document document;
    document.origins_[""] = origin;
    if (!value.is_object()) {
      document.value = value;
      return document;
    }
    document.value = json::object();
    if (value.contains("extends")) {
      const json& base = value["extends"];
      if (!base.is_string()) {
        problem(origin.file, join_path(path, "extends"), "is " + base.dump(), "legal: the path of a file");
      } else {
        const Document whole =
            file((std::filesystem::path(origin.folder) / base.get<std::string>()).lexically_normal().string(),
                 origin.file + ": " + join_path(path, "extends"));
        const bool usable = whole.value.is_object();
        if (usable) document = whole;
      }
    }
    for (const auto& [key, child] : value.items()) {
      if (key == "extends") continue;
      const bool own_base = child.is_object() && child.contains("extends");
      lay_over(document, {key}, extend(child, origin, join_path(path, key)), own_base);
    }
    return document;
  }

  // Lays `patch` over what stands at `keys`; `replace`: instead of it.
  void lay_over(Document& document, const std::vector<std::string>& keys, const Document& patch, bool replace) {
    const Origin& origin = patch.origin("");
    std::string path;
    json* target = locate(document, keys, origin, patch.value.is_object() && !replace, path);
    if (target == nullptr) return;
    if (patch.value.is_object() && !replace && !is_quantity(patch.value) && target->is_object() &&
        !is_quantity(*target)) {
      for (const auto& [key, child] : patch.value.items()) {
        std::vector<std::string> inner = keys;
        inner.push_back(key);
        lay_over(document, inner, part(patch, key), false);
      }
      return;
    }
    if (!patch.value.is_object() && is_quantity(*target)) {
      target->erase("value_per_column");
      target->erase("by_array");
      (*target)["value"] = patch.value;
      (*target)["source"] = "set by " + std::filesystem::path(origin.file).filename().string();
      document.origins_[path] = origin;
      return;
    }
    *target = patch.value;
    const auto stale = [&](const auto& entry) { return below(entry.first, path); };
    for (auto it = document.origins_.begin(); it != document.origins_.end();) {
      it = stale(*it) ? document.origins_.erase(it) : std::next(it);
    }
    for (const auto& [at, from] : patch.origins_) document.origins_[at.empty() ? path : join_path(path, at)] = from;
  }

  // Puts the content of the file in the place of its path.
  void refer(Document& document, const Reference& reference) {
    const std::string& key = reference.key;
    if (!document.value.is_object() || !document.value.contains(key) || !document.value[key].is_string()) return;
    const Origin origin = document.origin(key);
    const std::string name = document.value[key].get<std::string>();
    const Expected<std::string> path = named_file(name, origin.folder, reference.folder);
    if (!path) {
      for (const Problem& p : path.failure().problems) problem(origin.file, key, p.what, p.legal);
      return;
    }
    const std::size_t known = problems_.size();
    const Document content = file(*path, origin.file + ": " + key);
    if (!content.value.is_object() && problems_.size() == known)
      problem(*path, "", fmt::format("holds {}", content.value.dump()), "legal: a JSON object");
    if (content.value.is_object()) lay_over(document, {key}, content, true);
  }

  void refuse_undone(const std::vector<std::string>& sets) {
    std::vector<std::string> paths;  // of the assignments so far
    for (const std::string& assignment : sets) {
      const std::string path = assignment.substr(0, assignment.find('='));
      const std::vector<std::string> keys = keys_of(path);
      if (std::find(keys.begin(), keys.end(), "") != keys.end()) continue;  // no path: reported when it is set
      for (const std::string& earlier : paths)
        if (undoes(path, earlier))
          problem("--set", path,
                  earlier == path ? "is given twice" : "would undo " + earlier + ", which is given before it",
                  earlier == path ? "legal: once" : "legal: " + path + " before " + earlier + ", or one of the two");
      paths.push_back(path);
    }
  }

  void set(Document& document, const std::string& assignment) {
    const std::string::size_type equals = assignment.find('=');
    const std::string path = assignment.substr(0, equals);
    const std::vector<std::string> keys = keys_of(path);
    if (equals == std::string::npos || std::find(keys.begin(), keys.end(), "") != keys.end()) {
      problem("--set", assignment, "is not an assignment", "legal: a.b=value, for example sparsity.ratio=0.75");
      return;
    }
    const std::string text = assignment.substr(equals + 1);
    if (text.empty())
      return problem("--set", path, "is given no value", "legal: a value behind the =, \"\" for an empty text");
    if (const std::optional<Problem> deep = deep_nesting(text, "--set"))
      return problem("--set", path, deep->what, deep->legal);
    json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) value = text;
    lay_over(document, keys, extend(value, {"--set", ""}, path), value.is_object());
  }

  // The document with everything laid over it, every reference followed, and the problems of all its files.
  Document complete(Document document, const std::vector<std::string>& sets) {
    if (!document.value.is_null() || problems_.empty()) {
      refuse_undone(sets);
      for (const std::string& assignment : sets) set(document, assignment);
      for (const Reference& reference : references_) refer(document, reference);
    }
    document.problems = std::move(problems_);
    return document;
  }

 private:
  void problem(const std::string& file, const std::string& path, const std::string& what, const std::string& legal) {
    problems_.push_back({file, path, what, legal});
  }

  // The value at `keys`, made if absent, for what stands in `origin`; `path`: how problems call it, "a.b[2]". A
  // reference on the way is followed first, because the keys go into it; so is one at the end when `inside` (an object
  // comes to lie over it).
  json* locate(Document& document, const std::vector<std::string>& keys, const Origin& origin, bool inside,
               std::string& path) {
    const auto reference =
        std::find_if(references_.begin(), references_.end(), [&](const Reference& r) { return r.key == keys.front(); });
    if (reference != references_.end() && (keys.size() > 1 || inside)) refer(document, *reference);
    json* at = &document.value;
    for (const std::string& key : keys) {
      if (at->is_null()) *at = json::object();
      const bool index = at->is_array() && key.size() < 9 && key.find_first_not_of("0123456789") == std::string::npos;
      if (index && std::stoul(key) < at->size()) {
        at = &(*at)[std::stoul(key)];
        path += "[" + key + "]";
      } else if (at->is_object()) {
        path = join_path(path, key);
        if (!at->contains(key)) document.origins_[path] = origin;
        at = &(*at)[key];
      } else {
        problem(origin.file, text_of(keys), "leads into a value that has no \"" + key + "\": " + at->dump(), "");
        return nullptr;
      }
    }
    return at;
  }

  static Document part(const Document& document, const std::string& key) {
    Document child;
    child.value = document.value[key];
    child.origins_[""] = document.origin(key);
    for (const auto& [at, from] : document.origins_) {
      if (below(at, key) && at != key) child.origins_[at.substr(key.size() + 1)] = from;
    }
    return child;
  }

  const std::vector<Reference>& references_;
  std::vector<Problem> problems_;
  std::vector<std::string> open_;  // files being read, to notice a circle
};

Document load_document(const std::string& path, const std::vector<Reference>& references,
                       const std::vector<std::string>& sets) {
  DocumentLoader loader(references);
  return loader.complete(loader.file(path), sets);
}

Document make_document(const json& value, const Origin& origin, const std::vector<Reference>& references,
                       const std::vector<std::string>& sets) {
  DocumentLoader loader(references);
  return loader.complete(loader.extend(value, origin, ""), sets);
}

}  // namespace tessera::config

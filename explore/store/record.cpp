#include "explore/store/record.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "explore/store/checksum.h"

namespace tessera::explore {

std::string one_line(const Failure& failure) {
  std::string text;
  for (const Problem& p : failure.problems) {
    if (!text.empty()) text += " | ";
    if (p.path.empty() && !p.file.empty()) text += std::filesystem::path(p.file).filename().string() + ": ";
    if (!p.path.empty()) text += p.path + ": ";
    text += p.what;
    if (!p.legal.empty()) text += "; " + p.legal;
  }
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

std::string record_checksum(const RunRecord& r) {
  std::string all;
  for (const std::string* part :
       {&r.key, &r.config, &r.status, &r.reason, &r.program_hash, &r.result, &r.layers, &r.build}) {
    all += std::to_string(part->size()) + ":";
    all += *part;
  }
  return checksum(all + (r.dense ? "d" : "s"));
}

std::string to_line(const RunRecord& r) {
  const nlohmann::json line = {{"key", r.key},
                               {"dense", r.dense},
                               {"config", r.config},
                               {"status", r.status},
                               {"reason", r.reason},
                               {"attempts", r.attempts},
                               {"seconds", r.seconds},
                               {"memory_mb", r.memory_mb},
                               {"program_hash", r.program_hash},
                               {"result", r.result},
                               {"layers", r.layers},
                               {"build", r.build},
                               {"checksum", record_checksum(r)}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

RunRecord from_line(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  RunRecord r;
  if (!json.is_object()) return {};
  try {
    json.at("key").get_to(r.key);
    json.at("dense").get_to(r.dense);
    json.at("config").get_to(r.config);
    json.at("status").get_to(r.status);
    json.at("reason").get_to(r.reason);
    json.at("attempts").get_to(r.attempts);
    json.at("seconds").get_to(r.seconds);
    json.at("memory_mb").get_to(r.memory_mb);
    json.at("program_hash").get_to(r.program_hash);
    json.at("result").get_to(r.result);
    json.at("layers").get_to(r.layers);
    json.at("build").get_to(r.build);
    if (json.at("checksum") != record_checksum(r)) return {};
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return r;
}

}  // namespace tessera::explore

#include "tests/validation/compare.h"

#include <cmath>
#include <map>

namespace tessera {

std::vector<std::string> regressions(const nlohmann::json& committed, const nlohmann::json& fresh, double tolerance) {
  std::vector<std::string> worse;
  std::map<std::string, nlohmann::json> now;
  for (const auto& row : fresh.at("rows")) now[row.at("id").get<std::string>()] = row;
  for (const auto& row : committed.at("rows")) {
    const auto id = row.at("id").get<std::string>();
    if (!row.at("skipped").get<std::string>().empty() || row.at("class") == "network") continue;
    const auto it = now.find(id);
    if (it == now.end()) {
      worse.push_back(id + " is missing");
    } else if (!it->second.at("skipped").get<std::string>().empty()) {
      worse.push_back(id + " is skipped now: " + it->second.at("skipped").get<std::string>());
    } else {
      const double before = std::abs(row.at("error_pct").get<double>()),
                   after = std::abs(it->second.at("error_pct").get<double>());
      if (after > before + tolerance)
        worse.push_back(id + " was off by " + std::to_string(before) + " %, now by " + std::to_string(after) + " %");
    }
  }
  for (const char* mean : {"mape_pct", "mape_holdout_pct"})
    if (fresh.at(mean).is_null() || fresh.at(mean).get<double>() > committed.at(mean).get<double>() + tolerance / 10)
      worse.push_back(std::string(mean) + " grew");
  return worse;
}

}  // namespace tessera

// The values of one layer in a network file by their keys; what is missing, mistyped or out of range becomes a problem.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"
#include "sim/network/network.h"

namespace tessera::network {

class LayerKeys {
 public:
  LayerKeys(const nlohmann::json& j, std::string path, const std::string& file, std::vector<Problem>& problems)
      : json_(j), path_(std::move(path)), file_(file), problems_(problems) {}

 protected:
  void report(const std::string& key, std::string what, std::string legal);
  // What one step of int8 stands for, where `from` has the key.
  void read_step(const nlohmann::json& from, const std::string& path, const char* key, double& step);
  int optional(const char* key, int low, int high, int otherwise);
  // A list of `count` whole numbers, or of one or more where count is 0; empty after a problem.
  std::vector<int> int_list(const char* key, int low, int high, int count);
  // A list of numbers, -1 or more, times `steps` and rounded; empty after a problem.
  std::vector<int> positions(const char* key, int steps);
  ElementType type(const char* key);
  bool flag(const char* key);
  int required(const char* key, int low, int high);
  // A number (repeated for both sides) or a list of one of the `lengths`; empty after a problem.
  std::vector<int> numbers(const char* key, const std::vector<std::size_t>& lengths, int low, int high,
                           std::vector<int> otherwise);

  const nlohmann::json& json_;
  std::string path_;  // of the layer
  const std::string& file_;
  std::vector<Problem>& problems_;
};

// A JSON integer in [low, high]; otherwise a problem at `path` and nullopt.
std::optional<int> read_int(const nlohmann::json& json, int low, int high, const std::string& file,
                            const std::string& path, std::vector<Problem>& problems);

// Reports every key of `json` that is not among `legal`, with the nearest legal one.
void refuse_unknown_keys(const nlohmann::json& json, const std::vector<std::string>& legal, const std::string& file,
                         const std::string& path, std::vector<Problem>& problems);

}  // namespace tessera::network

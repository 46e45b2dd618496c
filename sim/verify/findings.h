// Problems found by the verifier, named by engine, step and layer, up to a limit.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera::verify {

class Findings {
 public:
  Findings(const program::Program& program, const program::EngineMap& map) : p_(program), map_(map) {}

  void add(std::string path, std::string what, std::string legal = {});
  // What is right by itself, and has no room on this array.
  void does_not_fit(std::string path, std::string what, std::string legal);
  // Engines that can never go on.
  void deadlock(program::EngineId engine, std::string what);
  // At a step of an engine.
  void at(program::EngineId engine, std::size_t step, int layer, std::string what, std::string legal = {});
  bool full() const { return problems_.size() >= limit; }
  std::size_t size() const { return problems_.size(); }
  bool empty() const { return problems_.empty(); }
  // What the verifier answers; nothing when nothing was found.
  std::optional<Failure> take();

  std::string place(program::EngineId engine, std::size_t step, int layer) const;
  std::string layer_name(int layer) const;

 private:
  static constexpr std::size_t limit = 30;
  const program::Program& p_;
  const program::EngineMap& map_;
  ExitCode code_ = ExitCode::bad_input;
  std::vector<Problem> problems_;
};

std::string region_text(const program::Region& r);

}  // namespace tessera::verify

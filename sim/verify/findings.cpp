#include "sim/verify/findings.h"

#include <fmt/format.h>

namespace tessera::verify {

void Findings::add(std::string path, std::string what, std::string legal) {
  if (!full()) problems_.push_back({"", std::move(path), std::move(what), std::move(legal)});
}

void Findings::does_not_fit(std::string path, std::string what, std::string legal) {
  code_ = ExitCode::does_not_fit;
  add(std::move(path), std::move(what), std::move(legal));
}

void Findings::deadlock(program::EngineId engine, std::string what) {
  code_ = ExitCode::deadlock;
  add(map_.name(engine), std::move(what));
}

std::optional<Failure> Findings::take() {
  if (problems_.empty()) return std::nullopt;
  return Failure{code_, std::move(problems_)};
}

void Findings::at(program::EngineId engine, std::size_t step, int layer, std::string what, std::string legal) {
  if (!full()) add(place(engine, step, layer), std::move(what), std::move(legal));
}

std::string Findings::place(program::EngineId engine, std::size_t step, int layer) const {
  std::string text = fmt::format("{} step {}", map_.name(engine), step);
  if (layer >= 0) text += " layer " + layer_name(layer);
  return text;
}

std::string Findings::layer_name(int layer) const {
  if (layer < 0 || static_cast<std::size_t>(layer) >= p_.layers.size()) return fmt::format("#{}", layer);
  const std::string& name = p_.layers[layer].layer.name;
  return name.empty() ? fmt::format("#{}", layer) : name;
}

std::string region_text(const program::Region& r) {
  return fmt::format("[h {}:{}, w {}:{}, c {}:{}]", r.h0, r.h1, r.w0, r.w1, r.c0, r.c1);
}

}  // namespace tessera::verify

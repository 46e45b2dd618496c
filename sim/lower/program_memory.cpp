#include "sim/lower/program_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/lower/code_phases.h"

namespace tessera::lower {
namespace {

using program::CoreOp;
using program::EngineProgram;

class CodePlacer {
 public:
  CodePlacer(program::Program program, const arch::ArraySpec& array)
      : p_(std::move(program)), memory_(array.tile.program), map_(array) {}

  Expected<program::Program> run(const CodeOf& code_of) {
    if (!p_.images.empty()) return std::move(p_);
    name_code(code_of);
    if (p_.code.empty()) return std::move(p_);
    std::vector<program::EngineId> cores;
    std::vector<std::vector<Unit>> units;
    std::vector<std::vector<CodeUse>> uses;
    for (program::EngineId e = 0; e < map_.count(); ++e) {
      if (map_.info(e).kind != program::EngineKind::core || p_.engines[e].steps.empty()) continue;
      cores.push_back(e);
      units.push_back(units_of(p_.engines[e]));
      std::vector<CodeUse>& of_core = uses.emplace_back();
      for (const Unit& unit : units.back()) of_core.push_back({unit.layer, unit.codes});
    }
    const std::vector<std::vector<int>> phases = code_phases(
        uses, [this](const Codes& codes) { return bytes(codes); }, memory_.size);
    for (std::size_t k = 0; k < cores.size(); ++k) place(cores[k], units[k], phases[k]);
    if (!failure_.problems.empty()) return failure_;
    return std::move(p_);
  }

 private:
  void name_code(const CodeOf& code_of) {
    std::map<std::string, int> known;
    std::map<std::pair<int, program::KernelKind>, int> of_layer;  // -1: not stated
    for (program::KernelCall& call : p_.calls) {
      const auto [number, fresh] = of_layer.emplace(std::pair(call.layer, call.kind), -1);
      if (fresh) number->second = number_of(code_of, call, known);
      if (number->second >= 0) call.code = static_cast<std::int16_t>(number->second);
    }
  }
  // Of the code of a call, which is that of all calls of its layer and kind; -1: it is not stated.
  int number_of(const CodeOf& code_of, const program::KernelCall& call, std::map<std::string, int>& known) {
    static const network::Layer no_layer;
    const bool named = call.layer >= 0 && call.layer < static_cast<int>(p_.layers.size());
    const std::optional<program::KernelCode> code = code_of(call, named ? p_.layers[call.layer].layer : no_layer);
    if (!code) return -1;
    const auto [at, fresh] = known.emplace(code->name, static_cast<int>(p_.code.size()));
    if (fresh) p_.code.push_back(*code);
    return at->second;
  }

  Bytes bytes(const Codes& codes) const {
    Bytes sum = 0;
    for (const int c : codes) sum += p_.code[static_cast<std::size_t>(c)].bytes;
    return sum;
  }
  std::string text(const Codes& codes) const {
    std::string list;
    for (const int c : codes) {
      const program::KernelCode& code = p_.code[static_cast<std::size_t>(c)];
      list += fmt::format("{}{} {} B", list.empty() ? "" : ", ", code.name, code.bytes);
    }
    return list;
  }

  // A step of the outermost level with all that it repeats.
  struct Unit {
    std::size_t begin, end;
    Codes codes;
    bool releases = false;
    int layer = -1;
  };
  std::vector<Unit> units_of(const EngineProgram& engine) const {
    std::vector<Unit> all;
    for (std::size_t s = 0; s < engine.steps.size();) {
      const program::Step& step = engine.steps[s];
      Unit unit{s, s + 1 + static_cast<std::size_t>(step.index < 0 ? step.body : 0), {}};
      for (std::size_t k = unit.begin; k < unit.end; ++k) {
        if (engine.steps[k].index < 0) continue;
        const program::CoreInstr& instr = engine.core[static_cast<std::size_t>(engine.steps[k].index)];
        unit.releases = k == s && instr.op == CoreOp::release;
        if (unit.layer < 0) unit.layer = instr.layer;
        if (instr.op != CoreOp::kernel) continue;
        const int code = p_.calls[static_cast<std::size_t>(instr.call)].code;
        if (code >= 0) unit.codes.insert(code);
      }
      all.push_back(std::move(unit));
      s = all.back().end;
    }
    return all;
  }

  struct Load {
    std::size_t before;  // the step
    Codes codes;
    int layer = -1;
  };
  // What a unit needs, or with the phase's first one, all that the core needs in it.
  Codes wanted(const std::vector<Unit>& units, const std::vector<int>& phases, std::size_t at) const {
    Codes codes = units[at].codes;
    if (at > 0 && phases[at] == phases[at - 1]) return codes;
    for (std::size_t k = at; k < units.size() && phases[k] == phases[at]; ++k)
      codes.insert(units[k].codes.begin(), units[k].codes.end());
    return bytes(codes) <= memory_.size ? codes : units[at].codes;
  }

  void place(program::EngineId e, const std::vector<Unit>& units, const std::vector<int>& phases) {
    std::vector<Load> loads{{0, {}}};
    Codes needed;
    bool after_call = false;
    std::size_t free_at = 0;  // the first step after the last call and the buffers that it gave back
    for (std::size_t k = 0; k < units.size(); ++k) {
      const Unit& unit = units[k];
      needed.insert(unit.codes.begin(), unit.codes.end());
      if (bytes(unit.codes) > memory_.size) return refuse(e, unit.codes, "a loop or a call needs at once");
      const Codes codes = wanted(units, phases, k);
      const Codes& there = loads.back().codes;
      if (!std::includes(there.begin(), there.end(), codes.begin(), codes.end())) {
        Codes together = there;
        together.insert(codes.begin(), codes.end());
        if (bytes(together) <= memory_.size)
          loads.back().codes = std::move(together);
        else
          loads.push_back({free_at, codes, unit.layer});
      }
      if (!unit.codes.empty() || (after_call && unit.releases)) free_at = unit.end;
      after_call = !unit.codes.empty() || (after_call && unit.releases);
    }
    if (loads.size() > 1 && !memory_.swaps) return refuse(e, needed, "needs");
    insert(p_.engines[e], loads);
  }

  void refuse(program::EngineId e, const Codes& codes, const char* what) {
    const std::string problem = fmt::format("{} {} {} B of code: {}", map_.name(e), what, bytes(codes), text(codes));
    const std::string legal =
        fmt::format("at most {} B{}", memory_.size,
                    memory_.swaps ? "" : "; hardware.tile.program.overflow=swap loads code when it is needed");
    for (const Problem& known : failure_.problems)
      if (known.what.substr(known.what.find(' ')) == problem.substr(problem.find(' '))) return;  // as another core
    failure_.problems.push_back({"", "hardware.tile.program", problem, legal});
  }

  void insert(EngineProgram& engine, const std::vector<Load>& loads) {
    std::vector<program::Step> steps;
    std::size_t next = 0;
    for (std::size_t s = 0; s < engine.steps.size(); ++s) {
      for (; next < loads.size() && loads[next].before == s; ++next) {
        program::CoreInstr load;
        load.op = CoreOp::load;
        load.call = image(loads[next].codes);
        load.layer = static_cast<std::int16_t>(loads[next].layer);
        steps.push_back({static_cast<std::int32_t>(engine.core.size()), 0, 0});
        engine.core.push_back(load);
      }
      steps.push_back(engine.steps[s]);
    }
    engine.steps = std::move(steps);
  }

  int image(const Codes& codes) {
    const program::CodeImage wanted(codes.begin(), codes.end());
    const auto found = std::find(p_.images.begin(), p_.images.end(), wanted);
    if (found != p_.images.end()) return static_cast<int>(found - p_.images.begin());
    p_.images.push_back(wanted);
    return static_cast<int>(p_.images.size()) - 1;
  }

  program::Program p_;
  const arch::ProgramMemorySpec& memory_;
  const program::EngineMap map_;
  Failure failure_{ExitCode::does_not_fit, {}};
};

}  // namespace

Expected<program::Program> place_code(program::Program program, const arch::ArraySpec& array, const CodeOf& code_of) {
  return CodePlacer(std::move(program), array).run(code_of);
}

}  // namespace tessera::lower

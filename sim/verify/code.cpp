// Program memory: every code that a call runs stands in the memory of its core by then, and all that stands there at a
// time has room.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sim/verify/structure.h"

namespace tessera::verify {
namespace {

class CodeCheck {
 public:
  CodeCheck(const program::Program& p, const arch::ArraySpec& array, const program::EngineMap& map, Findings& f)
      : p_(p), memory_(array.tile.program), map_(map), f_(f) {}

  void run() {
    tables();
    for (program::EngineId e = 0; e < map_.count(); ++e) {
      if (map_.info(e).kind != program::EngineKind::core) continue;
      image_ = -1;
      steps(e, 0, p_.engines[e].steps.size());
    }
  }

 private:
  void tables() {
    for (std::size_t c = 0; c < p_.code.size(); ++c)
      if (p_.code[c].bytes < 1) f_.add(fmt::format("code {}", c), fmt::format("{} bytes", p_.code[c].bytes));
    for (std::size_t i = 0; i < p_.images.size(); ++i) {
      const program::CodeImage& image = p_.images[i];
      const std::string at = fmt::format("image {}", i);
      Bytes bytes = 0;
      for (std::size_t k = 0; k < image.size(); ++k) {
        const bool named = image[k] >= 0 && image[k] < static_cast<int>(p_.code.size());
        if (!named || (k > 0 && image[k] <= image[k - 1]))
          f_.add(at, fmt::format("code {}", image[k]), "legal: codes of the program, ascending");
        else
          bytes += std::clamp<Bytes>(p_.code[static_cast<std::size_t>(image[k])].bytes, 0, memory_.size + 1);
      }
      if (bytes > memory_.size)
        f_.add(at, fmt::format("{} bytes of code", bytes), fmt::format("legal: at most {}", memory_.size));
    }
    kinds_.resize(p_.code.size());
    for (std::size_t k = 0; k < p_.calls.size(); ++k) {
      const program::KernelCall& call = p_.calls[k];
      if (call.code == -1) continue;
      if (call.code < 0 || call.code >= static_cast<int>(p_.code.size())) {
        f_.add(fmt::format("call {}", k), fmt::format("code {}", call.code));
        continue;
      }
      std::optional<program::KernelKind>& kind = kinds_[static_cast<std::size_t>(call.code)];
      if (!kind) kind = call.kind;
      if (*kind != call.kind)
        f_.add(fmt::format("call {}", k),
               fmt::format("{} runs the code of {}", kernel_name(call.kind), kernel_name(*kind)));
    }
  }

  // Steps of one level; what a loop repeats is followed twice: as it is entered, and as it comes round.
  void steps(program::EngineId e, std::size_t begin, std::size_t end) {
    const program::EngineProgram& engine = p_.engines[e];
    for (std::size_t s = begin; s < end && !f_.full(); ++s) {
      const program::Step& step = engine.steps[s];
      if (step.index < 0) {
        const std::size_t last = s + static_cast<std::size_t>(step.body);
        const int entered = image_;
        steps(e, s + 1, last + 1);
        if (image_ != entered && step.repeat > 1) steps(e, s + 1, last + 1);
        s = last;
      } else {
        instruction(e, s, engine.core[static_cast<std::size_t>(step.index)]);
      }
    }
  }

  void instruction(program::EngineId e, std::size_t s, const program::CoreInstr& c) {
    if (c.op == program::CoreOp::load) {
      if (c.call < 0 || c.call >= static_cast<int>(p_.images.size()))
        return f_.at(e, s, c.layer, fmt::format("loads image {}", c.call));
      if (image_ >= 0 && !memory_.swaps)
        f_.at(e, s, c.layer, "loads code while the program runs", "legal: where tile.program.overflow is swap");
      image_ = c.call;
      return;
    }
    if (c.op != program::CoreOp::kernel) return;
    const int code = p_.calls[static_cast<std::size_t>(c.call)].code;
    if (code < 0 || code >= static_cast<int>(p_.code.size())) return;
    const bool there = image_ >= 0 && std::binary_search(p_.images[static_cast<std::size_t>(image_)].begin(),
                                                         p_.images[static_cast<std::size_t>(image_)].end(), code);
    if (!there)
      f_.at(e, s, c.layer,
            fmt::format("runs code \"{}\", which is not in its program memory",
                        p_.code[static_cast<std::size_t>(code)].name));
  }

  const program::Program& p_;
  const arch::ProgramMemorySpec& memory_;
  const program::EngineMap& map_;
  Findings& f_;
  std::vector<std::optional<program::KernelKind>> kinds_;  // by code: of the calls that run it
  int image_ = -1;                                         // that the core at hand has; -1: none yet
};

}  // namespace

void check_code(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                Findings& findings) {
  CodeCheck(program, array, map, findings).run();
}

}  // namespace tessera::verify

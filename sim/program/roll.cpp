#include "sim/program/roll.h"

#include <map>
#include <unordered_map>

#include "sim/program/walk.h"

namespace tessera {
namespace {

constexpr std::size_t longest_period = 96;  // steps of a loop body that are looked for
constexpr std::size_t least_saving = 3;     // steps; the repeat itself costs one

// Steps of one engine as symbols: equal symbols do equal things. A symbol is an instruction or a loop over symbols.
class Roller {
 public:
  Roller(const Program& program, const EngineProgram& engine) : p_(program), e_(engine) {}

  // The engine rolled; its instructions are copied in the order of its steps.
  EngineProgram run() {
    std::size_t at = 0;
    std::vector<int> sequence = read(at, e_.steps.size());
    // Short bodies first, so that inner loops are found before the outer ones around them.
    for (bool again = true; again && height_ < deepest_repeat;) {
      again = false;
      for (std::size_t period = 1; period <= longest_period && height_ < deepest_repeat; ++period)
        if (fold(sequence, period)) again = true;
    }
    EngineProgram out;
    for (int symbol : sequence) write(symbol, out);
    return out;
  }

 private:
  struct Symbol {
    int index = -1;  // into transfers or core, or
    int times = 0;   // repeats of
    std::vector<int> body;
    int height = 0;  // loops inside each other
  };
  struct KeySink {
    std::string text;
    void operator()(std::int64_t v) { text.append(reinterpret_cast<const char*>(&v), sizeof v); }
    void operator()(const std::string& s) { text += s; }
  };

  std::vector<int> read(std::size_t& at, std::size_t end) {
    std::vector<int> sequence;
    while (at < end) {
      const Step& s = e_.steps[at++];
      if (s.index >= 0) {
        sequence.push_back(leaf(s.index));
      } else {
        const std::size_t stop = std::min(end, at + static_cast<std::size_t>(std::max(s.body, 0)));
        sequence.push_back(loop(s.repeat, read(at, stop)));
      }
    }
    return sequence;
  }

  int leaf(int index) {
    KeySink key;
    ProgramWalk<KeySink> walk(key, p_);
    if (e_.transfers.empty()) {
      walk.core(e_.core[index]);
    } else {
      walk.transfer(e_.transfers[index]);
    }
    const auto [it, added] = leaves_.try_emplace(std::move(key.text), static_cast<int>(symbols_.size()));
    if (added) symbols_.push_back({index, 0, {}, 0});
    return it->second;
  }

  int loop(int times, std::vector<int> body) {
    const auto [it, added] = loops_.try_emplace({times, body}, static_cast<int>(symbols_.size()));
    if (!added) return it->second;
    int height = 1;
    for (int inner : body) height = std::max(height, symbols_[inner].height + 1);
    height_ = std::max(height_, height);
    symbols_.push_back({-1, times, std::move(body), height});
    return it->second;
  }

  // One pass for one length of body; what does not repeat often enough is skipped in one step.
  bool fold(std::vector<int>& s, std::size_t period) {
    if (s.size() < 2 * period) return false;
    std::vector<int> out;
    bool folded = false;
    for (std::size_t i = 0; i < s.size();) {
      std::size_t same = 0;
      while (i + period + same < s.size() && s[i + same] == s[i + period + same]) ++same;
      const std::size_t times = 1 + same / period;
      const auto first = s.begin() + static_cast<std::ptrdiff_t>(i);
      if (period * (times - 1) < least_saving) {
        const std::size_t skip = same + 1;  // fits: i + same < s.size()
        out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(skip));
        i += skip;
        continue;
      }
      out.push_back(loop(static_cast<int>(times), {first, first + static_cast<std::ptrdiff_t>(period)}));
      i += period * times;
      folded = true;
    }
    s.swap(out);
    return folded;
  }

  void write(int id, EngineProgram& out) const {
    const Symbol& symbol = symbols_[id];
    if (symbol.index < 0) {
      const std::size_t head = out.steps.size();
      out.steps.push_back({-1, symbol.times, 0});
      for (int inner : symbol.body) write(inner, out);
      out.steps[head].body = static_cast<std::int32_t>(out.steps.size() - head - 1);
    } else if (e_.transfers.empty()) {
      out.steps.push_back({static_cast<std::int32_t>(out.core.size()), 0, 0});
      out.core.push_back(e_.core[symbol.index]);
    } else {
      out.steps.push_back({static_cast<std::int32_t>(out.transfers.size()), 0, 0});
      out.transfers.push_back(e_.transfers[symbol.index]);
    }
  }

  const Program& p_;
  const EngineProgram& e_;
  int height_ = 0;
  std::vector<Symbol> symbols_;
  std::unordered_map<std::string, int> leaves_;
  std::map<std::pair<int, std::vector<int>>, int> loops_;
};

// Drops the waits and calls that no instruction names any more.
void compact(Program& p) {
  std::vector<Wait> waits;
  std::vector<KernelCall> calls;
  const auto keep = [&](std::uint32_t& first, std::uint32_t count) {
    const auto from = p.waits.begin() + first;
    first = static_cast<std::uint32_t>(waits.size());
    waits.insert(waits.end(), from, from + count);
  };
  for (EngineProgram& e : p.engines) {
    for (Transfer& t : e.transfers) keep(t.wait0, t.wait_count);
    for (CoreInstr& c : e.core) {
      keep(c.wait0, c.wait_count);
      if (c.op != CoreOp::kernel) continue;
      calls.push_back(std::move(p.calls[c.call]));
      c.call = static_cast<std::int32_t>(calls.size() - 1);
    }
  }
  p.waits = std::move(waits);
  p.calls = std::move(calls);
}

}  // namespace

void roll_repeats(Program& program) {
  for (EngineProgram& e : program.engines)
    if (!e.steps.empty()) e = Roller(program, e).run();
  compact(program);
}

}  // namespace tessera

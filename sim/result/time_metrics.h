// The time of the cores by cause, of a run and of a layer alike: one line per cause.
#pragma once
#include "sim/result/metric.h"

namespace tessera::result {

struct CauseText {
  exec::Cause cause;
  const char *sentence, *formula;
};
const std::vector<CauseText>& cause_texts();

// Appends time.busy, time.wait_input, ...; `column`: whether tables have them, as busy_cycles, wait_input_cycles, ...
template <class Owner>
void add_time(std::vector<Metric<Owner>>& table, bool column) {
  for (const CauseText& text : cause_texts()) {
    const std::string name = cause_name(text.cause);
    const auto at = static_cast<std::size_t>(text.cause);
    const Access<Owner> access{Kind::number, [at](const Owner& o) { return cycles(o.time[at]); },
                               [at](Owner& o, const Value& v) { o.time[at] = millicycles(v); }};
    table.push_back({"time." + name,
                     "core cycles",
                     text.sentence,
                     text.formula,
                     access,
                     "",
                     {column ? name + "_cycles" : "", false}});
  }
}

}  // namespace tessera::result

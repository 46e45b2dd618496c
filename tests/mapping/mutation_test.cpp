// Texts of mappings that are wrong somewhere: refused with a place in the file, or followed by a program that the
// verifier can judge; nothing crashes, and nothing is changed in silence.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/random.h"
#include "sim/verify/verify.h"
#include "tests/mapping/mapped.h"

using namespace tessera;
using namespace tessera::tests;
using nlohmann::json;

namespace {

run::RunConfig small() {
  const json network = {
      {"name", "small"},
      {"input", {16, 16, 16}},
      {"layers",
       {{{"name", "a"}, {"op", "conv2d"}, {"channels", 32}, {"kernel", 3}, {"padding", 1}},
        {{"name", "b"}, {"op", "conv2d"}, {"channels", 32}, {"kernel", 1}, {"inputs", "a"}},
        {{"name", "c"}, {"op", "conv2d"}, {"channels", 32}, {"kernel", 3}, {"padding", 1}, {"inputs", "a"}},
        {{"name", "cat"}, {"op", "concat"}, {"inputs", {"b", "c"}}},
        {{"name", "d"}, {"op", "conv2d"}, {"channels", 64}, {"kernel", 1}},
        {{"name", "sum"}, {"op", "add"}, {"inputs", {"d", "cat"}}},
        {{"name", "p"}, {"op", "maxpool"}, {"kernel", 2}, {"stride", 2}},
        {{"name", "e"}, {"op", "conv2d"}, {"channels", 64}, {"kernel", 3}, {"padding", 1}}}}};
  return half_sparse(network, 2, 2);
}

// Every value inside, leaves and parts.
void collect(json& value, std::vector<json*>& list) {
  list.push_back(&value);
  if (value.is_structured())
    for (json& child : value) collect(child, list);
}

void mutate(json& text, Random& random) {
  std::vector<json*> values;
  collect(text, values);
  json& at = *values[1 + random.below(values.size() - 1)];
  const auto pick = [&](std::initializer_list<json> list) { return *(list.begin() + random.below(list.size())); };
  if (at.is_number()) {
    const auto n = at.get<std::int64_t>();
    at = pick({n + 1, n - 1, n * 2, n / 2, 0, 1, 2, 8, 64, 1 << 20, -1, 0.5});
  } else if (at.is_string()) {
    at = pick({"a", "b", "c", "cat", "d", "sum", "p", "e", "input", "height", "width", "channels", "weights", "tiles",
               "chunks", "first", "second", ""});
  } else if (at.is_array() && !at.empty()) {
    json& one = at[random.below(at.size())];
    json& other = at[random.below(at.size())];
    if (random.below(3) == 0)
      at.erase(random.below(at.size()));
    else if (random.below(2) == 0)
      std::swap(one, other);
    else
      at.push_back(json(one));
  } else if (at.is_object() && !at.empty()) {
    at.erase(std::next(at.begin(), static_cast<std::ptrdiff_t>(random.below(at.size()))).key());
  } else {
    at = nullptr;
  }
}

// Whether every value that is given stands in `written`, too.
bool holds(const json& written, const json& given) {
  if (given.is_object())
    return written.is_object() && std::all_of(given.items().begin(), given.items().end(), [&](const auto& item) {
             return written.contains(item.key()) && holds(written[item.key()], item.value());
           });
  if (given.is_array())
    return written.is_array() && written.size() == given.size() &&
           std::equal(given.begin(), given.end(), written.begin(),
                      [](const json& one, const json& other) { return holds(other, one); });
  return written == given;
}

}  // namespace

TEST_CASE("mappings with mistakes are refused with their place, or verified") {
  const run::RunConfig config = small();
  const schedule::Schedule made = scheduled(config, config.masks, config.schedule);
  mapping::Mapping some_kept = *made.mapping;
  some_kept.zeros_kept = {2, 5};
  const std::string text = write_mapping(some_kept, config.network);
  Random random(17);
  int refused = 0, wrong = 0, legal = 0;
  for (int round = 0; round < 3000; ++round) {
    json changed = json::parse(text);
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) mutate(changed, random);
    INFO(changed.dump());
    const auto schedule = followed(config, config.masks, changed.dump());
    if (!schedule) {
      ++refused;
      CHECK((schedule.failure().code == ExitCode::bad_input || schedule.failure().code == ExitCode::does_not_fit));
      for (const Problem& p : schedule.failure().problems) CHECK((!p.path.empty() && !p.what.empty()));
      continue;
    }
    // Nothing that was given is another thing now; what was left out has its default.
    const json written = json::parse(write_mapping(*schedule->mapping, config.network));
    CHECK(holds(written["steps"], changed["steps"]));
    CHECK(holds(written.value("zeros_kept", json::array()), changed.value("zeros_kept", json::array())));
    ++(verify::verify(schedule->program, config.array) ? wrong : legal);
  }
  CHECK(refused > 1500);
  CHECK(legal > 50);
  CHECK(wrong < refused / 10);  // what is wrong shows in the mapping, not only in its program
  WARN(refused << " refused, " << wrong << " refused by the verifier, " << legal << " legal");
}

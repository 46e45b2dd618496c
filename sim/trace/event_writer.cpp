#include "sim/trace/event_writer.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace tessera::trace {
namespace {

constexpr std::size_t longest_name = 80;  // bytes

std::string time_text(std::int64_t tick) { return fmt::format("{}.{:04}", tick / 10000, tick % 10000); }

}  // namespace

std::string json_string(const std::string& bytes) {
  return nlohmann::json(bytes).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string short_name(const std::string& name, int number) {
  if (name.size() <= longest_name) return name;
  std::size_t end = longest_name - 20;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;  // not within a character
  return fmt::format("{}... (layer {})", name.substr(0, end), number);
}

std::int64_t EventWriter::ticks(Millicycles at) const { return std::llround(to_us(at, clock_hz_) * ticks_per_us); }

void EventWriter::put(const std::string& event) {
  if (!text_.empty()) text_ += ",\n";
  text_ += event;
}

void EventWriter::process_name(const std::string& name) {
  put(fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":{}}}}})", process_, json_string(name)));
  put(fmt::format(R"({{"ph":"M","name":"process_sort_index","pid":{0},"args":{{"sort_index":{0}}}}})", process_));
}

void EventWriter::thread_name(int thread, const std::string& name) {
  put(fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":{}}}}})", process_,
                  thread_id(thread), json_string(name)));
  put(fmt::format(R"({{"ph":"M","name":"thread_sort_index","pid":{},"tid":{},"args":{{"sort_index":{}}}}})", process_,
                  thread_id(thread), thread));
}

void EventWriter::slice(int thread, const std::string& name, const std::string& kind, Millicycles begin,
                        Millicycles end, const std::string& arguments) {
  const std::int64_t from = ticks(begin);
  put(fmt::format(R"({{"ph":"X","name":{},"cat":"{}","pid":{},"tid":{},"ts":{},"dur":{},"args":{{{}}}}})",
                  json_string(name), kind, process_, thread_id(thread), time_text(from), time_text(ticks(end) - from),
                  arguments));
}

void EventWriter::counter(const std::string& name, const std::string& unit, std::int64_t tick, double value) {
  put(fmt::format(R"({{"ph":"C","name":{},"pid":{},"ts":{},"args":{{{}:{:.9g}}}}})", json_string(name), process_,
                  time_text(tick), json_string(unit), value));
}

void EventWriter::marker(const std::string& text, Millicycles at) {
  put(fmt::format(R"({{"ph":"i","s":"p","name":{},"pid":{},"tid":{},"ts":{}}})", json_string(text), process_,
                  thread_id(0), time_text(ticks(at))));
}

}  // namespace tessera::trace

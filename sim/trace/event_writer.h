// Events of the Trace Event Format, one a line, separated by commas.
#pragma once
#include <cstdint>
#include <string>

#include "sim/base/units.h"

namespace tessera::trace {

// A JSON string of any bytes: what is no UTF-8 becomes replacement characters.
std::string json_string(const std::string& bytes);

// Names stand at every slice: of a long one the beginning, and `number` to tell it from others.
std::string short_name(const std::string& name, int number);

// Times of a trace are whole ticks, so that slices that touch or stand in each other do so in the file too.
constexpr double ticks_per_us = 1e4;

class EventWriter {
 public:
  EventWriter(int process, double clock_hz) : process_(process), clock_hz_(clock_hz) {}

  std::int64_t ticks(Millicycles at) const;

  void process_name(const std::string& name);
  void thread_name(int thread, const std::string& name);  // threads are shown in the order of their numbers
  // `arguments`: members of a JSON object, without braces.
  void slice(int thread, const std::string& name, const std::string& kind, Millicycles begin, Millicycles end,
             const std::string& arguments);
  void counter(const std::string& name, const std::string& unit, std::int64_t tick, double value);
  void marker(const std::string& text, Millicycles at);

  std::string take() { return std::move(text_); }

 private:
  // Of all processes of a file, threads have numbers that differ.
  int thread_id(int thread) const { return process_ * 1000000 + thread; }
  void put(const std::string& event);

  int process_;
  double clock_hz_;
  std::string text_;
};

}  // namespace tessera::trace

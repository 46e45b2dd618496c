// Numbers as people read them.
#pragma once
#include <cstdint>
#include <string>

namespace tessera::result {

std::string with_commas(std::int64_t value);  // "1,234,567"
std::string show_time(double us);             // "2.034 ms", "812.00 us"
std::string show_bytes(double bytes);         // "25.60 MB"
std::string show_energy(double uj);           // "1.234 mJ"
std::string show_power(double mw);            // "1.234 W"
std::string show_share(double share);         // "12.3 %"
std::string show_ratio(double ratio);         // "1.702"
std::string show_giga(double count);          // "3.858 G"

}  // namespace tessera::result

// Content of a program as one number. It depends neither on addresses nor on the order of the side tables (waits,
// calls) nor on the machine. A change of any field that has a meaning changes it.
#pragma once
#include <cstdint>
#include <string>

#include "sim/program/program.h"

namespace tessera::program {

std::uint64_t program_hash(const Program& program);
std::string hash_text(std::uint64_t hash);  // 16 hexadecimal digits

}  // namespace tessera::program

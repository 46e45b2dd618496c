// Content of a program as one number, and comparison of two programs by content. Neither depends on addresses, on the
// order of the side tables (waits, calls) or on the machine. A change of any field that has a meaning changes both.
#pragma once
#include <cstdint>
#include <string>

#include "sim/program/program.h"

namespace tessera {

std::uint64_t program_hash(const Program& program);
std::string hash_text(std::uint64_t hash);  // 16 hexadecimal digits

bool same_program(const Program& a, const Program& b);

}  // namespace tessera

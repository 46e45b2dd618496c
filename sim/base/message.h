// What a person reads beside the results. It is lost where its stream cannot be written (a full disk, a terminal that
// is gone): the work itself goes on.
#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <utility>

namespace tessera {
inline namespace base {

void write_message(std::FILE* out, std::string_view text);

template <class... Args>
void message(std::FILE* out, fmt::format_string<Args...> format, Args&&... args) {
  write_message(out, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace base
}  // namespace tessera

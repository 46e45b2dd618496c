#include "sim/base/message.h"

namespace tessera {
inline namespace base {

void write_message(std::FILE* out, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
  std::clearerr(out);
}

}  // namespace base
}  // namespace tessera

#include "sim/base/message.h"

namespace tessera {

void write_message(std::FILE* out, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
  std::clearerr(out);
}

}  // namespace tessera

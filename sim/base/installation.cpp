#include "sim/base/installation.h"

#include <filesystem>

namespace tessera {
inline namespace base {
namespace fs = std::filesystem;

std::string executable_path() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).string();
}

std::string data_folder() {
  std::error_code none;
  const fs::path own = fs::path(executable_path()).parent_path();
  const fs::path installed = own.parent_path() / "share/tessera";
  if (fs::is_directory(installed / "configs", none)) return installed.string();
  for (fs::path above = own; above.has_relative_path(); above = above.parent_path())
    if (fs::is_directory(above / "configs/hardware", none)) return above.string();
  return installed.string();  // which errors then name
}

}  // namespace base
}  // namespace tessera

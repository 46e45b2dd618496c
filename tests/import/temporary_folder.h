// A folder of its own that goes with the test.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

namespace tessera::import::test {

struct TemporaryFolder {
  std::string path = (std::filesystem::temp_directory_path() / "tessera_import_XXXXXX").string();
  TemporaryFolder() { (void)!mkdtemp(path.data()); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

}  // namespace tessera::import::test

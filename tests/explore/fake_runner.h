// A simulator for the tests of the explorer: its latency is a formula of the config, and a config can ask it to fail in
// every way that a real one may.
#pragma once
#include <string>

#include "explore/runner.h"
#include "explore/sweep/sweep_file.h"

namespace tessera::explore {

// Config keys: "cores", "ratio" (latency 1000 * (1 - ratio) / cores us) and "act": one of crash, hang, eat, throw,
// misfit, deadlock, exit, unsound (refused by its verifier), bad_once:FILE (crashes unless FILE exists, and makes it),
// meet:FOLDER (waits there for a second point), sleep:SECONDS. "cores" below 1 is refused by resolve.
explore::PointRunner fake_runner();

// A sweep over the fake's keys; `json` is the sweep file's text without "base".
explore::Sweep fake_sweep(const std::string& json);

// A folder of its own below the system's temporary folder, removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string read_text(const std::string& path);

}  // namespace tessera::explore

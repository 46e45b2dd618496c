// Does the progress line say how far the sweep is and how long it will take?
#include "explore/pool/progress.h"

#include <catch2/catch.hpp>

using namespace tessera::explore;

TEST_CASE("the line counts, rates and foresees") {
  Progress progress({100, 20, 1}, stderr, false);
  CHECK(progress.line(0) == "20/100 20.0%  1 failed");
  for (int i = 0; i < 20; ++i) progress.count(i == 3);
  CHECK(progress.line(10) == "40/100 40.0%  2 failed  2.0/s  30 s left");
  CHECK(progress.line(200) == "40/100 40.0%  2 failed  10.0 s each  10 min 00 s left");
}

TEST_CASE("runs and points are both named, and what was known already is counted") {
  Progress progress({549, 0, 0}, stderr, false, "", " runs of 540 points");
  progress.reach(20);
  CHECK(progress.line(0) == "20/549 runs of 540 points 3.6%");
}

TEST_CASE("durations are read at a glance") {
  CHECK(duration_text(0.2) == "1 s");
  CHECK(duration_text(59) == "59 s");
  CHECK(duration_text(61) == "1 min 01 s");
  CHECK(duration_text(7325) == "2 h 02 min");
}

TEST_CASE("a terminal gets one line that redraws, a file plain lines") {
  for (const bool terminal : {true, false}) {
    std::FILE* out = std::tmpfile();
    Progress progress({4, 0, 0}, out, terminal);
    progress.count(false);
    progress.show();  // too early to be worth a line
    progress.count(false);
    progress.finish();
    std::string text(static_cast<std::size_t>(std::ftell(out)), '\0');
    std::rewind(out);
    REQUIRE(std::fread(text.data(), 1, text.size(), out) == text.size());
    std::fclose(out);
    CAPTURE(text);
    CHECK((text.find("\r\x1b[K[############------------] 2/4 50.0%") != std::string::npos) == terminal);
    CHECK((text.find("2/4 50.0%") == 0) == !terminal);
  }
}

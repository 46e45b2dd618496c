#include <catch2/catch.hpp>
#include "sim/replay/trace_file.h"
TEST_CASE("placeholder") { CHECK(tessera::parse_trace_name("resnet50_4x4_sparse50.jsonl").rows == 4); }

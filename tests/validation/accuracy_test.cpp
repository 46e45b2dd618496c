// Is the committed table still true, are the promised accuracies kept, and would a worse model be noticed?
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>

#include "sim/validation/validate.h"
#include "tests/validation/compare.h"

using namespace tessera;
using namespace tessera::validation;

namespace {

constexpr double tolerance = 1.0;  // percentage points

nlohmann::json committed() {
  std::ifstream in("results/validation/validation.json");
  return nlohmann::json::parse(in);
}

// Predictions for the lines of the table that `keep` wants; its first line names the columns.
Validation predicted(const std::function<bool(const std::string&)>& keep) {
  std::ifstream in("configs/validation/measured.csv");
  const std::string table = "validation_test_rows.csv";
  std::ofstream out(table);
  bool header = true;
  for (std::string line; std::getline(in, line); header = false)
    if (header || keep(line)) out << line << '\n';
  out.close();
  ValidationOptions o;
  o.csv = table;
  o.config_folder = "configs";
  auto result = validate_rows(o);
  std::remove(table.c_str());
  if (!result) throw std::runtime_error(describe(result.failure()));
  return *result;
}

bool of_network(const std::string& line) { return line.find(",cnn,") != std::string::npos; }
bool of_open_engine(const std::string& line) { return line.rfind("OPEN-", 0) == 0; }

// All rows but the networks: those of closed overlays are no target and take most of the time, those of the open engine
// have known gaps.
const Validation& fresh() {
  static const Validation v = predicted([](const std::string& line) { return !of_network(line); });
  return v;
}

// The rows that must not get worse: those and the open engine's.
const Validation& held() {
  static const Validation v =
      predicted([](const std::string& line) { return !of_network(line) || of_open_engine(line); });
  return v;
}

double mean_error(RowClass c, bool holdout_only) {
  double sum = 0;
  int n = 0;
  for (const ValidatedRow& r : fresh().rows)
    if (r.row.row_class() == c && !r.skipped() && !(holdout_only && r.calibration)) sum += std::abs(r.error_pct()), ++n;
  REQUIRE(n > 0);
  return sum / n;
}

}  // namespace

TEST_CASE("the predictions are no worse than the committed ones") {
  const auto worse = regressions(committed(), nlohmann::json::parse(json_text(result_of(held()))), tolerance);
  for (const auto& w : worse) WARN(w);
  CHECK(worse.empty());
}

TEST_CASE("the committed networks are predicted with today's scheduler") {
  const nlohmann::json before = committed();
  const Validation now = predicted([](const std::string& line) { return line.rfind("VEK-R18-5", 0) == 0; });
  REQUIRE(now.rows.size() == 2);
  for (const ValidatedRow& r : now.rows) {
    INFO(r.row.id << ": make results/validation again, its README says how");
    for (const auto& row : before["rows"])
      if (row["id"] == r.row.id) CHECK(row["predicted"].get<double>() == Approx(r.prediction.value).epsilon(1e-4));
  }
}

TEST_CASE("a worse table is refused") {
  const nlohmann::json before = committed();
  CHECK(regressions(before, before, tolerance).empty());
  SECTION("one row drifts") {
    nlohmann::json after = before;
    for (auto& row : after["rows"])
      if (row["id"] == "IGN-I8N64-4") row["error_pct"] = row["error_pct"].get<double>() * 1.2 - 3;
    CHECK(regressions(before, after, tolerance).size() == 1);
  }
  SECTION("a row is skipped") {
    nlohmann::json after = before;
    for (auto& row : after["rows"])
      if (row["id"] == "IGN-BN-S0") row["skipped"] = "does not fit";
    CHECK(regressions(before, after, tolerance).size() == 1);
  }
  SECTION("a row is gone") {
    nlohmann::json after = before;
    after["rows"].erase(0);
    CHECK(regressions(before, after, tolerance).size() == 1);
  }
  SECTION("all rows drift a little") {
    nlohmann::json after = before;
    after["mape_holdout_pct"] = after["mape_holdout_pct"].get<double>() + 0.2;
    CHECK(regressions(before, after, tolerance).size() == 1);
  }
}

TEST_CASE("a wrong machine is noticed") {
  // The same table, predicted with kernels at twice their cycles: what a broken latency model would give.
  nlohmann::json broken = nlohmann::json::parse(json_text(result_of(held())));
  int rows = 0;
  for (auto& row : broken["rows"])
    if (row["class"] == "kernel" && row["skipped"] == "") row["error_pct"] = 100.0, ++rows;
  CHECK(regressions(committed(), broken, tolerance).size() == static_cast<std::size_t>(rows));
}

TEST_CASE("promised accuracies") {
  CHECK(mean_error(RowClass::kernel, false) <= 5);
  CHECK(mean_error(RowClass::gemm, true) <= 8);
  CHECK(mean_error(RowClass::bottleneck, true) <= 10);
  double xdna1 = 0, iron = 0;
  int xdna1_rows = 0, iron_rows = 0, xdna2_rows = 0;
  for (const ValidatedRow& r : fresh().rows) {
    if (r.skipped()) continue;
    INFO(r.row.id);
    const double error = std::abs(r.error_pct());
    if (r.row.group == "iron-npu1") iron += error, ++iron_rows;  // nothing was fitted to them
    if (r.prediction.machine == "XDNA1" && !r.calibration) {
      xdna1 += error, ++xdna1_rows;
      CHECK(error <= 15);
    }
    if (r.prediction.machine == "XDNA2" && r.row.row_class() == RowClass::gemm) {
      ++xdna2_rows;
      CHECK(error <= 15);
      CHECK_FALSE(r.prediction.assumed.empty());
    }
  }
  REQUIRE((xdna1_rows > 100 && iron_rows >= 7 && xdna2_rows >= 4));
  CHECK(xdna1 / xdna1_rows <= 4);
  CHECK(iron / iron_rows <= 8);
}

TEST_CASE("micro rows are within 3 % or the noise of their source, but for layers of another design") {
  for (const ValidatedRow& r : fresh().rows) {
    if (r.row.row_class() != RowClass::micro) continue;
    INFO(r.row.id << " " << r.error_pct() << " " << r.prediction.skipped);
    CHECK(r.skipped() == (r.row.workload == "dense layers"));
    if (!r.skipped()) CHECK((std::abs(r.error_pct()) <= 3 || r.within_noise()));
  }
}

TEST_CASE("noise is what the source states, for the transfers it states it for") {
  std::map<std::string, StatedNoise> noise;
  for (const ValidatedRow& r : fresh().rows) noise[r.row.id] = r.noise;
  CHECK(noise["EMU-MM2S-1024"].low == 838);  // 8 to 1024 words
  CHECK(noise["EMU-MM2S-1024"].high == 2064);
  CHECK(noise["EMU-MM2S-2048"].high == 0);
  CHECK(noise["EMU-MM2S-2048"].pct == 25);  // DDR timing
  CHECK(noise["EMU-LOCK"].pct == 0);
  ValidatedRow r = fresh().rows.front();
  r.noise = {};
  r.row.measured = r.prediction.value = 100;
  CHECK_FALSE(r.within_noise());  // none stated
  r.noise.pct = 5;
  r.prediction.value = 104;
  CHECK(r.within_noise());
  r.prediction.value = 106;
  CHECK_FALSE(r.within_noise());
}

TEST_CASE("rows name their use, and the hold-out is most of the array rows") {
  int calibration = 0, holdout = 0;
  for (const ValidatedRow& r : fresh().rows)
    if (r.row.row_class() == RowClass::gemm) ++(r.calibration ? calibration : holdout);
  CHECK(calibration < 15);
  CHECK(holdout > 80);
}

// Is a malformed CSV refused with line and field, and a row that the model does not cover skipped with a reason?
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "sim/validation/csv.h"
#include "sim/validation/validate.h"

using namespace tessera;

namespace {

const std::string header =
    "id,group,platform,clock_ghz,workload,m,k,n,shape,in_type,out_type,rows,cols,core_tile,measured,unit,notes,source\n";
const std::string kernel = "ignite-8700G,X,1.8,gemm-kernel,32,96,32,,i8,i32,1,1,32x96x32,860,cycles/call,,\n";

class File {
 public:
  explicit File(const std::string& text) : name_("validation_test_" + std::to_string(count_++) + ".csv") {
    std::ofstream(name_) << text;
  }
  ~File() { std::remove(name_.c_str()); }
  const std::string& name() const { return name_; }

 private:
  static inline int count_ = 0;
  std::string name_;
};

std::string refusal(const std::string& text) {
  const File file(text);
  const auto rows = read_measured(file.name());
  return rows ? "" : describe(rows.failure());
}

Validation validated(const std::string& text) {
  const File file(text);
  ValidationOptions o;
  o.csv = file.name();
  o.config_folder = "configs";
  auto v = validate_rows(o);
  REQUIRE(v);
  return *v;
}

}  // namespace

TEST_CASE("quotes, commas and line breaks in fields") {
  const File file("a,b\n\"x, \"\"y\"\"\",\"two\nlines\"\n\nlast,\n");
  const auto lines = read_csv(file.name());
  REQUIRE(lines);
  REQUIRE(lines->size() == 3);
  CHECK((*lines)[1].fields == std::vector<std::string>{"x, \"y\"", "two\nlines"});
  CHECK((*lines)[2].line == 5);
  CHECK((*lines)[2].fields == std::vector<std::string>{"last", ""});
}

TEST_CASE("malformed files are refused with line and field") {
  CHECK(refusal(header + "A," + kernel).empty());
  CHECK(refusal(header + "A,g,X,1.8,gemm\n").find("line 2") != std::string::npos);
  const std::string bad = refusal(header + "A," + kernel + "B,g,X,1.8,gemm,0,64,64,,i8,i32,4,4,64x64x64,fast,us,,\n");
  CHECK(bad.find("line 3, field m") != std::string::npos);
  CHECK(bad.find("line 3, field measured") != std::string::npos);
  CHECK(refusal(header + "A," + kernel + "A," + kernel).find("line 3, field id") != std::string::npos);
  CHECK(refusal("id,group\nA,g\n").find("field measured") != std::string::npos);
  CHECK(refusal(header + "A,g,\"X\n").find("line 2") != std::string::npos);
  CHECK(refusal("").find("empty") != std::string::npos);
  CHECK(refusal("\xef\xbb\xbf" + header + "A," + kernel).empty());
  for (const char* clock : {"fast", "-1", "nan", "1800", "1.8 GHz"}) {
    const std::string text = refusal(header + "A,g,X," + clock + ",gemm,64,64,64,,i8,i32,4,4,64x64x64,1,us,,\n");
    CHECK(text.find("line 2, field clock_ghz") != std::string::npos);
  }
  CHECK(refusal(header + "A,g,X,not stated,gemm,64,64,64,,i8,i32,4,4,64x64x64,inf,us,,\n").find("field measured") !=
        std::string::npos);
  CHECK_FALSE(read_measured("configs"));
  CHECK_FALSE(read_measured("no such file.csv"));
}

TEST_CASE("ids and shapes never seen before are predicted from their fields") {
  const Validation v = validated(header + "NEW-1," + kernel +
                                 "NEW-2,ignite-8700G,X,1.8,gemm,256,256,256,,i8,i32,4,4,32x64x32,300,us,,\n");
  REQUIRE(v.rows.size() == 2);
  CHECK_FALSE(v.rows[0].skipped());
  CHECK_FALSE(v.rows[0].calibration);  // nothing was fitted to a row that is not in measured.csv
  CHECK_FALSE(v.rows[1].skipped());
  CHECK_FALSE(v.rows[1].calibration);
  CHECK(v.rows[1].prediction.value > 200);
}

TEST_CASE("a machine with fewer tiles covers no row with more, and the id of a row decides nothing") {
  const std::string shape = ",\"HxW=32x32 1x1 256->64, 3x3 64->64, 1x1 64->256 + skip\",i8,i8,4,1,,2,ms,";
  const Validation v = validated(header + "WIDE,ignite-8700G,X,1.8,gemm,512,512,512,,i8,i32,4,8,64x64x64,200,us,,\n" +
                                 "IGN-BN-P9,ignite-8700G,X,1.8,conv bottleneck,,," + shape + ",\n" +
                                 "IGN-BN-S9,ignite-8700G,X,1.8,conv bottleneck,,," + shape + "patched kernels,\n" +
                                 "IGN-BN-P8,ignite-8700G,X,1.8,conv bottleneck,,," + shape + "stock kernels,\n");
  REQUIRE(v.rows.size() == 4);
  CHECK(v.rows[0].prediction.skipped.find("4x8 compute tiles") != std::string::npos);
  CHECK(v.rows[1].prediction.skipped.find("stock") != std::string::npos);
  CHECK(v.rows[2].prediction.value < 0.6 * v.rows[3].prediction.value);
}

TEST_CASE("host memory keeps its own time when the clock of the array changes") {
  std::string text = header;
  for (const char* clock : {"1.8", "0.9"})
    text += std::string("G") + clock + ",ignite-8700G,X," + clock + ",gemm,512,4096,4096,,i8,i32,4,4,64x64x32,9000,us,,\n";
  const Validation v = validated(text);
  REQUIRE(v.rows.size() == 2);
  CHECK(v.rows[1].prediction.value == Approx(v.rows[0].prediction.value).epsilon(0.15));  // bound by host memory

  const auto setup = load_validation_setup("configs");
  REQUIRE(setup);
  const auto full = array_of(v.rows[0].row, *setup), half = array_of(v.rows[1].row, *setup);
  REQUIRE((full && half));
  const DdrSpec &at_full = full->ddr, &at_half = half->ddr;
  CHECK(at_half.read_bytes_per_cycle == Approx(2 * at_full.read_bytes_per_cycle));
  CHECK(at_half.write_bytes_per_cycle == Approx(2 * at_full.write_bytes_per_cycle));
  CHECK(at_half.column_bytes_per_cycle == Approx(2 * at_full.column_bytes_per_cycle));
  CHECK(at_half.page_cycles == Approx(at_full.page_cycles / 2));
  CHECK(at_half.channel_page_cycles == Approx(at_full.channel_page_cycles / 2));
  CHECK(at_half.latency_cycles == (at_full.latency_cycles + 1) / 2);
}

TEST_CASE("shim channels share the host memory, odd numbers of them too") {
  std::string text = header;
  for (const char* n : {"1", "2", "3", "5", "7", "8"})
    text += std::string("D") + n + ",ignite-8700G,X,1.8,\"DDR passthrough, " + n + " channels\",,,,,,,4,4,,10,GB/s per direction,,\n";
  const Validation v = validated(text);
  REQUIRE(v.rows.size() == 6);
  for (std::size_t i = 1; i < v.rows.size(); ++i) {
    INFO(v.rows[i].row.id << " " << v.rows[i].prediction.skipped);
    CHECK(v.rows[i].prediction.value >= v.rows[i - 1].prediction.value * 0.999);
    CHECK(v.rows[i].prediction.value < 28.5);
  }
}

TEST_CASE("the measured value does not enter the prediction") {
  const std::string row = "ignite-8700G,X,1.8,gemm,512,512,512,,i8,i32,4,4,64x64x64,";
  const Validation v = validated(header + "A," + row + "275.5,us,,\nB," + row + "1,us,,\n");
  CHECK(v.rows[0].prediction.value == v.rows[1].prediction.value);
}

TEST_CASE("what the model does not cover is skipped with a reason") {
  const std::string tail = ",64,64,64,,i8,i32,4,4,64x64x64,10,us,,\n";
  const Validation v = validated(
      header + "A,elsewhere,X,1.8,gemm" + tail + "B,ignite-8700G,X,1.8,softmax" + tail +
      "C,ignite-8700G,X,1.8,gemm,64,64,64,,i4,i32,4,4,64x64x64,10,us,,\n"
      "D,ignite-8700G,X,1.8,gemm,64,64,64,,i8,i32,4,4,512x512x512,10,us,,\n"
      "E,ignite-8700G,X,1.8,gemm,64,64,64,,i8,i32,4,4,64x64x64,10,furlongs,,\n"
      "F,ignite-8700G,X,1.8,cnn,,,,\"YOLOv9, 1 GMAC\",i8,i8,4,4,overlay,10,ms,,\n");
  REQUIRE(v.rows.size() == 6);
  for (const ValidatedRow& r : v.rows) {
    INFO(r.row.id);
    CHECK(r.skipped());
  }
  CHECK(v.rows[0].prediction.skipped.find("elsewhere") != std::string::npos);
  CHECK(v.rows[3].prediction.skipped.find("does not fit") != std::string::npos);
  CHECK(v.rows[4].prediction.skipped.find("furlongs") != std::string::npos);
  const nlohmann::json j = validation_json(v);
  CHECK(j["rows"][0]["predicted"].is_null());
  CHECK(j["mape_pct"].is_null());
}

TEST_CASE("a group that is not there is refused with the nearest name") {
  ValidationOptions o;
  o.csv = "configs/validation/measured.csv";
  o.config_folder = "configs";
  o.group = "ignite-8700";
  const auto v = validate_rows(o);
  REQUIRE_FALSE(v);
  CHECK(describe(v.failure()).find("ignite-8700G") != std::string::npos);
}

// Is a malformed CSV refused with line and field, and a row that the model does not cover skipped with a reason?
#include "sim/base/csv.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "sim/validation/validate.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::validation;

namespace {

const std::string header =
    "id,group,platform,clock_ghz,workload,m,k,n,shape,in_type,out_type,rows,cols,core_tile,measured,unit,notes,"
    "source\n";
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
  CHECK(refusal(header).find("line 2: the file has no rows") != std::string::npos);
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
    text +=
        std::string("G") + clock + ",ignite-8700G,X," + clock + ",gemm,512,4096,4096,,i8,i32,4,4,64x64x32,9000,us,,\n";
  const Validation v = validated(text);
  REQUIRE(v.rows.size() == 2);
  CHECK(v.rows[1].prediction.value == Approx(v.rows[0].prediction.value).epsilon(0.15));  // bound by host memory

  const auto setup = load_validation_setup("configs");
  REQUIRE(setup);
  const auto full = settle(v.rows[0].row, *setup), half = settle(v.rows[1].row, *setup);
  REQUIRE((full && half));
  const DdrSpec &at_full = full->array.ddr, &at_half = half->array.ddr;
  CHECK(at_half.read_bytes_per_cycle == Approx(2 * at_full.read_bytes_per_cycle));
  CHECK(at_half.write_bytes_per_cycle == Approx(2 * at_full.write_bytes_per_cycle));
  CHECK(at_half.column_bytes_per_cycle == Approx(2 * at_full.column_bytes_per_cycle));
  CHECK(at_half.page_cycles == Approx(at_full.page_cycles / 2));
  CHECK(at_half.channel_page_cycles == Approx(at_full.channel_page_cycles / 2));
  CHECK(at_half.latency_cycles == Approx(at_full.latency_cycles / 2));
}

TEST_CASE("shim channels share the host memory, odd numbers of them too") {
  std::string text = header;
  for (const char* n : {"1", "2", "3", "5", "7", "8"})
    text += std::string("D") + n + ",ignite-8700G,X,1.8,\"DDR passthrough, " + n +
            " channels\",,,,,,,4,4,,10,GB/s per direction,,\n";
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
  const Validation v = validated(header + "A,elsewhere,X,1.8,gemm" + tail + "B,ignite-8700G,X,1.8,softmax" + tail +
                                 "C,ignite-8700G,X,1.8,gemm,64,64,64,,i4,i32,4,4,64x64x64,10,us,,\n"
                                 "D,ignite-8700G,X,1.8,gemm,64,64,64,,i8,i32,4,4,512x512x512,10,us,,\n"
                                 "E,ignite-8700G,X,1.8,gemm,64,64,64,,i8,i32,4,4,64x64x64,10,furlongs,,\n"
                                 "F,ignite-8700G,X,1.8,cnn,,,,\"YOLOv9, 1 GMAC\",i8,i8,4,4,overlay,10,ms,,\n"
                                 "G,ignite-8700G,X,1.8,stream memtile->core,,,,1024 words,i8,i8,,,,10,cycles,,\n"
                                 "H,ignite-8700G,X,1.8,stream memtile->core,,,,1024 words,,,,,64x64x64,10,cycles,,\n"
                                 "I,ignite-8700G,X,1.8,gemm,64,64,64,K-major,i8,i32,4,4,64x64x64,10,us,,\n"
                                 "J,ignite-8700G,X,1.8,gemm-kernel,128,64,64,,i8,i32,1,1,64x64x64,10,cycles,,\n"
                                 "K,ignite-8700G,X,1.8,gemm-kernel,64,64,64,,i8,i32,4,4,64x64x64,10,cycles,,\n");
  REQUIRE(v.rows.size() == 11);
  for (const ValidatedRow& r : v.rows) {
    INFO(r.row.id);
    CHECK(r.skipped());
  }
  CHECK(v.rows[0].prediction.skipped.find("elsewhere") != std::string::npos);
  CHECK(v.rows[3].prediction.skipped.find("does not fit") != std::string::npos);
  CHECK(v.rows[4].prediction.skipped.find("furlongs") != std::string::npos);
  const nlohmann::json j = nlohmann::json::parse(json_text(result_of(v)));
  CHECK(j["rows"][0]["predicted"].is_null());
  CHECK(j["mape_pct"].is_null());
}

TEST_CASE("a prediction does not depend on the unit it was measured in, and ambiguous units are skipped") {
  std::string text = header;
  for (const char* unit : {"us", "µs", "ms", "GOPS", "gop/s", "TOPS", "GMAC/s", "cycles", "MAC/cycle", "fps"})
    text += std::string("G-") + unit + ",ignite-8700G,X,1.8,gemm,512,512,512,,int8,i32,4,4,64X64x64,1," + unit + ",,\n";
  for (const char* unit : {"cycles/call", "cycles", "us", "MAC/cycle", "GOPS", "cycles/iteration"})
    text += std::string("K-") + unit + ",ignite-8700G,X,1.8,gemm-kernel,,,,,i8,i32,1,1,64x64x64,1," + unit + ",,\n";
  text += "NOCLOCK,ignite-8700G,X,,gemm-kernel,,,,,i8,i32,1,1,64x64x64,1,us,,\n";
  text += "CORE,stream-aie,X,n/a,gemm,64,64,64,,i16,i32,1,1,32x32x32,1,MAC/cycle,,\n";
  text += "ARRAY,stream-aie,X,n/a,gemm,128,64,128,,i16,i32,2,4,32x32x32,1,MAC/cycle,,\n";
  std::map<std::string, Prediction> p;
  for (const ValidatedRow& r : validated(text).rows) p[r.row.id] = r.prediction;
  const double us = p["G-us"].value, macs = 512.0 * 512 * 512, cycles = p["K-cycles"].value;
  CHECK(us > 200);
  CHECK(p["G-µs"].value == us);
  CHECK(p["G-ms"].value == Approx(us / 1e3));
  CHECK(p["G-GOPS"].value == Approx(2 * macs / us / 1e3));
  CHECK(p["G-gop/s"].value == p["G-GOPS"].value);
  CHECK(p["G-TOPS"].value == Approx(2 * macs / us / 1e6));
  CHECK(p["G-GMAC/s"].value == Approx(macs / us / 1e3));
  CHECK(p["K-cycles/call"].value == cycles);
  CHECK(p["K-us"].value == Approx(cycles / 1800));
  CHECK(p["K-MAC/cycle"].value == Approx(64.0 * 64 * 64 / cycles));
  CHECK(p["K-GOPS"].value == Approx(2 * 64.0 * 64 * 64 / cycles * 1.8));
  CHECK(p["CORE"].value > 10);
  for (const char* id : {"G-cycles", "G-MAC/cycle", "G-fps", "K-cycles/iteration", "NOCLOCK", "ARRAY"}) {
    INFO(id);
    CHECK_FALSE(p[id].skipped.empty());
  }
  CHECK(p["NOCLOCK"].skipped.find("clock") != std::string::npos);
}

TEST_CASE("micro-benchmarks are known by their whole text, sizes by their unit") {
  const std::string end = ",,,,,,10,";
  const struct {
    const char *workload, *shape, *unit;
    double value;
  } cases[] = {{"\"memcpy 64 MiB in + 64 MiB out, 4 columns\"", "67108864 B each way", "us", 2388.5},
               {"\"memcpy 16 MiB in + 16 MiB out, 4 columns\"", "16 MiB each way", "us", 2388.5 / 4},
               {"\"memcpy 64 MiB in + 64 MiB out, 4 columns\"", "", "GB/s per direction", 28.1},
               {"\"memcpy 16 MiB in + 16 MiB out, 4 columns\"", "67108864 B each way", "us", 0},
               {"\"memcpy 16 MiB in + 8 MiB out, 4 columns\"", "", "us", 0},
               {"\"memcpy 16 MiB in + 16 MiB out, 5 columns\"", "", "us", 0},
               {"\"DDR passthrough, 1 shim channel\"", "", "MB/s per direction", 6899},
               {"\"DDR passthrough, 1 shim channel\"", "", "GB/s", 0},
               {"\"DDR passthrough, 1 shim channel, read only\"", "", "GB/s per direction", 0},
               {"stream memtile->core", "1 MiB", "cycles", 262168},
               {"stream memtile->core", "262144 words x 8 B", "cycles", 0},
               {"\"stream memtile->core, broadcast\"", "262144 words x 4 B", "cycles", 0},
               {"\"dispatch, hw bracket\"", "", "ms", 0.1698},
               {"\"dispatch, runlist of 32, amortised\"", "", "us", 0},
               {"\"core paired 256-bit loads, same bank\"", "", "cycles/iteration", 12},
               {"\"core paired 128-bit loads, same bank\"", "", "cycles/iteration", 0},
               {"tile DMA transfer", "256 words", "cycles", 0}};  // what this group's traces watch is not known
  std::string text = header;
  int id = 0;
  for (const auto& c : cases)
    text += std::to_string(id++) + ",ignite-8700G,X,1.8," + c.workload + ",,,," + c.shape + end + c.unit + ",,\n";
  const Validation v = validated(text);
  for (std::size_t i = 0; i < v.rows.size(); ++i) {
    INFO(cases[i].workload << " " << cases[i].shape << " " << cases[i].unit << " " << v.rows[i].prediction.skipped);
    CHECK(v.rows[i].skipped() == (cases[i].value == 0));
    if (cases[i].value > 0) CHECK(v.rows[i].prediction.value == Approx(cases[i].value).epsilon(0.03));
  }
}

TEST_CASE(
    "networks are known by their name however written; a batch beyond the columns waits; other variants are skipped") {
  const struct {
    const char *shape, *unit;
  } cases[] = {{"ResNet18 int8 224x224", "ms"},
               {"resnet-18", "us"},
               {"ResNet 18 XINT8; 1.8 GMAC", "fps"},
               {"ResNet18 int8 batch 4", "ms"},
               {"ResNet18 int8 batch 8", "ms"},
               {"ResNet18 int8 448x448", "ms"},
               {"ResNet18 int8; 3.6 GMAC", "ms"},
               {"ResNet18 pruned", "ms"},
               {"ResNet101", "ms"}};
  std::string text = header;
  int id = 0;
  for (const auto& c : cases)
    text += std::to_string(id++) + ",ignite-8700G,X,1.8,cnn,,,," + c.shape + ",i8,i8,4,4,overlay,1," + c.unit + ",,\n";
  const Validation v = validated(text);
  const auto value = [&](std::size_t i) { return v.rows[i].prediction.value; };
  const double dispatch = 0.1698, one = value(0);
  CHECK(one > 0.3);
  CHECK(value(1) == Approx(one * 1e3));
  CHECK(value(2) == Approx(1e3 / one));
  CHECK(value(4) - dispatch == Approx(2 * (value(3) - dispatch)));
  CHECK(value(3) > 2 * one);  // four images share columns and host memory
  for (std::size_t i = 5; i < v.rows.size(); ++i) {
    INFO(cases[i].shape);
    CHECK(v.rows[i].skipped());
  }
}

TEST_CASE("other machines are skipped, and what lies beyond the fitted range says so") {
  const std::string gemm = ",1.8,gemm,512,512,512,,i8,i32,4,4,64x64x64,10,us,,\n";
  const std::string one = ",X,1.8,gemm-kernel,,,,,i8,i32,1,1,";
  const Validation v =
      validated(header + "A,ignite-8700G,Ryzen AI 9 HX 370 (XDNA2 Strix)" + gemm + "B,ignite-8700G,Hawk Point" + gemm +
                "C,ignite-8700G" + one + "32x64x64,10,cycles,,\nD,ignite-8700G" + one + "16x64x64,10,cycles,,\n" +
                "E,ignite-8700G" + one + "128x128x128,10,cycles,,\n" +
                "F,ignite-8700G,X,1.8,gemm,500,512,512,,i8,i32,4,4,64x64x64,10,us,,\n" +
                "G,ignite-8700G,X,1.8,gemm,1000000,1000000,1000000,,i8,i32,4,4,16x16x16,10,us,,\n");
  CHECK(v.rows[0].prediction.skipped.find("XDNA2") != std::string::npos);
  CHECK_FALSE(v.rows[1].skipped());
  CHECK(v.rows[1].prediction.beyond.empty());
  CHECK(v.rows[2].prediction.beyond.empty());
  CHECK(v.rows[3].prediction.beyond.find("m 32..64") != std::string::npos);
  CHECK(v.rows[4].prediction.skipped.find("do not fit") != std::string::npos);
  CHECK(v.rows[5].prediction.beyond.find("padded") != std::string::npos);
  CHECK(v.rows[6].prediction.skipped.find("too many") != std::string::npos);
  CHECK(nlohmann::json::parse(json_text(result_of(v)))["rows"][3]["extrapolated"] == v.rows[3].prediction.beyond);
}

TEST_CASE("the table fits a terminal, says why rows are skipped and has mean and maximum of every class and group") {
  std::ifstream in("configs/validation/measured.csv");
  std::string text;
  for (std::string line; std::getline(in, line);)
    if (text.empty() || line.find("STRM-whole_array-64x64x128") == 0 || line.find("VEK-NORM-2") == 0 ||
        line.find("VEK-R18-1,") == 0 || line.find("IGN-L1") == 0)
      text += line + "\n";
  text += "LONG,ignite-8700G,X,1.8,a workload,,,,with a shape,,,,,,1,us,,\n";
  text += " SPACED , ignite-8700G ,X, 1.8 ,gemm-kernel, 32,32,32,,i8 ,i32,1,1, 32x32x32 ,534, cycles/call ,,\n";
  const Validation v = validated(text);
  CHECK_FALSE(v.rows.back().skipped());
  const std::string table = validation_table(v);
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= 100);
  }
  for (const char* part :
       {"\n    no model of workload \"a workload\"\n", "class kernel, calibration", "class gemm, hold-out",
        "group ignite-8700G, hold-out", "group stream-aie, hold-out", "mean maximum"}) {
    INFO(part);
    CHECK(table.find(part) != std::string::npos);
  }
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

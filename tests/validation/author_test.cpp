// Does a row of an author that nobody has seen run from the CSV alone, by its own clock, dispatch, kernels, buffering
// and batch, and is what it leaves open told or refused instead of guessed?
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "sim/validation/validate.h"

using namespace tessera;
using namespace tessera::validation;

namespace {

const std::string author_columns =
    "id,group,platform,clock_ghz,workload,m,k,n,shape,in_type,out_type,rows,cols,core_tile,measured,unit,notes,source,"
    "hardware,kernels,dispatch_us,buffering,batch\n";

Expected<Validation> author_validation(const std::string& lines, const std::string& head = author_columns) {
  const std::string file = "author_test.csv";
  std::ofstream(file) << head << lines;
  ValidationOptions o;
  o.csv = file;
  o.config_folder = "configs";
  auto v = validate_rows(o);
  std::remove(file.c_str());
  return v;
}

Prediction author_prediction(const std::string& line) {
  auto v = author_validation(line + "\n");
  if (!v) FAIL(describe(v.failure()));
  return v->rows.at(0).prediction;
}

std::string author_refusal(const std::string& lines, const std::string& head = author_columns) {
  const auto v = author_validation(lines, head);
  return v ? "" : describe(v.failure());
}

// A product on 4x4 cores of XDNA1; the columns behind `source` follow.
std::string author_gemm(const std::string& clock, const std::string& own, const std::string& unit = "us") {
  return "A,newcomer,Hawk Point mini PC," + clock + ",gemm,1024,1024,1024,,i8,i32,4,4,64x64x64,600," + unit + ",,," +
         own;
}

}  // namespace

TEST_CASE("an unknown author's product runs by its own columns") {
  const Prediction p = author_prediction(author_gemm("1.8", "xdna1_1800mhz,peano-iron,200,a=2 b=2 c=1,"));
  REQUIRE(p.skipped.empty());
  CHECK(p.assumed.empty());
  CHECK(p.machine == "XDNA1");
  CHECK(p.value > 400);
  SECTION("dispatch is added as it stands") {
    const Prediction bare = author_prediction(author_gemm("1.8", "xdna1_1800mhz,peano-iron,0,a=2 b=2 c=1,"));
    CHECK(p.value - bare.value == Approx(200));
    const Prediction cycles =
        author_prediction(author_gemm("1.8", "xdna1_1800mhz,peano-iron,0,a=2 b=2 c=1,", "cycles"));
    CHECK(cycles.value == Approx(bare.value * 1800));
    CHECK(author_prediction(author_gemm("1.8", "xdna1_1800mhz,peano-iron,200,a=2 b=2 c=1,", "cycles"))
              .skipped.find("cycles") != std::string::npos);
  }
  SECTION("the clock is the row's") {
    CHECK(author_prediction(author_gemm("0.9", "xdna1_1800mhz,peano-iron,200,a=2 b=2 c=1,")).value > p.value);
  }
  SECTION("kernels are the row's") {
    const Prediction ideal = author_prediction(author_gemm("1.8", "xdna1_1800mhz,hand-tuned,200,a=2 b=2 c=1,"));
    CHECK(ideal.value < p.value);
    CHECK(author_prediction(author_gemm("1.8", "xdna1_1800mhz,hand-assembly,200,,"))
              .skipped.find("hand-assembly has no i8 -> i32") != std::string::npos);
  }
  SECTION("buffering is the row's") {
    CHECK(author_prediction(author_gemm("1.8", "xdna1_1800mhz,peano-iron,200,a=1 b=1 c=1,")).value > p.value);
    CHECK(author_prediction(author_gemm("1.8", "xdna1_1800mhz,peano-iron,200,a=9 b=9 c=1,"))
              .skipped.find("does not fit") != std::string::npos);
    // B that stays is read once instead of once per block of rows: eight times here.
    const std::string flat =
        "A,newcomer,Phoenix,1.8,gemm,512,1024,1024,,i8,i32,4,4,16x64x64,1,us,,,xdna1_1800mhz,hand-tuned,";
    CHECK(author_prediction(flat + "0,b=packed b=stays,").value < 0.8 * author_prediction(flat + "0,,").value);
  }
}

TEST_CASE("what a row leaves open is assumed aloud or asked for") {
  const Prediction usual = author_prediction(author_gemm("1.8", ",peano-iron,0,,"));
  CHECK(usual.assumed.find("xdna1_1800mhz") != std::string::npos);
  CHECK(usual.assumed.find("dispatch") == std::string::npos);
  const Prediction alone = author_prediction(author_gemm("1.8", "xdna1_1800mhz,peano-iron,,,"));
  CHECK(alone.assumed.find("without a dispatch: column dispatch_us is empty") != std::string::npos);
  CHECK(alone.value == usual.value);
  CHECK(author_prediction(author_gemm("1.8", "xdna1_1800mhz,,0,,")).skipped.find("column kernels is empty") !=
        std::string::npos);
  CHECK(author_prediction(author_gemm("not stated", "xdna1_1800mhz,peano-iron,0,,")).skipped.find("needs a clock") !=
        std::string::npos);
  const Prediction nowhere =
      author_prediction("A,newcomer,a board,1.8,gemm,64,64,64,,i8,i32,4,4,64x64x64,1,us,,,,peano-iron,,,");
  CHECK(nowhere.skipped.find("column hardware is empty") != std::string::npos);
  const Prediction other =
      author_prediction("A,newcomer,Strix,1.8,gemm,64,64,64,,i8,i32,4,4,64x64x64,1,us,,,xdna1_1800mhz,peano-iron,,,");
  CHECK(other.skipped.find("XDNA2") != std::string::npos);
}

TEST_CASE("a column of a row goes before the design of its group") {
  const std::string row = "A,ignite-8700G,X,1.8,gemm,512,512,512,,i8,i32,4,4,64x64x64,275,us,,,";
  CHECK(author_prediction(row + ",,,,").value - author_prediction(row + ",,0,,").value == Approx(169.8 + 44));
}

TEST_CASE("a batch is a column of networks, and may not contradict the shape") {
  const auto network = [](const std::string& shape, const std::string& batch) {
    return author_prediction("A,newcomer,Phoenix,1.8,cnn,,,," + shape + ",i8,i8,4,4,,1,ms,,,xdna1_1800mhz,,0,," +
                             batch);
  };
  const double one = network("ResNet18", "").value, four = network("ResNet18", "4").value;
  CHECK(four > 2 * one);
  CHECK(network("ResNet18 batch 4", "").value == four);
  CHECK(network("MobileNetV2 int8 224x224", "").value > 0);  // any classifier of configs/networks
  CHECK(network("MobileNetV3", "").skipped.find("does not have this network") != std::string::npos);
  CHECK(network("ResNet18 batch 4", "2").skipped.find("batch 4 in the shape, 2 in its column") != std::string::npos);
}

TEST_CASE("images with a stated number of tiles run on blocks of them") {
  const auto fps = [](const std::string& batch) {
    return author_prediction(
        "A,newcomer,VEK280,1.18,cnn,,,,ResNet18,i8,i8,8,35,overlay: 20 tiles per image,1,fps,,,,,0,," + batch);
  };
  const Prediction all = fps("14"), two = fps("2");
  CHECK(all.machine == "VE2802");
  CHECK(all.value > 2 * two.value);
  CHECK(fps("28").value == Approx(all.value).epsilon(0.01));  // two rounds
}

TEST_CASE("wrong columns are refused with line, column, value and what is legal") {
  const std::string bad = author_refusal(author_gemm("1.8", "xdna9,peano,-1,a=0 q=3,zero") + "\n");
  for (const char* part :
       {"line 2, field dispatch_us: \"-1\"; empty or microseconds", "line 2, field buffering: \"a=0 q=3\"", "keeps=a",
        "line 2, field batch: \"zero\"; empty or a whole number from 1 to 9999"}) {
    INFO(bad);
    CHECK(bad.find(part) != std::string::npos);
  }
  const std::string files = author_refusal(author_gemm("1.8", "xdna9,peano,,,") + "\n");
  CHECK(files.find("line 2, field hardware: \"xdna9\"; legal: aie2, ") != std::string::npos);
  CHECK(files.find("line 2, field kernels: \"peano\"; legal: ") != std::string::npos);
  CHECK(author_refusal(author_gemm("1.8", ",,,b=stays keeps=b,") + "\n").find("field buffering") != std::string::npos);
  const std::string misspelt = author_columns.substr(0, author_columns.size() - 6) + "batsh\n";
  CHECK(author_refusal(author_gemm("1.8", ",,,,") + "\n", misspelt)
            .find("field batsh: no such column; did you mean \"batch\"?") != std::string::npos);
}

TEST_CASE("a convolution kernel fed by im2col is a product, others are not guessed") {
  const auto kernel = [](const std::string& shape, const std::string& unit = "cycles/call") {
    return author_prediction("A,ignite-8700G,X,1.8,conv-kernel,,,,\"" + shape + "\",i8,i8,1,1,,5263," + unit +
                             ",,,,,,,");
  };
  CHECK(kernel("3x3 512->32, 8 pixels, im2col done by DMA").value == Approx(5263).epsilon(0.001));
  CHECK(kernel("3x3 32->32, 8 pixels, im2col done by DMA").value == Approx(381).epsilon(0.001));
  const Prediction between = kernel("3x3 128->32, 8 pixels, im2col done by DMA");
  CHECK(between.value > 381);
  CHECK(between.value < 5263);
  CHECK(between.beyond.empty());
  CHECK(kernel("5x5 512->64, 8 pixels, im2col done by DMA").beyond.find("k 288..4608") != std::string::npos);
  CHECK(kernel("3x3 512->32, 8 pixels").skipped.find("not understood") != std::string::npos);
  CHECK(kernel("3x3 512->32, 8 pixels, im2col done by DMA, residual and SiLU").skipped.find("not understood") !=
        std::string::npos);
}

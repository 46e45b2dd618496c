// Do accuracies measured elsewhere come to the points they belong to, and is a file that does not fit refused?
#include <catch2/catch.hpp>
#include <fstream>

#include "explore/collect/table.h"
#include "explore/sweep/run_sweep.h"
#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {

const char* axes = R"({"axes": {"cores": [4, 16], "block": [[8, 8], [16, 16]], "ratio": [0, 0.5]}})";

std::string write(const TemporaryFolder& folder, const std::string& text) {
  const std::string path = folder.path() + "/accuracy.csv";
  std::ofstream(path) << text;
  return path;
}

void run(const Sweep& sweep, const std::string& folder) {
  std::FILE* messages = std::tmpfile();
  const auto end = run_sweep(sweep, fake_runner(), {folder, 2, "b", messages, false});
  std::fclose(messages);
  if (!end) FAIL(describe(end.failure()));
}

std::vector<std::string> problems_of(const std::string& text) {
  const TemporaryFolder folder;
  std::vector<std::string> texts;
  for (const Problem& p : check_accuracy(write(folder, text), fake_sweep(axes).space))
    texts.push_back(p.path + ": " + p.what + "; " + p.legal);
  return texts;
}

}  // namespace

TEST_CASE("Every point has the accuracy of the lines that agree with it") {
  const TemporaryFolder folder, results;
  Sweep sweep = fake_sweep(axes);
  sweep.accuracy = write(folder, "accuracy,ratio,block\n90,0.5,8x8\n92,0.5,8x8\n95.5,0,16x16\n");
  CHECK(check_accuracy(sweep.accuracy, sweep.space).empty());
  run(sweep, results.path());
  const auto store = Store::read(results.path());
  REQUIRE(store);
  auto table = read_table(*store);
  REQUIRE(table);
  REQUIRE_FALSE(join_accuracy(*table, results.path()));
  REQUIRE(table->rows.size() == 8);
  for (const TableRow& row : table->rows) {
    const Json ratio = row.coordinates[2], block = row.coordinates[1];
    const Json found = cell(*table, row, "accuracy");
    if (block == Json{8, 8} && ratio == 0.5) {
      CHECK(found == 91.0);
      CHECK(cell(*table, row, "accuracy_least") == 90.0);
      CHECK(cell(*table, row, "accuracy_greatest") == 92.0);
    } else if (block == Json{16, 16} && ratio == 0) {
      CHECK(found == 95.5);
    } else {
      CHECK(found.is_null());
    }
  }
  CHECK(
      read_text(results.path() + "/table.csv").find(",accuracy,accuracy_least,accuracy_greatest,program_hash,key\n") !=
      std::string::npos);
  // Without the file the columns go again.
  sweep.accuracy.clear();
  run(sweep, results.path());
  CHECK(read_text(results.path() + "/table.csv").find("accuracy") == std::string::npos);
}

TEST_CASE("A file of accuracies that does not fit is refused, all problems at once") {
  using Texts = std::vector<std::string>;
  CHECK(problems_of("ratio,accuracy\n0.5,91\n").empty());
  CHECK(
      problems_of("rato,top1\n") ==
      Texts{
          "line 1: column 'rato' is no axis of the sweep; did you mean 'ratio'?",
          "line 1: column 'top1' is no axis of the sweep; columns: accuracy, and one or more of the axes cores, "
          "block, ratio",
          "line 1: column 'accuracy' is missing; columns: accuracy, and one or more of the axes cores, block, ratio"});
  CHECK(problems_of("accuracy\n91\n") ==
        Texts{"line 1: no column is an axis; columns: accuracy, and one or more of the axes cores, block, ratio"});
  CHECK(problems_of("ratio,accuracy\n0.5,101\n0.5\n0,nan\n0,91%\n") ==
        Texts{"line 2, accuracy: is '101'; a number from 0 to 100, in percent",
              "line 3: has 1 fields; 2, as the first line has",
              "line 4, accuracy: is 'nan'; a number from 0 to 100, in percent",
              "line 5, accuracy: is '91%'; a number from 0 to 100, in percent"});
  CHECK(problems_of("ratio,accuracy\n0.4,91\n") == Texts{"ratio: '0.4' is no value of the axis; 0, 0.5"});
  CHECK(problems_of("") == Texts{": is empty; a line of columns and a line a network"});
}

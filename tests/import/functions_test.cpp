// Do functions of one number compute what their files say, also outside of where they are defined?
#include "sim/ops/lookup.h"
#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

TEST_CASE("Trigonometric and hyperbolic functions, and those that shrink") {
  for (const char* op : {"Acos", "Asin", "Asinh", "Atan", "Atanh", "Cos", "Cosh", "Sin", "Sinh", "Tan", "Shrink"})
    for (const bool behind_convolution : {false, true}) {
      CAPTURE(op, behind_convolution);
      Net net({1, 8, 6, 6});
      if (behind_convolution) net.conv("x", "c", 8, 8);
      const float within = behind_convolution ? 0.125F : 0.75F;  // of -1 to 1
      net.number("within", within).line("Mul", {behind_convolution ? "c" : "x", "within"}, "s").node(op, {"s"}, {"y"});
      if (std::string(op) == "Shrink") net.with("lambd", 0.25F).with("bias", 0.125F);
      net.output("y");
      CHECK(layers_error(net) < int8_error);
    }
  Net above;
  above.number("two", 2).line("Add", {"x", "two"}, "s").line("Acosh", {"s"}, "y").output("y");
  CHECK(layers_error(above) < int8_error);
}

// A step beyond the last argument, which rounding makes, has the last result, not zero.
TEST_CASE("Rounded arguments beyond the range of a function have its results at the end of the range") {
  const auto at = [](ops::Function f, double x) { return ops::evaluate({f, 1, 1, 0, 0}, x); };
  CHECK(at(ops::Function::asin, 1.01) == at(ops::Function::asin, 1));
  CHECK(at(ops::Function::acos, -1.01) == at(ops::Function::acos, -1));
  CHECK(at(ops::Function::acosh, 0.99) == 0);
  const ops::Table table = ops::table_of({ops::Function::atanh, 1.0 / 100, 1.0 / 32, 0, 0});
  CHECK(table[255] == 127);
  CHECK(table[0] == -128);
}

#include "sim/result/accuracy_result.h"

#include <cmath>

#include "sim/result/json.h"

namespace tessera::result {
namespace {

template <std::optional<double> JudgedOutputs::*Member>
Access<JudgedOutputs> decibels() {
  return derived<JudgedOutputs>([](const JudgedOutputs& outputs) -> Value {
    const std::optional<double>& db = outputs.*Member;
    if (!db) return {};
    return std::isinf(*db) ? Value(Null{}) : Value(*db);
  });
}
}  // namespace

const std::vector<Metric<AccuracyResult>>& accuracy_metrics() {
  using A = AccuracyResult;
  static const std::vector<Metric<A>> table{
      {"model", "", "The network.", "given", field<&A::model>()},
      {"images", "images", "How many were evaluated.", "given", field<&A::images>()},
      {"steps", "", "Where the factors of int8 come from.", "given", field<&A::steps>()},
      {"float", "", "The same network in float, judged likewise (--float).", "computed", {}},
      {"dense", "", "The network before its blocks were removed, in int8 (--masks, --dense).", "computed", {}},
  };
  return table;
}

const std::vector<Metric<JudgedOutputs>>& judged_metrics() {
  using J = JudgedOutputs;
  static const std::vector<Metric<J>> table{
      {"top1", "%", "Images whose largest output is their label's.", "100 x hits / images", field<&J::top1>()},
      {"top5", "%", "Images whose label is among the five largest outputs.", "100 x hits / images", field<&J::top5>()},
      {"agreement", "%", "Images of which both networks say the same class.", "100 x equal classes / images",
       field<&J::agreement>()},
      {"psnr_db", "dB", "How near the images made are to the targets; null without a difference.",
       "10 log10(peak^2 / mean squared error)", decibels<&J::psnr_db>()},
      {"psnr_to_int8_db", "dB", "How near they are to those of the int8 network; null without a difference.",
       "10 log10(peak^2 / mean squared error)", decibels<&J::psnr_to_int8_db>()},
      {"difference", "%", "How far rows of outputs, which are no classes, are from those of the int8 network.",
       "100 x root mean square of the differences / that of the outputs", field<&J::difference>()},
  };
  return table;
}

std::string json_text(const AccuracyResult& result) {
  nlohmann::json object;
  write_metrics(result, accuracy_metrics(), object);
  write_metrics(result.int8, judged_metrics(), object);
  if (result.in_float) write_metrics(*result.in_float, judged_metrics(), object["float"] = nlohmann::json::object());
  if (result.dense) write_metrics(*result.dense, judged_metrics(), object["dense"] = nlohmann::json::object());
  return object.dump(1) + "\n";
}

}  // namespace tessera::result

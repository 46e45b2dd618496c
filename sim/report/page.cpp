#include "sim/report/page.h"

#include <filesystem>

#include "sim/base/input_file.h"
#include "sim/base/installation.h"
#include "sim/result/catalogue.h"

namespace tessera::report {
namespace {

const std::string place = "<!--tessera-data-->";  // in the built page

std::string page_path() {
  const std::filesystem::path installed = std::filesystem::path(data_folder()) / "report/page.html";
  if (std::filesystem::exists(installed)) return installed.string();
  return data_folder() + "/explore/report/dist/page.html";
}

// JSON that stands in a script element: no "<" that could end it, no line separators that old scripts trip over. Texts
// that are not UTF-8 are shown with replacement characters.
std::string script_text(const nlohmann::json& data) {
  std::string text;
  for (const char c : data.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

}  // namespace

Expected<std::string> page(const nlohmann::json& data) {
  Expected<std::string> html = read_text(page_path());
  if (!html) return html.failure();
  const std::size_t at = html->find(place);
  if (at == std::string::npos)
    return fail(ExitCode::bad_input, {page_path(), "", "is no page of this program", "one that has " + place});
  return html->substr(0, at) + "<script type=\"application/json\" id=\"tessera-data\">" + script_text(data) +
         "</script>" + html->substr(at + place.size());
}

nlohmann::json explanations() {
  nlohmann::json all = nlohmann::json::object();
  for (const result::MetricInfo& c : result::all_metrics())
    all[c.name] = {{"unit", c.unit}, {"sentence", c.sentence}, {"formula", c.formula}};
  return all;
}

}  // namespace tessera::report

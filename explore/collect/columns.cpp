#include "explore/collect/columns.h"

namespace tessera::explore {
namespace {

Json get(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? Json(nullptr) : *found;
}

Json speedup(const Json& result, const Json& dense) {
  const Json sparse_us = get(result, "latency_us"), dense_us = get(dense, "latency_us");
  if (!sparse_us.is_number() || !dense_us.is_number() || sparse_us.get<double>() <= 0) return nullptr;
  return dense_us.get<double>() / sparse_us.get<double>();
}

Json kept(const Json& result, const Json& dense) {
  const Json sparse_macs = get(result, "macs"), dense_macs = get(dense, "macs");
  if (!sparse_macs.is_number() || !dense_macs.is_number() || dense_macs.get<double>() <= 0) return nullptr;
  return sparse_macs.get<double>() / dense_macs.get<double>();
}

using J = Json;

}  // namespace

const std::vector<Column>& result_columns() {
  static const std::vector<Column> columns = {
      {"network_name", "", "name of the network", [](const J& r, const J&) { return get(r, "network"); }},
      {"rows", "", "rows of compute tiles", [](const J& r, const J&) { return get(r, "rows"); }},
      {"cols", "", "columns of compute tiles", [](const J& r, const J&) { return get(r, "cols"); }},
      {"cores", "", "compute tiles: rows x cols", [](const J& r, const J&) { return get(r, "cores"); }},
      {"latency_us", "us", "one inference with this point's sparsity",
       [](const J& r, const J&) { return get(r, "latency_us"); }},
      {"dense_latency_us", "us", "one inference of the dense baseline: same network, hardware and schedule settings",
       [](const J&, const J& d) { return get(d, "latency_us"); }},
      {"speedup", "", "dense_latency_us / latency_us", speedup},
      {"cycles", "cycles", "latency in cycles of the array clock",
       [](const J& r, const J&) { return get(r, "cycles"); }},
      {"dense_cycles", "cycles", "the same for the dense baseline",
       [](const J&, const J& d) { return get(d, "cycles"); }},
      {"bound_us", "us", "no schedule beats it: the larger of compute_bound_us and ddr_bound_us",
       [](const J& r, const J&) { return get(r, "bound_us"); }},
      {"compute_bound_us", "us", "all kernel work, spread evenly over all cores",
       [](const J& r, const J&) { return get(r, "compute_bound_us"); }},
      {"ddr_bound_us", "us", "what every schedule moves through DDR, at its full rate",
       [](const J& r, const J&) { return get(r, "ddr_bound_us"); }},
      {"alone_bound_us", "us", "least time of the layers one after another, each alone on the array",
       [](const J& r, const J&) { return get(r, "alone_bound_us"); }},
      {"dense_alone_bound_us", "us", "the same for the dense baseline",
       [](const J&, const J& d) { return get(d, "alone_bound_us"); }},
      {"macs", "", "multiply-accumulates that are executed", [](const J& r, const J&) { return get(r, "macs"); }},
      {"macs_kept", "", "macs / those of the dense baseline", kept},
      {"core_busy_share", "", "share of the time of all cores that they spent in kernel calls",
       [](const J& r, const J&) { return get(r, "core_busy_share"); }},
      {"mac_utilization", "", "macs / what all cores could do at their peak in the same time",
       [](const J& r, const J&) { return get(r, "mac_utilization"); }},
      {"weight_bytes", "bytes", "weights as stored in DDR: blocks kept and their indices",
       [](const J& r, const J&) { return get(r, "weight_bytes"); }},
      {"dense_weight_bytes", "bytes", "the same for the dense baseline",
       [](const J&, const J& d) { return get(d, "weight_bytes"); }},
      {"index_bytes", "bytes", "part of weight_bytes that says where the kept blocks belong",
       [](const J& r, const J&) { return get(r, "index_bytes"); }},
      {"ddr_read_bytes", "bytes", "read from DDR", [](const J& r, const J&) { return get(r, "ddr_read_bytes"); }},
      {"ddr_write_bytes", "bytes", "written to DDR", [](const J& r, const J&) { return get(r, "ddr_write_bytes"); }},
      {"zero_share", "", "share of zero blocks, counted in the masks over all layers with weights",
       [](const J& r, const J&) { return get(r, "zero_share"); }},
      {"requested_share", "", "what ratio, layers.X.ratio, exclude and first_dense together ask for",
       [](const J& r, const J&) { return get(r, "requested_share"); }},
      {"empty_rows", "", "groups of block[0] output channels without a block: they are their bias alone",
       [](const J& r, const J&) { return get(r, "empty_rows"); }},
      {"mask_marks", "", "in what the masks are not what the ratio says, see below",
       [](const J& r, const J&) { return get(r, "mask_marks"); }},
  };
  return columns;
}

const Column* find_column(const std::string& name) {
  for (const Column& column : result_columns())
    if (column.name == name) return &column;
  return nullptr;
}

}  // namespace tessera::explore

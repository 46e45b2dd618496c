#include "sim/replay/published_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/replay/lane_work.h"
#include "sim/replay/memtile_homes.h"
#include "sim/replay/published_tiles.h"

namespace tessera::replay {
namespace {

// Pieces of the output height: rows [i * out.h / n, (i + 1) * out.h / n), and the input rows each reads.
struct Pieces {
  int count = 1;
  Bytes largest = 0;  // input and output of one piece
  Bytes input = 0;    // all input rows read, halos twice
};

Pieces pieces_of(const network::Layer& l, int count, int cols) {
  const network::Shape in = column_share(l.in, cols), out = column_share(l.out, cols);
  const int operands = l.op == network::Op::add ? 2 : 1;
  const int rows = l.out.h / count;
  Pieces p;
  p.count = count;
  for (int i = 0; i < count; ++i) {
    const int first = std::max(0, i * rows * l.window.sh - l.window.pad_top);
    const int last = std::min(l.in.h, ((i + 1) * rows - 1) * l.window.sh - l.window.pad_top + l.window.kh);
    const Bytes read = Bytes{operands} * std::max(0, last - first) * in.w * in.c;
    p.input += read;
    p.largest = std::max(p.largest, read + Bytes{rows} * out.w * out.c);
  }
  return p;
}

// One sweep over the output in `pieces` pieces: tiles that touch the padding above or below are worked off one by one,
// those between in ping/pong.
void add_sweep(const network::Layer& l, int tile_rows, int pieces, std::vector<TracePass>& passes) {
  const int rows = l.out.h / pieces;
  for (int p = 0; p < pieces; ++p) {
    TracePass body;
    body.iterations = 0;
    body.overlapped = true;
    const auto flush = [&] {
      if (body.iterations > 0) passes.push_back(body);
      body.iterations = 0;
    };
    for (int row = 0; row < rows; row += tile_rows) {
      const int first = p * rows + row, last = p * rows + std::min(rows, row + tile_rows) - 1;
      const bool top = first * l.window.sh < l.window.pad_top;
      const bool bottom = l.window.pad_bottom > 0 && last * l.window.sh - l.window.pad_top + l.window.kh > l.in.h;
      if (!top && !bottom) {
        ++body.iterations;
        continue;
      }
      flush();
      passes.emplace_back();
    }
    flush();
  }
}

class Planner {
 public:
  Planner(const network::Network& network, const arch::ArraySpec& array)
      : network_(network), array_(array), homes_(network, array.cols, array.memtile.memory.size) {}

  bool plan(const network::Layer& layer, double density, TraceLayer& t) {
    const PublishedTile tile = published_tile(layer, array_.rows, array_.cols, density);
    t.id = layer.id;
    t.name = layer.name;
    t.op = layer.op;
    t.input = layer.in;
    t.output = layer.out;
    t.density = density;
    t.core_input = tile.core_input;
    t.core_output = tile.core_output;
    t.core_weights = tile.core_weights;
    t.memtile_weights = tile.memtile_weights;
    t.memtile_input = column_share(layer.in, array_.cols);
    t.memtile_output = column_share(layer.out, array_.cols);
    if (!place(layer, tile, t)) return false;
    if (homes_.is_output(layer.id) && !t.output_in_ddr) t.write += homes_.share(layer.id);
    homes_.retire(layer);
    return true;
  }

 private:
  static constexpr Bytes pool_parameters = 128, add_parameters = 192;  // one descriptor

  // Weights of one memory tile as they stand there: per sub-volume, and the layer's descriptor.
  static Bytes stored_weights(const TraceLayer& t) {
    if (t.op != network::Op::conv2d) return t.op == network::Op::add ? add_parameters : pool_parameters;
    return sub_volumes(t) * weight_bytes(t.core_weights, t.density, false) + 192;
  }

  static int sub_volumes(const TraceLayer& t) {
    return static_cast<int>(ceil_div(t.memtile_weights.cout, t.core_weights.cout) *
                            ceil_div(t.memtile_weights.cin, t.core_weights.cin));
  }

  bool place(const network::Layer& layer, const PublishedTile& tile, TraceLayer& t) {
    const Bytes weights = stored_weights(t);
    int sweeps = std::max(concat_sweeps(layer), tile.width_parts);
    DdrTraffic traffic;
    t.loadw = weights;
    int pieces = 1;
    if (!homes_.bring(layer, weights, traffic)) {
      const int parts = layer.op == network::Op::conv2d ? weight_parts(layer, t, weights) : 0;
      if (parts > 0 && 2 * weights > homes_.operands(layer)) {
        homes_.bring(layer, ceil_div(weights, parts), traffic);
        t.weights_in_ddr = true;
        sweeps = std::max(sweeps, weight_sweeps(layer, t, parts));
        if (!even_rows(layer, t)) t.loadw = weights * array_.rows;
      } else {
        pieces = row_pieces(layer, weights, t, traffic);
        if (pieces == 0) return false;
        sweeps = tile.width_parts;
      }
    }
    if (reads_input(layer) && pieces == 1) {  // what comes from the host goes back to DDR
      homes_.store(homes_.home_of(layer.id), traffic);
      t.input_in_ddr = t.weights_in_ddr = t.output_in_ddr = true;
    }
    t.load = traffic.load;
    t.write += traffic.write;
    for (int s = 0; s < sweeps; ++s) add_sweep(layer, tile.core_output.h, pieces, t.passes);
    return true;
  }

  bool reads_input(const network::Layer& layer) const {
    return network_.layers[static_cast<std::size_t>(layer.inputs[0])].op == network::Op::input;
  }

  int concat_sweeps(const network::Layer& layer) const {
    const network::LayerId home = homes_.home_of(layer.id);
    if (home == layer.id) return 1;
    const int all = network_.layers[static_cast<std::size_t>(home)].out.c;
    return static_cast<int>(ceil_div(all, std::int64_t{layer.out.c} * array_.rows));
  }

  bool even_rows(const network::Layer& layer, const TraceLayer& t) const {
    return t.memtile_weights.cout * array_.rows == network::stored_channels(layer.out.c);
  }

  // Parts of the output channels in which the weights pass through what the activations leave. Where output channels
  // alone do not do, every sub-volume of a core is a part of its own. 0: in no way.
  int weight_parts(const network::Layer& layer, const TraceLayer& t, Bytes weights) const {
    const Bytes room = array_.memtile.memory.size - homes_.operands(layer);
    for (int d : channel_divisors(network::stored_channels(layer.out.c)))
      if (t.memtile_weights.cout % (8 * d) == 0 && ceil_div(weights, d) <= room) return d;
    const int volumes = sub_volumes(t);
    return ceil_div(weights, volumes) <= room ? volumes : 0;
  }

  // Rows with unequal shares of the output channels take their parts one after the other.
  int weight_sweeps(const network::Layer& layer, const TraceLayer& t, int parts) const {
    return even_rows(layer, t) || parts == sub_volumes(t) ? parts : parts * array_.rows;
  }

  int row_pieces(const network::Layer& layer, Bytes weights, TraceLayer& t, DdrTraffic& traffic) {
    const Bytes capacity = array_.memtile.memory.size;
    for (int n = 1; n <= layer.out.h; ++n) {
      if (layer.out.h % n != 0) continue;
      const Pieces p = pieces_of(layer, n, array_.cols);
      if (p.largest + weights > capacity) continue;
      // Operands that a memory tile could hold are brought there first, in vain; then weights come with every piece.
      const bool whole = t.memtile_input.elements() <= capacity && t.memtile_output.elements() <= capacity;
      const bool from_ddr = homes_.in_ddr_only(homes_.home_of(layer.inputs[0]));
      if (layer.op == network::Op::conv2d && whole && from_ddr && !reads_input(layer))
        traffic.load += t.memtile_input.elements();
      if (layer.op == network::Op::conv2d && whole) t.loadw = weights * n;
      traffic.load += p.input;
      homes_.send_to_ddr(layer, traffic);
      t.write += t.memtile_output.elements();
      t.input_in_ddr = t.output_in_ddr = true;
      t.weights_in_ddr = whole;
      return n;
    }
    return 0;
  }

  const network::Network& network_;
  const arch::ArraySpec& array_;
  MemtileHomes homes_;
};

}  // namespace

Expected<ScheduleTrace> plan_published(const network::Network& network, const arch::ArraySpec& array,
                                       const std::vector<double>& density) {
  ScheduleTrace trace;
  trace.network = network.name;
  trace.rows = array.rows;
  trace.cols = array.cols;
  Planner planner(network, array);
  for (const network::Layer& layer : network.layers) {
    if (layer.op == network::Op::input || layer.op == network::Op::concat) continue;
    TraceLayer t;
    if (!planner.plan(layer, density[static_cast<std::size_t>(layer.id)], t))
      return fail(
          ExitCode::does_not_fit,
          {"", layer.name,
           fmt::format("one output row and its weights exceed a memory tile of {} bytes", array.memtile.memory.size),
           "more columns, or a larger hardware.memtile.memory.size"});
    trace.layers.push_back(std::move(t));
  }
  return trace;
}

}  // namespace tessera::replay

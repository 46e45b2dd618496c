// One layer: where its output stands, and how it is computed.
#include <fmt/format.h>

#include <algorithm>

#include "sim/schedule/in_place.h"
#include "sim/schedule/network_pass.h"
#include "sim/schedule/placement.h"

namespace tessera::schedule {
namespace {

// The layer that is decided, with the geometry that its case points to.
struct Question {
  network::Layer layer;
  LayerCase c;
  network::LayerId root = 0, operand = -1;
  std::vector<Candidate>& candidates;
};

// Whether a pool may leave `root` in DDR, where its readers fetch it, for less than `in_place`: tiles of few rows read
// the rows between them again and again, while tiles of few channels and all rows read nothing twice.
bool spills_better(Walk& w, const network::Layer& pool, network::LayerId root, Bytes reserve, double in_place) {
  if (pool.op != network::Op::maxpool && pool.op != network::Op::avgpool) return false;
  const Draft& d = w.draft;
  const Bytes staging = free_staging(w.in, d.memory);
  const auto cost = [&](const network::Layer& l, bool input_in_ddr, bool output_in_ddr, Bytes free) {
    const Unit u = unit_of(w.in, l, d.fused[l.id]);
    return w.search.cost(d, u, {0, u.geometry.out.h}, {input_in_ddr, output_in_ddr, free, 1});
  };
  const auto first = cost(pool, false, true, staging);
  if (!first) return false;
  double spilled = *first;
  for (network::LayerId id : w.in.readers[root]) {
    const network::Layer& reader = w.in.layer(id);
    if (reader.inputs[0] != root || reader.op == network::Op::concat || d.fused_into[id] >= 0) continue;
    const auto from_ddr = cost(reader, true, false, staging), from_memory = cost(reader, false, false, reserve);
    if (!from_ddr) return false;
    if (from_memory) spilled += *from_ddr - *from_memory;
  }
  return spilled < in_place;
}

// Places the output over rows of the input as they become free (in_place.h), if the layer is the input's last reader
// and one of its mappings allows that; nothing otherwise.
std::optional<Choice> place_in_place(Walk& w, const Question& q, network::LayerId input, Bytes reserve) {
  Draft& d = w.draft;
  LayerCase c = q.c;
  const network::LayerId from = d.mapping.root(input);
  const network::Layer& l = w.in.layer(q.root);
  if (!operator_of(*c.kernel).rows) return std::nullopt;
  if (d.axis[from] != mapping::Axis::height || d.standing[from].in_ddr || d.last_use[from] != c.kernel->id)
    return std::nullopt;
  if (d.placed_by_rows(w.in, from) || w.in.spec.layers.count(c.layer->name) != 0 || c.layer->op == network::Op::concat)
    return std::nullopt;
  if (d.mapping.root(q.root) != q.root || !(c.layer->out == l.out)) return std::nullopt;
  c.in_ddr.output = false;
  c.output_axis = mapping::Axis::height;
  c.in_place = true;
  c.asked = false;
  c.staging = reserve;
  const auto bytes = [](const network::Layer& t) { return Bytes{t.out.w} * network::stored_channels(t.out.c); };
  const InPlace what{*c.layer, d.standing[from], bytes(w.in.layer(from)), bytes(l), reserve};
  const auto places = [&](const mapping::Partition& p, const mapping::Tiling& t) {
    return place_in_input(what, p, t, w.in.array, d.memory.tiles);
  };
  c.admits = [&](const mapping::Partition& p, const mapping::Tiling& t) { return places(p, t).has_value(); };
  Demand unused;
  const auto choice = w.search.weigh(c, {0, c.layer->out.h}, unused, q.candidates);
  if (!choice || spills_better(w, *c.kernel, q.root, reserve, choice->cycles)) return std::nullopt;
  const mapping::Partition p = make_partition(*c.layer, {0, c.layer->out.h}, choice->mapping.sharding, w.in.array);
  d.axis[q.root] = mapping::Axis::height;
  const mapping::Place place{q.root, mapping::Place::Where::memory_tiles, mapping::Axis::height, -1,
                             *places(p, tiling_of(*c.layer, p, choice->mapping))};
  Memory memory = d.memory;
  for (const mapping::Piece& piece : place.pieces)
    memory.tiles[piece.memtile].take(piece.address, piece.h.size() * what.row_bytes, memory.next_owner);
  ++memory.next_owner;
  take(d, place, std::move(memory), d.memory.next_owner);
  return choice;
}

Question question_of(Walk& w, const network::Layer& kernel, const LayerPart& part) {
  const Inputs& in = w.in;
  Draft& d = w.draft;
  const network::Layer* tail = part.fused >= 0 ? &in.layer(part.fused) : nullptr;
  const bool pooled = tail != nullptr && tail->op == network::Op::maxpool;
  Question q{pooled ? mapping::with_pool(kernel, *tail) : kernel,
             {},
             d.mapping.root(part.target),
             -1,
             w.reports[kernel.id].candidates};
  if (operator_of(kernel).inputs == 2) q.operand = kernel.inputs[1];
  if (tail != nullptr && !pooled) q.operand = tail->inputs[0] == kernel.id ? tail->inputs[1] : tail->inputs[0];
  LayerCase& c = q.c;
  c.kernel = &kernel;
  c.pool = pooled ? tail : nullptr;
  c.weights = w.search.weights_of(d, kernel);
  c.operand = q.operand >= 0;
  c.fused = part.fused;
  c.mask = &d.masks[kernel.id];
  c.asked = part.part < 0;
  set_axes(in, d, c, {part.input, q.operand, part.target});
  c.in_ddr = {d.of(part.input).in_ddr, q.operand >= 0 && d.of(q.operand).in_ddr, false};
  if (part.rows.size() < q.layer.out.h && !d.placed_by_rows(in, part.input) && !c.in_ddr.input &&
      c.input_axis == mapping::Axis::height)
    c.input_sharers = std::clamp(q.layer.out.h / part.rows.size(), 1, in.array.cols);
  return q;
}

// What must stay free of each memory tile for the weights of a layer and staging.
Bytes reserve_of(const Inputs& in, const LayerCase& c) {
  const Bytes weights = c.weights == nullptr ? 0 : c.weights->blocks() * c.weights->block_bytes();
  return std::min(in.usual_reserve(), weights / in.array.memtiles() * 5 / 4 + in.usual_reserve() / 8);
}

// Where a tensor is to stand that has no place yet: in the memory tiles, over its input, or in DDR. In the first case
// the choice waits for what the place leaves of the memory tiles: without one the tensor goes to DDR after all.
std::optional<Choice> place_output(Walk& w, Question& q, network::LayerId input,
                                   const std::function<std::optional<Choice>(const Memory&, bool)>& choose) {
  Draft& d = w.draft;
  const Bytes reserve = reserve_of(w.in, q.c);
  if (d.last_use[q.root] != 0) {
    Memory memory = d.memory;
    const auto place = find_place(w.in, d.axis[q.root], memory, q.root, {0, w.in.layer(q.root).out.h}, reserve);
    if (place) {
      const auto choice = choose(memory, false);
      if (choice) {
        take(d, *place, std::move(memory), d.memory.next_owner);
        return choice;
      }
      give_up(d, {*place});
    } else if (q.operand < 0) {
      if (auto choice = place_in_place(w, q, input, reserve)) return choice;
    }
  }
  place_in_ddr(d, q.root);
  return choose(d.memory, true);
}

}  // namespace

Failure does_not_fit(const network::Layer& l, const Demand& demand, Bytes core, Bytes staging) {
  const std::string where = "layer " + l.name;
  if (demand.core > core)
    return fail(ExitCode::does_not_fit,
                {"", where,
                 fmt::format("no tiling fits in a core: the smallest needs {} bytes, a core has {}, {} are missing",
                             demand.core, core, demand.core - core),
                 "a larger compute tile (hardware.tile.memory.size), a smaller kernel or map, or another mapping "
                 "(schedule.layers.<name>.cols/rows/tile) would help"});
  if (demand.staging == Demand{}.staging)  // nothing got as far as the memory tiles
    return fail(ExitCode::does_not_fit,
                {"", where, "every tiling that fits in a core moves more at once than a descriptor can",
                 "larger hardware.tile.dma.max_length or hardware.memtile.dma.max_wrap would help"});
  const std::string what =
      demand.staging > staging
          ? fmt::format(
                "no tiling fits in the memory tiles: staging and weights need {} bytes of each at least, {} are "
                "free, {} are missing",
                demand.staging, staging, demand.staging - staging)
          : fmt::format(
                "staging and weights need {} bytes of each memory tile in several buffers, which do not fit "
                "around what other layers keep there; the largest gap has {}",
                demand.staging, staging);
  return fail(ExitCode::does_not_fit,
              {"", where, what,
               "larger memory tiles (hardware.memtile.memory.size), more columns (hardware.cols), or another mapping "
               "(schedule.layers.<name>.cols/rows/tile) would help"});
}

void add_steps(Draft& d, mapping::Compute compute, const Choice& choice) {
  d.estimate += choice.cycles;
  compute.mapping = choice.mapping;
  const mapping::Span all = compute.rows;
  for (int i = 0; i < choice.groups; ++i) {
    compute.rows = mapping::split(all, choice.groups, i);
    d.mapping.steps.emplace_back(compute);
  }
  if (choice.groups > 1) d.mapping.groups.push_back({{compute.layer}, choice.groups});
  ++d.memory.computed;
}

std::optional<Failure> map_layer(Walk& w, const network::Layer& kernel, const LayerPart& part) {
  Draft& d = w.draft;
  Question q = question_of(w, kernel, part);
  q.c.layer = &q.layer;
  const bool whole = part.rows.size() == q.layer.out.h;
  const Standing& target = d.standing[q.root];
  const bool fresh = !part.placed && target.parts.empty() && !target.in_ddr;
  const bool over = fresh && whole && q.operand >= 0 && operator_of(q.layer).rows && q.operand != part.input &&
                    place_over(w.in, d, q.root, q.operand, q.layer.id);
  q.c.output_axis = d.axis[q.root];
  Demand least;
  const auto known = d.known.find({q.layer.id, part.rows.size()});
  const auto choose = [&](const Memory& memory, bool output_in_ddr) -> std::optional<Choice> {
    q.c.in_ddr.output = output_in_ddr;
    q.c.staging = free_staging(w.in, memory);
    if (known != d.known.end() && known->second.staging_bytes <= q.c.staging) return known->second;
    return w.search.weigh(q.c, part.rows, least, q.candidates);
  };
  const auto choice = fresh && !over ? place_output(w, q, part.input, choose) : choose(d.memory, target.in_ddr);
  if (!choice && !least.refused.empty()) return Failure{ExitCode::bad_input, std::move(least.refused)};
  if (!choice && !least.too_large.empty()) return Failure{ExitCode::does_not_fit, std::move(least.too_large)};
  if (!choice) return does_not_fit(q.layer, least, w.in.array.tile.memory.size - w.in.array.tile.reserved, q.c.staging);
  if (!whole) d.known.insert({{q.layer.id, part.rows.size()}, *choice});
  add_steps(d, {kernel.id, part.part, {}, part.fused, part.rows, {}}, *choice);
  return std::nullopt;
}

}  // namespace tessera::schedule

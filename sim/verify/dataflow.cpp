#include "sim/verify/dataflow.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::verify {

Dataflow::Dataflow(const program::Program& program, const program::EngineMap& map, const Clocks& clocks,
                   Coverage& coverage, Findings& findings)
    : p_(program),
      map_(map),
      clocks_(clocks),
      coverage_(coverage),
      findings_(findings),
      contents_(program),
      tiles_(map.tile_count()),
      homes_(program.layers.size()),
      arrived_(map.count(), 0),
      product_tiles_(map.tile_count()) {
  for (std::size_t i = 0; i < p_.pieces.size(); ++i) {
    const program::TensorPiece& t = p_.pieces[i];
    Placed placed;
    if (!place(contents_.tensor_key(t.tensor), t.region, t.access, placed)) {
      findings_.add(fmt::format("piece {}", i), "its access does not run through its region in h, w, c order");
      continue;
    }
    Shadow& m = t.in_ddr ? ddr_ : tiles_[t.memory];
    std::vector<Placed> parts;
    contents_.resolve(placed, parts);
    for (const Placed& part : parts) homes_[t.tensor].push_back({&m, part});
    if (!ops::is_source(p_.layers[t.tensor].layer)) continue;
    if (!t.in_ddr) findings_.add(fmt::format("piece {}", i), "holds network input outside of DDR");
    const int chunk = contents_.chunk_in(placed.base, placed.end());
    if (chunk >= 0) findings_.add(fmt::format("piece {}", i), fmt::format("overlaps chunk {}", chunk));
    m.put(placed);
  }
}

Shadow& Dataflow::memory(program::EngineId e, const program::Transfer& t) {
  return map_.info(e).tile_kind == program::TileKind::shim ? ddr_ : tiles_[t.memory];
}

std::string Dataflow::memory_name(const Shadow& m) const {
  return &m == &ddr_ ? "DDR" : map_.tile_name(static_cast<program::TileId>(&m - tiles_.data()));
}

void Dataflow::report(const Here& here, int layer, std::string what, std::string legal) const {
  findings_.at(here.stamp.engine, here.step, layer, std::move(what), std::move(legal));
}

bool Dataflow::written_alike(std::int64_t address) const {
  return std::any_of(p_.written_alike.begin(), p_.written_alike.end(),
                     [&](const program::DdrRange& range) { return range.begin <= address && address < range.end; });
}

void Dataflow::report_races(const Here& here, int layer, const Shadow& m, bool writes, const Placed& what) {
  if (writes && &m == &ddr_)
    races_.erase(std::remove_if(races_.begin(), races_.end(),
                                [&](const Conflict& c) { return !c.other_reads && written_alike(c.address); }),
                 races_.end());
  if (races_.empty()) return;
  const Conflict& c = races_.front();
  report(here, layer,
         fmt::format("{} {} in {} at address {}, which instruction {} of {} {}: nothing orders the two",
                     writes ? "writes" : "reads", contents_.name(findings_, what), memory_name(m), c.address,
                     c.other.ordinal, map_.name(c.other.engine), c.other_reads ? "reads" : "writes"));
  races_.clear();
}

bool Dataflow::holds(Shadow& m, const Placed& wanted) {
  std::vector<Placed> parts;
  if (contents_.is_elements(wanted.key))
    contents_.resolve(wanted, parts);
  else
    parts.push_back(wanted);
  for (const Placed& part : parts)
    if (!m.holds(part)) return false;
  return true;
}

// What is wrong with the first pixel (or byte range) that is not there.
std::string Dataflow::missing(Shadow& m, const Placed& wanted) {
  Placed first = wanted;
  for (int h = wanted.box.h0; h < wanted.box.h1; ++h)
    for (int w = wanted.box.w0; w < wanted.box.w1; ++w) {
      const Placed pixel = wanted.cut({h, h + 1, w, w + 1, wanted.box.c0, wanted.box.c1});
      if (holds(m, pixel)) continue;
      // Narrow it down to 8 channels for tensors, so that the address is that of what is wrong.
      first = pixel;
      for (int c = pixel.box.c0; contents_.is_elements(wanted.key) && c < pixel.box.c1; c += 8) {
        const Placed cell = pixel.cut({h, h + 1, w, w + 1, c, std::min(c + 8, pixel.box.c1)});
        if (holds(m, cell)) continue;
        first = cell;
        break;
      }
      const std::optional<Placed> there = m.at(first.base, first.end());
      const std::string where =
          fmt::format("{} at address {} of {}", contents_.name(findings_, first), first.base, memory_name(m));
      if (!there) return where + " was written by nobody";
      return where + " is missing: there stands " + contents_.name(findings_, *there);
    }
  return contents_.name(findings_, first);
}

// Into parts_.
void Dataflow::resolved(const Placed& content) {
  parts_.clear();
  if (contents_.is_elements(content.key)) {
    contents_.resolve(content, parts_);
  } else {
    parts_.push_back(content);
  }
}

void Dataflow::need(const Here& here, int layer, Shadow& m, const Placed& wanted, const char* purpose, int* sum) {
  resolved(wanted);
  races_.clear();
  for (const Placed& part : parts_)
    if (!m.read(part, here.stamp, clocks_, races_, sum))
      report(here, layer, std::string(purpose) + ": " + missing(m, part));
  report_races(here, layer, m, false, wanted);
}

// A single row or pixel at its placement goes on the grid of what stands there.
void Dataflow::take_pitches(const Shadow& m, Placed& part) const {
  if (!contents_.is_tensor(part.key)) return;
  for (const Home& h : homes_[part.key])
    if (h.memory == &m && h.content.key == part.key && inside(part.box, h.content.box) &&
        h.content.agrees(part, part.box)) {
      part.ph = h.content.ph;
      part.pw = h.content.pw;
      return;
    }
}

void Dataflow::leave(const Here& here, int layer, Shadow& m, const Placed& content, int sum) {
  resolved(content);
  races_.clear();
  for (Placed& part : parts_) {
    if (rows_of(part.box) == 1 || cols_of(part.box) == 1) take_pitches(m, part);
    if (&m == &ddr_) {
      const int chunk = contents_.chunk_in(part.base, part.end());
      if (chunk >= 0) report(here, layer, fmt::format("writes over chunk {} at DDR address {}", chunk, part.base));
    }
    m.write(part, here.stamp, clocks_, races_, sum);
  }
  report_races(here, layer, m, true, content);
}

// ---- transfers ----

void Dataflow::load(const Here& here, const program::Transfer& t, std::vector<StreamPart>& stream) {
  stream.clear();
  Shadow& m = memory(here.stamp.engine, t);
  if (t.payload == program::Payload::weights) return load_weights(here, t, m, stream);
  if (t.payload == program::Payload::padding) return load_padding(here, t, m, stream);
  if (t.payload != program::Payload::none) return load_tensor(here, t, m, stream);
  const program::EngineMap::Info& info = map_.info(here.stamp.engine);
  if (p_.product.layer >= 0 && info.tile_kind == program::TileKind::compute) check_product(here, t);
  read_bytes(here, t, m);
}

// Whatever stands where the access leads.
void Dataflow::read_bytes(const Here& here, const program::Transfer& t, Shadow& m) {
  placed_.clear();
  place_bytes(bare(t.access), placed_);
  races_.clear();
  for (const Placed& b : placed_) m.touch(b, here.stamp, clocks_, races_);
  if (!placed_.empty()) report_races(here, t.layer, m, false, placed_.front());
}

void Dataflow::load_weights(const Here& here, const program::Transfer& t, Shadow& m, std::vector<StreamPart>& stream) {
  std::vector<Placed>&runs = placed_, &found = found_;
  runs.clear();
  place_bytes(t.access, runs);
  Bytes offset = 0;
  for (const Placed& box : runs)
    for (int h = 0; h < rows_of(box.box); ++h)
      for (int w = 0; w < cols_of(box.box); ++w) {
        const std::int64_t lo = box.base + h * box.ph + w * box.pw, hi = lo + depth_of(box.box);
        found.clear();
        races_.clear();
        bool complete = true;
        if (&m == &ddr_) {
          for (std::int64_t at = lo; at < hi;) {
            const int c = contents_.chunk_at(at);
            if (c < 0) {
              complete = false;
              break;
            }
            const std::int64_t start = p_.chunks[c].ddr_address;
            const std::int64_t end = std::min(hi, start + p_.chunks[c].size.total());
            found.push_back(bytes_at(contents_.chunk_key(c), at, at - start, end - start));
            at = end;
          }
        } else {
          complete = m.collect(lo, hi, here.stamp, clocks_, found, races_);
        }
        // Chunks stand end to end; whoever wants several has a transfer for each.
        if (complete && &m == &ddr_ && found.size() > 1)
          report(here, t.layer, fmt::format("reads {} chunks of weights as one", found.size()));
        if (!complete)
          report(here, t.layer,
                 fmt::format("reads weights at addresses {} to {} of {}, not all of which were written", lo, hi,
                             memory_name(m)));
        for (const Placed& f : found) {
          if (!contents_.is_chunk(f.key) || p_.chunks[f.key - contents_.chunk_key(0)].layer != weights_layer(t.layer)) {
            report(here, t.layer,
                   fmt::format("reads as weights what is {} at address {} of {}", contents_.name(findings_, f), f.base,
                               memory_name(m)));
            break;
          }
          stream.push_back({offset + f.base - lo, f.key, f.box});
        }
        report_races(here, t.layer, m, false, bytes_at(-1, lo, 0, hi - lo));
        offset += hi - lo;
      }
}

// The pixels of a lattice, each where the map stands as a whole.
void Dataflow::need_pixels(const Here& here, const program::Transfer& t, Shadow& m, const Placed& wanted) {
  const program::Region& r = wanted.box;
  for (int h = r.h0; h < r.h1; ++h)
    for (int w = r.w0; w < r.w1; ++w) {
      Placed pixel = wanted.cut({h, h + 1, w, w + 1, r.c0, r.c1});
      pixel.box.h0 = h * t.lattice.h;
      pixel.box.w0 = w * t.lattice.w;
      pixel.box.h1 = pixel.box.h0 + 1;
      pixel.box.w1 = pixel.box.w0 + 1;
      need(here, t.layer, m, pixel, "reads");
    }
}

void Dataflow::load_tensor(const Here& here, const program::Transfer& t, Shadow& m, std::vector<StreamPart>& stream) {
  Placed wanted;
  if (!place(contents_.tensor_key(t.tensor), t.region, bare(t.access), wanted)) {
    report(here, t.layer,
           "its access does not run through " + findings_.layer_name(t.tensor) + " " + region_text(t.region) +
               " in h, w, c order");
  } else if (t.lattice.every()) {
    need(here, t.layer, m, wanted, "reads");
  } else {
    need_pixels(here, t, m, wanted);
  }
  stream.push_back({0, contents_.lattice_key(t.tensor, t.lattice), padded(here, t)});
}

void Dataflow::store(const Here& here, const program::Transfer& t, Bytes at, const std::vector<StreamPart>& stream,
                     Bytes from, Bytes n) {
  Shadow& m = memory(here.stamp.engine, t);
  std::vector<Placed>& placed = placed_;
  std::vector<program::Region>& regions = regions_;
  std::vector<program::Access>& slices = slices_;
  placed.clear();
  slices.clear();
  if (stream.empty()) {  // bytes without meaning
    slice(t.access, at, n, slices);
    for (const program::Access& a : slices) place_bytes(a, placed);
    for (const Placed& p : placed) leave(here, t.layer, m, p);
    return;
  }
  for (const StreamPart& part : stream) {
    const Bytes size = part.box.elements();
    const Bytes lo = std::max(from, part.offset), hi = std::min(from + n, part.offset + size);
    if (lo >= hi) continue;
    regions.clear();
    split_stream(part.box, lo - part.offset, hi - lo, regions);
    Bytes position = at + lo - from;
    for (const program::Region& region : regions) {
      Bytes in_region = 0;
      slices.clear();
      slice(t.access, position, region.elements(), slices);
      for (const program::Access& a : slices) {
        if (slices.size() == 1) {
          place_all(part.key, region, a, placed);
        } else {
          std::vector<program::Region> pieces;
          split_stream(region, in_region, a.memory_bytes(), pieces);
          Bytes in_slice = 0;
          for (const program::Region& piece : pieces) {
            std::vector<program::Access> sub;
            slice(a, in_slice, piece.elements(), sub);
            if (sub.size() == 1) place_all(part.key, piece, sub[0], placed);
            in_slice += piece.elements();
          }
          in_region += a.memory_bytes();
        }
      }
      position += region.elements();
    }
  }
  for (const Placed& p : placed) {
    if (t.payload == program::Payload::result) check_home(here, t, m, p);
    leave(here, t.layer, m, p);
  }
}

void Dataflow::check_home(const Here& here, const program::Transfer& t, const Shadow& m, const Placed& content) {
  if (!contents_.is_tensor(content.key))
    return report(here, t.layer, "puts as a result what is " + contents_.name(findings_, content));
  declared_.clear();
  contents_.resolve(t.tensor, t.region, declared_);
  resolved(content);
  for (const Placed& part : parts_) {
    bool right = false, home = false;
    for (const auto& d : declared_) right = right || (d.tensor == part.key && inside(part.box, d.box));
    for (const Home& h : homes_[t.tensor])
      home = home || (h.memory == &m && h.content.key == part.key && inside(part.box, h.content.box) &&
                      h.content.agrees(part, part.box));
    if (!right)
      report(here, t.layer,
             fmt::format("puts {} as {} {}", contents_.name(findings_, part), findings_.layer_name(t.tensor),
                         region_text(t.region)));
    if (!home)
      report(here, t.layer,
             fmt::format("puts {} at address {} of {}, which is not its placement", contents_.name(findings_, part),
                         part.base, memory_name(m)));
  }
  arrived_[here.stamp.engine] += content.box.elements();
}

void Dataflow::stored(const Here& here, const program::Transfer& t) {
  if (t.payload != program::Payload::result) return;
  Bytes& arrived = arrived_[here.stamp.engine];
  if (arrived != t.region.elements())
    report(here, t.layer,
           fmt::format("puts {} elements of the {} of {}", arrived, t.region.elements(), region_text(t.region)));
  arrived = 0;
  coverage_.put(t.tensor, t.region);
}

// A concatenation stands where its inputs stand, unless they were copied into it.
void Dataflow::check_concat(const network::Layer& y) {
  int c0 = 0;
  for (network::LayerId input : y.inputs) {
    const int c1 = c0 + network::stored_channels(p_.layers[input].layer.out.c);
    for (const program::TensorPiece& t : p_.pieces) {
      Placed whole;
      if (t.tensor != y.id || coverage_.put_into(y.id, c0, c1) ||
          !place(contents_.tensor_key(y.id), t.region, t.access, whole))
        continue;
      program::Region part = intersect(t.region, {0, y.out.h, 0, y.out.w, c0, c1});
      if (empty(part)) continue;
      std::vector<Placed> leaves;
      contents_.resolve(whole.cut(part), leaves);
      for (const Placed& leaf : leaves) {
        bool stands = false;
        for (const Home& h : homes_[input])
          stands = stands || (h.memory == (t.in_ddr ? &ddr_ : &tiles_[t.memory]) && h.content.key == leaf.key &&
                              inside(leaf.box, h.content.box) && h.content.agrees(leaf, leaf.box));
        if (!stands)
          return findings_.add("layer " + findings_.layer_name(y.id),
                               contents_.name(findings_, leaf) + " is neither put into it nor stands there in place");
      }
    }
    c0 = c1;
  }
}

void Dataflow::finish() {
  std::vector<char> read(p_.layers.size(), 0);
  for (const program::ProgramLayer& l : p_.layers) {
    for (network::LayerId input : l.layer.inputs) read[input] = 1;
    if (l.layer.op == network::Op::concat) check_concat(l.layer);
  }
  for (std::size_t t = 0; t < homes_.size(); ++t)
    for (const Home& h : homes_[t])
      if (!read[t] && !h.memory->holds(h.content))
        findings_.add("layer " + findings_.layer_name(static_cast<int>(t)),
                      "in the end " + missing(*h.memory, h.content));
}

}  // namespace tessera::verify

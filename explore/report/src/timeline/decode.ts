// The slices of a timeline in typed arrays; sim/report/timeline.h says how they are packed.
import { GraphLayer, TimelineData, Track } from "../data";

export interface Slices {
  name: string;
  tile: string;
  kind: string;
  begin: Float64Array;
  end: Float64Array;
  layer: Int32Array;
  what: Uint16Array;
}

export interface Timeline {
  kinds: string[];
  /** Lanes of layers first, then the engines. */
  tracks: Slices[];
  end: number;
  slices: number;
}

function unpack(track: Track, kinds: number): Slices {
  const text = atob(track.data);
  const slices: Slices = {
    name: track.name,
    tile: track.tile,
    kind: track.kind,
    begin: new Float64Array(track.slices),
    end: new Float64Array(track.slices),
    layer: new Int32Array(track.slices),
    what: new Uint16Array(track.slices),
  };
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = text.charCodeAt(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  let now = 0;
  for (let i = 0; i < track.slices; ++i) {
    slices.begin[i] = now += varint();
    slices.end[i] = now += varint();
    const code = varint();
    slices.layer[i] = Math.floor(code / kinds) - 1;
    slices.what[i] = code % kinds;
  }
  return slices;
}

/** Every layer from its first to its last task, on as many lanes as layers overlap. */
function lanes(data: TimelineData, what: number): Slices[] {
  const order = data.spans.flatMap((span, layer) => (span === null ? [] : [{ layer, begin: span[0], end: span[1] }]));
  order.sort((a, b) => a.begin - b.begin);
  const filled: (typeof order)[] = [];
  for (const span of order) {
    const free = filled.find((lane) => lane[lane.length - 1].end <= span.begin);
    if (free) free.push(span);
    else filled.push([span]);
  }
  return filled.map((lane, n) => ({
    name: `layers ${n}`,
    tile: "network",
    kind: "layers",
    begin: Float64Array.from(lane, (s) => s.begin),
    end: Float64Array.from(lane, (s) => s.end),
    layer: Int32Array.from(lane, (s) => s.layer),
    what: new Uint16Array(lane.length).fill(what),
  }));
}

const decoded = new WeakMap<TimelineData, Timeline>();

export function decode(data: TimelineData): Timeline {
  const known = decoded.get(data);
  if (known) return known;
  const engines = data.tracks.map((track) => unpack(track, data.kinds.length));
  const timeline = {
    kinds: [...data.kinds, "layer"],
    tracks: [...lanes(data, data.kinds.length), ...engines],
    end: engines.reduce((most, track) => Math.max(most, track.end[track.end.length - 1]), 1),
    slices: data.slices,
  };
  decoded.set(data, timeline);
  return timeline;
}

/** Cycles in kernel calls by layer and core: [layer][core]; layers without any are left out. */
export function coreWork(data: TimelineData): Map<number, number[]> {
  const timeline = decode(data);
  const cores = timeline.tracks.filter((track) => track.kind === "core");
  const waits = timeline.kinds.map(isWait);
  const work = new Map<number, number[]>();
  cores.forEach((track, core) => {
    for (let i = 0; i < track.layer.length; ++i) {
      if (waits[track.what[i]]) continue;
      let row = work.get(track.layer[i]);
      if (row === undefined) work.set(track.layer[i], (row = new Array(cores.length).fill(0)));
      row[core] += track.end[i] - track.begin[i];
    }
  });
  return work;
}

/** Whether a kind of slice is no work. */
export const isWait = (kind: string): boolean => kind.startsWith("wait_");

/** What matches a search: tasks by layer, all slices by kind and by track. Null: no search. */
export interface Matches {
  layers: boolean[];
  kinds: boolean[];
  /** Kinds that a layer's name does not find. */
  waits: boolean[];
  track: (name: string) => boolean;
}

export function search(timeline: Timeline, layers: GraphLayer[], text: string): Matches | null {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return null;
  return {
    layers: layers.map((layer) => layer.name.toLowerCase().includes(wanted)),
    kinds: timeline.kinds.map((kind) => kind.includes(wanted)),
    waits: timeline.kinds.map(isWait),
    track: (name) => name.toLowerCase().includes(wanted),
  };
}

export const matchesSlice = (m: Matches, track: Slices, i: number, trackMatches: boolean): boolean =>
  trackMatches || m.kinds[track.what[i]] || (!m.waits[track.what[i]] && track.layer[i] >= 0 && m.layers[track.layer[i]]);

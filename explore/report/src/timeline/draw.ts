// Draws the visible part of a timeline. Slices thinner than a pixel share it, so that the cost is that of the pixels and
// of a walk over the visible slices.
import { causeColor, layerColor, theme } from "../color";
import { GraphLayer } from "../data";
import { short, time } from "../format";
import { isWait, Matches, matchesSlice, Slices, Timeline } from "./decode";

export const rowHeight = 17;
export const rulerHeight = 22;

export interface Row {
  title?: string; // of a group
  track?: Slices;
}

export interface Viewport {
  from: number; // cycles
  to: number;
}

export interface Picked {
  track: Slices;
  index: number;
}

export interface Scene {
  timeline: Timeline;
  rows: Row[];
  layers: GraphLayer[];
  cyclesPerUs: number;
  view: Viewport;
  scroll: number;
  matches: Matches | null;
  picked: Picked | null;
  gutter: number;
}

const groups: [string, string][] = [
  ["layers", "Layers"],
  ["core", "Cores"],
  ["controller", "Controllers"],
  ["shim", "Host memory channels"],
  ["mem", "Memory tile channels"],
  ["tile", "Core channels"],
];
export const groupNames = groups;

export function rowsOf(timeline: Timeline, shown: Set<string>): Row[] {
  const known = new Set(groups.map(([kind]) => kind));
  const others = [...new Set(timeline.tracks.map((t) => t.kind))].filter((kind) => !known.has(kind));
  return [...groups, ...others.map((kind): [string, string] => [kind, kind])].flatMap(([kind, title]) => {
    const tracks = timeline.tracks.filter((track) => track.kind === kind);
    if (tracks.length === 0 || (known.has(kind) && !shown.has(kind))) return [];
    return [{ title: `${title} (${tracks.length})` }, ...tracks.map((track) => ({ track }))];
  });
}

/** First slice that ends after `t`. */
export function firstVisible(track: Slices, t: number): number {
  let low = 0;
  let high = track.end.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (track.end[middle] > t) high = middle;
    else low = middle + 1;
  }
  return low;
}

function drawTrack(g: CanvasRenderingContext2D, scene: Scene, track: Slices, y: number, width: number) {
  const { view, gutter, matches, picked } = scene;
  const scale = (width - gutter) / (view.to - view.from);
  const named = matches !== null && matches.track(track.name);
  const dim = theme("dim");
  const waits = scene.timeline.kinds.map(isWait);
  let filled = -1; // pixel up to which the row is drawn
  for (let i = firstVisible(track, view.from); i < track.begin.length && track.begin[i] < view.to; ++i) {
    const left = Math.max(gutter, gutter + (track.begin[i] - view.from) * scale);
    const right = Math.min(width, gutter + (track.end[i] - view.from) * scale);
    if (right < filled + 0.5) continue;
    const kind = scene.timeline.kinds[track.what[i]];
    const hit = matches === null || matchesSlice(matches, track, i, named);
    const wait = waits[track.what[i]];
    g.fillStyle = hit ? (wait ? causeColor(kind) : layerColor(track.layer[i])) : dim;
    const inset = wait ? 5 : 1;
    g.fillRect(left, y + inset, Math.max(right - left - (right - left > 3 ? 0.5 : 0), 0.6), rowHeight - 2 * inset);
    filled = right;
    if (picked?.track === track && picked.index === i) {
      g.strokeStyle = theme("text");
      g.lineWidth = 2;
      g.strokeRect(left, y + 1, Math.max(right - left, 2), rowHeight - 2);
    }
    if (right - left > 34 && !wait) label(g, scene.layers[track.layer[i]]?.name ?? kind, left, right, y, hit);
  }
}

function label(g: CanvasRenderingContext2D, name: string, left: number, right: number, y: number, hit: boolean) {
  g.fillStyle = hit ? "#fff" : theme("faint");
  // Isolated: a name in another direction must not turn what stands around it.
  const text = `\u2068${short(name, Math.floor((right - left - 6) / 6.2))}\u2069`;
  g.fillText(text, left + 3, y + rowHeight - 5, right - left - 6);
}

/** Distance of the marks of an axis: 1, 2 or 5 times a power of ten. */
export function step(span: number, marks: number): number {
  const raw = span / Math.max(marks, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 5].find((n) => n * power >= raw) ?? 10);
}

function drawRuler(g: CanvasRenderingContext2D, scene: Scene, width: number, height: number) {
  const { view, gutter, cyclesPerUs } = scene;
  g.fillStyle = theme("panel");
  g.fillRect(0, 0, width, rulerHeight);
  const from = view.from / cyclesPerUs;
  const to = view.to / cyclesPerUs;
  const d = step(to - from, (width - gutter) / 90);
  for (let us = Math.ceil(from / d) * d; us <= to; us += d) {
    const x = gutter + ((us - from) / (to - from)) * (width - gutter);
    g.fillStyle = theme("line");
    g.fillRect(x, rulerHeight - 5, 1, height);
    g.fillStyle = theme("faint");
    const digits = Math.max(0, -Math.floor(Math.log10(d)));
    g.fillText(
      to >= 1000 && d >= 1
        ? `${(us / 1000).toFixed(Math.max(0, 3 - Math.floor(Math.log10(d))))} ms`
        : `${us.toFixed(digits)} us`,
      x + 3,
      14,
    );
  }
}

export function draw(canvas: HTMLCanvasElement, scene: Scene) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const g = canvas.getContext("2d");
  if (g === null) return;
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.direction = "ltr";
  g.font = "11px system-ui, sans-serif";
  g.fillStyle = theme("page");
  g.fillRect(0, 0, width, height);
  drawRuler(g, scene, width, height);
  const first = Math.floor(scene.scroll / rowHeight);
  g.save();
  g.beginPath();
  g.rect(0, rulerHeight, width, height - rulerHeight);
  g.clip();
  for (let r = first; r < scene.rows.length; ++r) {
    const y = rulerHeight + r * rowHeight - scene.scroll;
    if (y > height) break;
    const row = scene.rows[r];
    if (row.title !== undefined) {
      g.fillStyle = theme("panel");
      g.fillRect(0, y, width, rowHeight);
      g.fillStyle = theme("text");
      g.font = "600 11px system-ui, sans-serif";
      g.fillText(row.title, 6, y + rowHeight - 5);
      g.font = "11px system-ui, sans-serif";
    } else if (row.track !== undefined) {
      drawTrack(g, scene, row.track, y, width);
      g.fillStyle = theme("page");
      g.fillRect(0, y, scene.gutter - 2, rowHeight);
      g.fillStyle = theme("faint");
      g.fillText(row.track.name, 6, y + rowHeight - 5, scene.gutter - 10);
    }
  }
  g.restore();
}

/** The slice at a point of the canvas. */
export function pick(scene: Scene, width: number, x: number, y: number): Picked | null {
  const track = scene.rows[Math.floor((y - rulerHeight + scene.scroll) / rowHeight)]?.track;
  if (track === undefined || x < scene.gutter || y < rulerHeight) return null;
  const perPixel = (scene.view.to - scene.view.from) / (width - scene.gutter);
  const t = scene.view.from + (x - scene.gutter) * perPixel;
  const index = firstVisible(track, t - 1.5 * perPixel);
  return index < track.begin.length && track.begin[index] <= t + 1.5 * perPixel ? { track, index } : null;
}

export function describe(scene: Scene, p: Picked): string {
  const us = (cycles: number) => cycles / scene.cyclesPerUs;
  const layer = scene.layers[p.track.layer[p.index]]?.name;
  const from = us(p.track.begin[p.index]);
  const to = us(p.track.end[p.index]);
  const what = scene.timeline.kinds[p.track.what[p.index]];
  return `${p.track.name}: ${what}${layer === undefined ? "" : ` of \u2068${short(layer)}\u2069`}, ${time(to - from)} (${time(from)} to ${time(to)})`;
}

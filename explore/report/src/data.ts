// What the page gets from the program (sim/cli/report_data.cpp). Keys of `result` are those of result.json.
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Density = "dense" | "sparse";
export const densities: Density[] = ["dense", "sparse"];

export interface Explanation {
  unit: string;
  sentence: string;
  formula?: string;
}

export interface LayerResult {
  name: string;
  op: string;
  mapping: string;
  start_us: number;
  end_us: number;
  macs: number;
  ddr_read_bytes: number;
  ddr_write_bytes: number;
  time: Record<string, number>;
  alone_bound_us?: number;
  alone_bound_by?: string;
  compute_bound_us?: number;
  zero_share?: number;
  imbalance?: number;
  imbalance_unassigned?: number;
  [key: string]: unknown;
}

export interface DensityResult {
  cycles: number;
  latency_us: number;
  total_us: number;
  time: Record<string, number>;
  layers: LayerResult[];
  [key: string]: unknown;
}

export interface Result {
  name: string;
  network: string;
  accounting: string;
  fidelity: string;
  hardware: { name: string; rows: number; cols: number; clock_hz: number; [key: string]: unknown };
  dense: DensityResult | null;
  sparse: DensityResult | null;
  speedup: number | null;
  total_speedup: number | null;
  [key: string]: unknown;
}

export interface Track {
  name: string;
  tile: string;
  /** core, tile, mem, shim, controller. */
  kind: string;
  slices: number;
  data: string;
}

export interface TimelineData {
  kinds: string[];
  tracks: Track[];
  spans: ([number, number] | null)[];
  slices: number;
  dropped: number;
  dropped_from?: number;
}

export interface MemoryData {
  times: number[];
  memories: { name: string; capacity: number; bytes: number[] }[];
}

export interface View {
  timeline: TimelineData;
  memory: MemoryData | null;
}

export interface GraphLayer {
  name: string;
  op: string;
  inputs: number[];
  out: number[];
}

export interface Mask {
  block: [number, number];
  blocks: [number, number];
  cells: [number, number];
  zeros: string;
}

export interface Machine {
  clock_hz: number;
  cores: number;
  macs_per_us: number;
  ddr_read_bytes_per_us: number;
  ddr_write_bytes_per_us: number;
}

export interface Run {
  result: Result;
  terminal: string;
  without_views?: string;
  layers?: GraphLayer[];
  masks?: (Mask | null)[];
  machine?: Machine;
  views?: Record<Density, View | null>;
}

export interface SweepData {
  name: string;
  columns: Record<string, Explanation>;
  axes: Record<string, { base?: Json; unit?: string; [key: string]: unknown }>;
  table: string;
}

export interface Data {
  version: string;
  explanations: Record<string, Explanation>;
  runs: Run[];
  sweep: SweepData | null;
}

export function load(): Data {
  const element = document.getElementById("tessera-data");
  return JSON.parse(element?.textContent ?? "") as Data;
}

/** Time that all cores together were at a layer (or in the whole run), as a time of the array. */
export function coreTime(part: { time: Record<string, number> }, result: Result): number {
  const cycles = Object.values(part.time).reduce((sum, t) => sum + t, 0);
  return (cycles / (result.hardware.rows * result.hardware.cols) / result.hardware.clock_hz) * 1e6;
}

/** Members that are numbers or texts, those of objects inside as "a.b"; lists are left out. */
export function flatten(object: Record<string, unknown>, prefix = ""): Map<string, number | string> {
  const flat = new Map<string, number | string>();
  for (const [key, value] of Object.entries(object)) {
    if (typeof value === "number" || typeof value === "string") flat.set(prefix + key, value);
    else if (typeof value === "boolean") flat.set(prefix + key, String(value));
    else if (value !== null && typeof value === "object" && !Array.isArray(value))
      for (const [path, inner] of flatten(value as Record<string, unknown>, `${prefix}${key}.`)) flat.set(path, inner);
  }
  return flat;
}

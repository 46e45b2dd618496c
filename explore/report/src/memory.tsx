// What tensors occupy of the memory tiles over time.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { seriesColors, theme } from "./color";
import { Density, MemoryData, Run } from "./data";
import { bytes, time } from "./format";
import { Column, Table } from "./table";

interface Row {
  name: string;
  at: number;
  peak: number;
  capacity: number;
}

function plot(element: HTMLElement, memory: MemoryData, shown: number[], cyclesPerUs: number): uPlot {
  const axis = {
    stroke: () => theme("faint"),
    grid: { stroke: () => theme("line"), width: 1 },
    ticks: { show: false },
  };
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const series = shown.map(
    (at, n): uPlot.Series => ({
      label: memory.memories[at].name,
      stroke: seriesColors[n % seriesColors.length],
      width: 1.5,
      paths: stepped,
      points: { show: false },
      value: (_u, v) => (v === null ? "–" : bytes(v)),
    }),
  );
  // The last time is the end of the run, where nothing is left.
  const last = memory.times.length - 1;
  const held = (list: number[]) => list.map((n, i) => (i === last ? list[last - 1] : n));
  const all = memory.times.map((_, i) => memory.memories.reduce((sum, m) => sum + m.bytes[i], 0));
  const sum: uPlot.Series = {
    label: "all memory tiles",
    stroke: theme("text"),
    width: 2,
    paths: stepped,
    points: { show: false },
    value: (_u, v) => (v === null ? "–" : bytes(v)),
  };
  const options: uPlot.Options = {
    width: element.clientWidth,
    height: 340,
    series: [{ label: "time", value: (_u, v) => (v === null ? "–" : time(v)) }, ...(shown.length ? series : [sum])],
    axes: [
      { ...axis, values: (_u, marks) => marks.map((us) => (us >= 1000 ? `${us / 1000} ms` : `${us} us`)) },
      { ...axis, size: 70, values: (_u, marks) => marks.map((v) => bytes(v)) },
    ],
    scales: { x: { time: false }, y: { range: (_u, _low, high) => [0, Math.max(high * 1.05, 1)] } },
    cursor: { drag: { x: true, y: false } },
  };
  const x = memory.times.map((t) => t / cyclesPerUs);
  return new uPlot(
    options,
    [x, ...(shown.length ? shown.map((at) => held(memory.memories[at].bytes)) : [held(all)])],
    element,
  );
}

export function MemoryView({ run, density }: { run: Run; density: Density }) {
  const memory = run.views?.[density]?.memory ?? null;
  const element = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<number[]>([]);
  useEffect(() => {
    const place = element.current;
    if (place === null || memory === null) return;
    let chart = plot(place, memory, shown, run.result.hardware.clock_hz / 1e6);
    const sizes = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 340 }));
    sizes.observe(place);
    const again = () => {
      chart.destroy();
      chart = plot(place, memory, shown, run.result.hardware.clock_hz / 1e6);
    };
    document.addEventListener("tessera-theme", again);
    return () => {
      sizes.disconnect();
      document.removeEventListener("tessera-theme", again);
      chart.destroy();
    };
  }, [memory, shown]);
  const rows = useMemo(
    () =>
      (memory?.memories ?? []).map(
        (m, at): Row => ({ name: m.name, at, peak: Math.max(...m.bytes), capacity: m.capacity }),
      ),
    [memory],
  );
  if (memory === null)
    return (
      <p>There is no picture of the memory: {run.without_views ?? "the program does not say where tensors stand"}.</p>
    );
  const columns: Column<Row>[] = [
    { title: "memory", value: (r) => r.name, text: true },
    { title: "most, bytes", value: (r) => r.peak, show: (r) => <span data-value={r.peak}>{bytes(r.peak)}</span> },
    { title: "capacity, bytes", value: (r) => r.capacity, show: (r) => bytes(r.capacity) },
    { title: "share", value: (r) => r.peak / r.capacity, show: (r) => `${((r.peak / r.capacity) * 100).toFixed(1)} %` },
  ];
  const toggle = (row: Row) =>
    setShown(shown.includes(row.at) ? shown.filter((n) => n !== row.at) : [...shown, row.at].slice(-8));
  return (
    <div>
      <p class="hint">
        Bytes that tensors occupy, from the first task of the layer that makes them to the last of those that read them;
        buffers of weights and of tiles under way are not counted. A click on a memory shows it, dragging zooms, a
        double click fits.
      </p>
      <div class="memory" ref={element} />
      <Table
        name="memory"
        columns={columns}
        rows={rows}
        onRow={toggle}
        selected={rows.find((r) => r.at === shown[shown.length - 1])}
      />
    </div>
  );
}

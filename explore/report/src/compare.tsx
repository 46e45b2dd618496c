// Two runs side by side: what was set otherwise, and the differences of all numbers, the largest first.
import { useMemo } from "preact/hooks";
import { coreTime, densities, flatten, Result, Run } from "./data";
import { explanation, Num } from "./explain";
import { Column, Table } from "./table";

interface Difference {
  density: string;
  key: string;
  a: number | undefined;
  b: number | undefined;
}

const ratio = (d: Difference): number | undefined => (d.a && d.b ? d.b / d.a : undefined);
/** How many times larger one is than the other; what only one has comes first. */
const size = (d: Difference): number => {
  const r = ratio(d);
  return r === undefined ? (d.a === d.b ? 0 : Infinity) : Math.abs(Math.log(r));
};

function numbers(a: Result, b: Result): Difference[] {
  const rows = densities.flatMap((density) => {
    const [left, right] = [flatten(a[density] ?? {}), flatten(b[density] ?? {})];
    return [...new Set([...left.keys(), ...right.keys()])].flatMap((key): Difference[] => {
      const [x, y] = [left.get(key), right.get(key)];
      if (typeof x === "string" || typeof y === "string") return [];
      return [{ density, key, a: x, b: y }];
    });
  });
  for (const key of ["speedup", "total_speedup"] as const)
    rows.push({ density: "both", key, a: a[key] ?? undefined, b: b[key] ?? undefined });
  return rows.filter((d) => d.a !== d.b).sort((x, y) => size(y) - size(x));
}

interface LayerDifference extends Difference {
  mappingA?: string;
  mappingB?: string;
}

function layersOf(a: Result, b: Result): LayerDifference[] {
  const rows = densities.flatMap((density) => {
    const left = new Map(a[density]?.layers.map((l) => [l.name, l]));
    const right = new Map(b[density]?.layers.map((l) => [l.name, l]));
    return [...new Set([...left.keys(), ...right.keys()])].map((name): LayerDifference => {
      const [x, y] = [left.get(name), right.get(name)];
      const [timeA, timeB] = [x && coreTime(x, a), y && coreTime(y, b)];
      return { density, key: name, a: timeA, b: timeB, mappingA: x?.mapping, mappingB: y?.mapping };
    });
  });
  const apart = (d: Difference) => Math.abs((d.b ?? 0) - (d.a ?? 0));
  return rows.filter((d) => d.a !== d.b || d.mappingA !== d.mappingB).sort((x, y) => apart(y) - apart(x));
}

interface Setting {
  key: string;
  a: number | string | undefined;
  b: number | string | undefined;
}

function settings(a: Result, b: Result): Setting[] {
  const given = (result: Result) => {
    const { dense: _d, sparse: _s, speedup: _u, total_speedup: _t, ...rest } = result;
    return flatten(rest);
  };
  const [left, right] = [given(a), given(b)];
  const rows = [...new Set([...left.keys(), ...right.keys()])].map((key) => ({
    key,
    a: left.get(key),
    b: right.get(key),
  }));
  return rows.filter((s) => s.a !== s.b);
}

const factor = (d: Difference) => {
  const r = ratio(d);
  return r === undefined ? "–" : r.toFixed(3);
};

const numberColumns: Column<Difference>[] = [
  { title: "number", value: (d) => d.key, text: true, show: (d) => <code data-key={d.key}>{d.key}</code> },
  { title: "density", value: (d) => d.density, text: true },
  { title: "A", value: (d) => d.a, show: (d) => <Num k={d.key} v={d.a} /> },
  { title: "B", value: (d) => d.b, show: (d) => <Num k={d.key} v={d.b} /> },
  { title: "B - A", value: (d) => (d.b ?? 0) - (d.a ?? 0), show: (d) => <Num k={d.key} v={(d.b ?? 0) - (d.a ?? 0)} /> },
  { title: "B / A", value: ratio, show: factor },
  {
    title: "meaning",
    value: (d) => explanation(d.key)?.sentence,
    text: true,
    show: (d) => <span class="meaning">{explanation(d.key)?.sentence}</span>,
  },
];

const us = (v: number | undefined) =>
  v === undefined ? (
    <span class="none">–</span>
  ) : (
    <span data-key="layers[].time" data-value={v}>
      {v.toFixed(2)}
    </span>
  );
const layerColumns: Column<LayerDifference>[] = [
  { title: "layer", key: "layers[].name", value: (d) => d.key, text: true },
  { title: "density", value: (d) => d.density, text: true },
  { title: "time A, us", key: "layers[].time", value: (d) => d.a, show: (d) => us(d.a) },
  { title: "time B, us", key: "layers[].time", value: (d) => d.b, show: (d) => us(d.b) },
  { title: "B - A, us", value: (d) => (d.b ?? 0) - (d.a ?? 0), show: (d) => us((d.b ?? 0) - (d.a ?? 0)) },
  { title: "B / A", value: ratio, show: factor },
  { title: "mapping A", key: "layers[].mapping", value: (d) => d.mappingA, text: true },
  {
    title: "mapping B",
    key: "layers[].mapping",
    value: (d) => (d.mappingB === d.mappingA ? "the same" : d.mappingB),
    text: true,
  },
];

const settingColumns: Column<Setting>[] = [
  { title: "setting", value: (s) => s.key, text: true, show: (s) => <code data-key={s.key}>{s.key}</code> },
  { title: "A", value: (s) => s.a, show: (s) => <Num k={s.key} v={s.a} /> },
  { title: "B", value: (s) => s.b, show: (s) => <Num k={s.key} v={s.b} /> },
];

export function CompareView({ runs }: { runs: Run[] }) {
  const [a, b] = [runs[0].result, runs[1].result];
  const all = useMemo(() => ({ settings: settings(a, b), numbers: numbers(a, b), layers: layersOf(a, b) }), [a, b]);
  return (
    <div>
      <h3>Set otherwise</h3>
      {all.settings.length === 0 ? (
        <p>Nothing.</p>
      ) : (
        <Table name="settings" columns={settingColumns} rows={all.settings} />
      )}
      <h3>Numbers, the largest factor first</h3>
      {all.numbers.length === 0 ? (
        <p>All are equal.</p>
      ) : (
        <Table name="differences" columns={numberColumns} rows={all.numbers} />
      )}
      <h3>Time at layers, the largest difference first</h3>
      {all.layers.length === 0 ? (
        <p>All are equal.</p>
      ) : (
        <Table name="layer differences" columns={layerColumns} rows={all.layers} />
      )}
    </div>
  );
}

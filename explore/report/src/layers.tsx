// The table of layers: presets of columns over all keys that a layer of the result has.
import { useMemo, useState } from "preact/hooks";
import { CauseBar, CauseLegend, causesOf } from "./causes";
import { coreTime, Density, flatten, LayerResult, Result, Run } from "./data";
import { Num } from "./explain";
import { Column, Table } from "./table";

interface Row {
  name: string;
  dense?: LayerResult;
  sparse?: LayerResult;
  flat: Record<Density, Map<string, number | string>>;
}

function rowsOf(result: Result): Row[] {
  const sparse = new Map(result.sparse?.layers.map((l) => [l.name, l]));
  const base = (result.dense ?? result.sparse)?.layers ?? [];
  return base.map((layer) => {
    const row = { name: layer.name, dense: result.dense ? layer : undefined, sparse: sparse.get(layer.name) };
    return { ...row, flat: { dense: flatten(row.dense ?? {}), sparse: flatten(row.sparse ?? {}) } };
  });
}

const nameColumn: Column<Row> = { title: "layer", key: "layers[].name", value: (r) => r.name, text: true };

const keyColumn = (density: Density, key: string, title = key): Column<Row> => ({
  title,
  key: `layers[].${key}`,
  value: (r) => r.flat[density].get(key),
  text: typeof key === "string" && ["op", "mapping", "alone_bound_by", "alone_bound_mapping"].includes(key),
});

function overview(result: Result): Column<Row>[] {
  const time = (row: Row, d: Density) => (row[d] ? coreTime(row[d], result) : undefined);
  const at = (d: Density): Column<Row> => ({
    title: `time ${d}, us`,
    key: "layers[].time",
    value: (r) => time(r, d),
    show: (r) => <TimeCell us={time(r, d)} />,
  });
  const gain = (r: Row) => {
    const [dense, sparse] = [time(r, "dense"), time(r, "sparse")];
    return dense && sparse ? dense / sparse : undefined;
  };
  return [
    nameColumn,
    keyColumn(result.dense ? "dense" : "sparse", "op"),
    at("dense"),
    keyColumn("dense", "alone_bound_us", "alone, dense"),
    keyColumn("dense", "alone_bound_by", "binds"),
    at("sparse"),
    keyColumn("sparse", "alone_bound_us", "alone, sparse"),
    keyColumn("sparse", "alone_bound_by", "binds, sparse"),
    { title: "speed-up", key: "speedup", value: gain },
    keyColumn("sparse", "zero_share", "zero"),
    keyColumn("sparse", "imbalance", "imbalance"),
  ];
}

const TimeCell = ({ us }: { us: number | undefined }) =>
  us === undefined ? (
    <span class="none">–</span>
  ) : (
    <span data-key="layers[].time" data-value={us} tabIndex={0}>
      {us.toFixed(2)}
    </span>
  );

const groups: [string, (key: string) => boolean][] = [
  ["Time by cause", (k) => k.startsWith("time.")],
  ["Bounds", (k) => k.includes("bound") || k === "start_us" || k === "end_us"],
  ["Traffic", (k) => k.includes("bytes") || k === "macs"],
  ["Control", (k) => k.startsWith("control")],
  [
    "Mapping",
    (k) =>
      k === "mapping" ||
      k === "op" ||
      k.startsWith("imbalance") ||
      k.endsWith("utilization") ||
      k.endsWith("busy_share"),
  ],
  ["Everything", (k) => k !== "name"],
];

function columnsOf(result: Result, rows: Row[], preset: string, density: Density): Column<Row>[] {
  if (preset === "Overview") return overview(result);
  const wanted = groups.find(([title]) => title === preset)?.[1] ?? (() => true);
  const keys = [...new Set(rows.flatMap((row) => [...row.flat[density].keys()]))].filter(wanted);
  const columns = keys
    .filter((key) => rows.some((row) => row.flat[density].get(key) !== 0))
    .map((key) => keyColumn(density, key, key.replace("time.", "")));
  if (preset !== "Time by cause") return [nameColumn, ...columns];
  const bar: Column<Row> = {
    title: "of the time",
    key: "layers[].time",
    value: () => undefined,
    show: (r) => <CauseBar time={r[density]?.time ?? {}} thin />,
  };
  return [nameColumn, bar, ...columns];
}

export function LayersView({ run, density }: { run: Run; density: Density }) {
  const result = run.result;
  const [preset, setPreset] = useState("Overview");
  const [selected, select] = useState<Row | null>(null);
  const rows = useMemo(() => rowsOf(result), [result]);
  const d = result[density] ? density : density === "dense" ? "sparse" : "dense";
  const columns = useMemo(() => columnsOf(result, rows, preset, d), [result, rows, preset, d]);
  const has = (wanted: (key: string) => boolean) => rows.some((row) => [...row.flat[d].keys()].some(wanted));
  return (
    <div>
      <div class="tools" role="group" aria-label="Columns">
        {["Overview", ...groups.filter(([, wanted]) => has(wanted)).map(([title]) => title)].map((title) => (
          <button type="button" key={title} aria-pressed={preset === title} onClick={() => setPreset(title)}>
            {title}
          </button>
        ))}
      </div>
      {preset === "Overview" && (
        <p class="hint">
          Time is what the cores were at a layer; layers overlap, so that these times add up to the latency together
          with what cores were at none. Alone: the least a layer takes when nothing is fetched ahead and no other layer
          runs.
        </p>
      )}
      {preset === "Time by cause" && <CauseLegend names={causesOf(...rows.map((r) => r[d]?.time))} />}
      <Table
        key={preset}
        name="layers"
        columns={columns}
        rows={rows}
        onRow={(row) => select(row === selected ? null : row)}
        selected={selected}
      />
      {selected && <Detail row={selected} />}
    </div>
  );
}

function Detail({ row }: { row: Row }) {
  const keys = [...new Set([...row.flat.dense.keys(), ...row.flat.sparse.keys()])];
  const columns: Column<string>[] = [
    { title: "number", value: (k) => k, text: true, show: (k) => <code data-key={`layers[].${k}`}>{k}</code> },
    ...(["dense", "sparse"] as const).map(
      (d): Column<string> => ({
        title: d,
        value: (k) => row.flat[d].get(k),
        show: (k) => <Num k={`layers[].${k}`} v={row.flat[d].get(k)} />,
      }),
    ),
  ];
  return (
    <section>
      <h3>
        <bdi>{row.name.slice(0, 300)}</bdi>
      </h3>
      <Table key={row.name} name="layer" columns={columns} rows={keys} />
    </section>
  );
}

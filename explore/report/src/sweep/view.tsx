// A sweep: filters over its axes, two plots that share what is chosen, the front of the points that no other beats.
import { useMemo, useState } from "preact/hooks";
import { SweepData } from "../data";
import { Column, Table } from "../table";
import { FilterPanel, Filters, passes } from "./filters";
import { PlotChoice, SweepPlot } from "./plot";
import { pareto, readSweep, Sweep, SweepRow } from "./table";

const better = ["speedup", "mac_utilization", "core_busy_share"]; // the more the better

function firstChoices(sweep: Sweep): [PlotChoice, PlotChoice] {
  const has = (...names: string[]) => names.find((name) => sweep.numeric.includes(name)) ?? sweep.numeric[0] ?? "";
  const axis = sweep.axes.find((name) => sweep.numeric.includes(name));
  const color = sweep.axes.find((name) => name !== axis) ?? "";
  return [
    { x: has("weight_bytes", "macs"), y: has("latency_us"), color: color || (axis ?? ""), xLog: false, yLog: true },
    { x: axis ?? has("zero_share"), y: has("speedup", "latency_us"), color, xLog: false, yLog: false },
  ];
}

export function SweepView({ data }: { data: SweepData }) {
  const sweep = useMemo(() => readSweep(data), [data]);
  const [choices, setChoices] = useState(() => firstChoices(sweep));
  const [filters, setFilters] = useState<Filters>({});
  const [area, setArea] = useState<Set<number> | null>(null);
  const [chosen, choose] = useState<SweepRow | null>(null);
  const [xMax, setXMax] = useState(better.includes(choices[0].x));
  const [yMax, setYMax] = useState(better.includes(choices[0].y));
  const [frontOnly, setFrontOnly] = useState(false);
  const rows = useMemo(() => sweep.rows.filter((row) => passes(row, filters)), [sweep, filters]);
  const inArea = useMemo(() => (area === null ? rows : rows.filter((row) => area.has(row.index))), [rows, area]);
  const front = useMemo(() => pareto(inArea, choices[0].x, choices[0].y, xMax, yMax), [inArea, choices, xMax, yMax]);
  const unit = (column: string) => String(data.axes[column]?.unit ?? data.columns[column]?.unit ?? "");
  const choiceOf = (at: 0 | 1) => (choice: PlotChoice) => {
    if (at === 0 && choice.x !== choices[0].x) setXMax(better.includes(choice.x));
    if (at === 0 && choice.y !== choices[0].y) setYMax(better.includes(choice.y));
    setChoices(at === 0 ? [choice, choices[1]] : [choices[0], choice]);
  };
  const listed = frontOnly ? front : inArea;
  const columns = useMemo(
    () =>
      sweep.columns.map(
        (name): Column<SweepRow> => ({
          title: name,
          key: name,
          value: (row) => row.cells[name],
          text: !sweep.numeric.includes(name) && name !== "point",
          show: (row) => <bdi data-value={row.cells[name] ?? ""}>{cellText(row, name)}</bdi>,
        }),
      ),
    [sweep],
  );
  const plots = ([0, 1] as const).map((at) => (
    <SweepPlot
      key={at}
      name={at === 0 ? "First plot" : "Second plot"}
      sweep={sweep}
      rows={rows}
      choice={choices[at]}
      onChoice={choiceOf(at)}
      area={area}
      onArea={setArea}
      chosen={chosen}
      onChosen={choose}
      front={at === 0 ? front : []}
    />
  ));
  return (
    <div class="sweep">
      <h2>
        Sweep <bdi>{data.name}</bdi>
      </h2>
      <p class="count" aria-live="polite" data-shown={rows.length}>
        {rows.length.toLocaleString("en-US")} of {sweep.rows.length.toLocaleString("en-US")} finished points
        {sweep.unfinished.length > 0 && `; ${sweep.unfinished.length.toLocaleString("en-US")} are not finished`}
        {area !== null && `; ${inArea.length.toLocaleString("en-US")} chosen in a plot `}
        {area !== null && (
          <button type="button" onClick={() => setArea(null)}>
            Let go
          </button>
        )}
      </p>
      <FilterPanel axes={sweep.axes} rows={sweep.rows} filters={filters} unit={unit} onFilters={setFilters} />
      <div class="plots">{plots}</div>
      <p class="hint">
        Dragging over points chooses them in both plots; a click shows all of a point; arrows go from point to point.
      </p>
      {chosen && <PointDetail row={chosen} columns={sweep.columns} />}
      <section>
        <h3>Pareto front of the first plot</h3>
        <div class="tools">
          <label>
            {choices[0].x}{" "}
            <select value={String(xMax)} onChange={(e) => setXMax(e.currentTarget.value === "true")}>
              <option value="false">the less the better</option>
              <option value="true">the more the better</option>
            </select>
          </label>
          <label>
            {choices[0].y}{" "}
            <select value={String(yMax)} onChange={(e) => setYMax(e.currentTarget.value === "true")}>
              <option value="false">the less the better</option>
              <option value="true">the more the better</option>
            </select>
          </label>
          <label>
            <input type="checkbox" checked={frontOnly} onChange={() => setFrontOnly(!frontOnly)} /> only the front (
            {front.length}) in the table
          </label>
        </div>
        <Table
          key={String(frontOnly)}
          name="points"
          columns={columns}
          rows={listed}
          most={100}
          onRow={choose}
          selected={chosen}
        />
      </section>
    </div>
  );
}

function cellText(row: SweepRow, name: string): string {
  const cell = row.cells[name];
  if (cell === null || cell === undefined) return "–";
  return typeof cell === "number" && !Number.isInteger(cell)
    ? String(Number(cell.toPrecision(6)))
    : String(cell).slice(0, 80);
}

function PointDetail({ row, columns }: { row: SweepRow; columns: string[] }) {
  return (
    <section class="point">
      <h3>Point {row.index + 1}</h3>
      <dl class="settings">
        {columns
          .filter((name) => row.cells[name] !== null && name !== "point")
          .map((name) => (
            <div key={name}>
              <dt data-key={name} tabIndex={0}>
                {name}
              </dt>
              <dd data-column={name} data-value={row.cells[name] ?? ""}>
                {cellText(row, name)}
              </dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

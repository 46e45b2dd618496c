// One scatter plot of a sweep: columns of the table on both axes, another one as the colour.
import { seriesColors } from "../color";
import { Line, Point, Scatter } from "../chart/scatter";
import { short } from "../format";
import { Sweep, SweepRow, valuesOf } from "./table";

export interface PlotChoice {
  x: string;
  y: string;
  color: string;
  xLog: boolean;
  yLog: boolean;
}

interface Props {
  name: string;
  sweep: Sweep;
  rows: SweepRow[];
  choice: PlotChoice;
  onChoice: (choice: PlotChoice) => void;
  area: Set<number> | null; // indices of rows chosen in any plot
  onArea: (rows: Set<number> | null) => void;
  chosen: SweepRow | null;
  onChosen: (row: SweepRow | null) => void;
  front: SweepRow[];
}

function gradient(at: number): string {
  return `hsl(${260 - 220 * at} 65% ${42 + 12 * at}%)`;
}

export function SweepPlot(p: Props) {
  const { sweep, choice, onChoice } = p;
  const rows = p.rows.filter(
    (row) => typeof row.cells[choice.x] === "number" && typeof row.cells[choice.y] === "number",
  );
  const values = choice.color === "" ? [] : valuesOf(sweep.rows, choice.color);
  const order = new Map(values.map((value, i) => [value, i]));
  const few = values.length <= seriesColors.length;
  const color = (row: SweepRow) => {
    const i = order.get(row.cells[choice.color]) ?? 0;
    return few ? seriesColors[i] : gradient(i / Math.max(values.length - 1, 1));
  };
  const points = rows.map(
    (row): Point => ({
      x: row.cells[choice.x] as number,
      y: row.cells[choice.y] as number,
      color: color(row),
      label: `point ${row.index + 1}: ${sweep.axes.map((axis) => `${axis.replace(/^.*\./, "")} ${short(String(row.cells[axis]).replace(/^.*\//, ""), 24)}`).join(", ")}; ${choice.x} ${row.cells[choice.x]}, ${choice.y} ${row.cells[choice.y]}`,
      faint: p.area !== null && !p.area.has(row.index),
    }),
  );
  const onFront = p.front.filter(
    (row) => typeof row.cells[choice.x] === "number" && typeof row.cells[choice.y] === "number",
  );
  const lines: Line[] =
    onFront.length > 1
      ? [
          {
            points: onFront.map((row) => [row.cells[choice.x] as number, row.cells[choice.y] as number]),
            color: "#e15759",
          },
        ]
      : [];
  const select = (label: string, value: string, options: string[], set: (v: string) => void) => (
    <label>
      {label}{" "}
      <select value={value} onChange={(e) => set(e.currentTarget.value)} aria-label={`${p.name}: ${label}`}>
        {options.map((name) => (
          <option key={name} value={name}>
            {name === "" ? "none" : name}
          </option>
        ))}
      </select>
    </label>
  );
  const log = (label: string, value: boolean, set: (v: boolean) => void) => (
    <label>
      <input type="checkbox" checked={value} onChange={() => set(!value)} /> {label}
    </label>
  );
  return (
    <div class="plot">
      <div class="tools">
        {select("x", choice.x, sweep.numeric, (x) => onChoice({ ...choice, x }))}
        {log("log", choice.xLog, (xLog) => onChoice({ ...choice, xLog }))}
        {select("y", choice.y, sweep.numeric, (y) => onChoice({ ...choice, y }))}
        {log("log", choice.yLog, (yLog) => onChoice({ ...choice, yLog }))}
        {select(
          "colour",
          choice.color,
          ["", ...sweep.axes, "network_name", "cores", "zero_share"].filter(
            (name, i, all) => name === "" || (sweep.columns.includes(name) && all.indexOf(name) === i),
          ),
          (c) => onChoice({ ...choice, color: c }),
        )}
      </div>
      <Scatter
        name={p.name}
        points={points}
        lines={lines}
        xTitle={choice.x}
        yTitle={choice.y}
        xLog={choice.xLog}
        yLog={choice.yLog}
        height={330}
        chosen={p.chosen === null ? null : rows.indexOf(p.chosen)}
        onChoose={(i) => p.onChosen(i === null ? null : rows[i])}
        onArea={(list) => p.onArea(list === null || list.length === 0 ? null : new Set(list.map((i) => rows[i].index)))}
      />
      {choice.color !== "" && (
        <p class="legend">
          {(few
            ? values
            : values.filter((_, i) => i % Math.ceil(values.length / 6) === 0 || i === values.length - 1)
          ).map((value) => (
            <span key={String(value)}>
              <i
                style={{
                  background: few
                    ? seriesColors[order.get(value) ?? 0]
                    : gradient((order.get(value) ?? 0) / (values.length - 1)),
                }}
              />{" "}
              <bdi>{short(String(value).replace(/^.*\//, ""), 24)}</bdi>
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

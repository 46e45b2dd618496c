// table.csv of a sweep as rows; RFC 4180.
import { Cell } from "../clipboard";
import { SweepData } from "../data";

export interface SweepRow {
  index: number; // from 0, in the order of the table
  cells: Record<string, Cell>;
}

export interface Sweep {
  columns: string[];
  axes: string[];
  numeric: string[]; // columns whose cells are numbers
  rows: SweepRow[]; // finished points
  unfinished: SweepRow[];
}

export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field = "";
    if (text[at] === '"') {
      for (++at; at < text.length; ++at) {
        if (text[at] !== '"') field += text[at];
        else if (text[at + 1] === '"') field += text[at++];
        else break;
      }
      ++at;
    } else {
      const end = /[,\r\n]/g;
      end.lastIndex = at;
      const stop = end.exec(text)?.index ?? text.length;
      field = text.slice(at, stop);
      at = stop;
    }
    row.push(field);
    if (text[at] === ",") {
      ++at;
      if (at === text.length) row.push("");
      continue;
    }
    while (text[at] === "\r" || text[at] === "\n") ++at;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

const typed = (text: string): Cell => {
  if (text === "") return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
};

export function readSweep(data: SweepData): Sweep {
  const [header = [], ...lines] = parseCsv(data.table);
  const all = lines.map(
    (line, index): SweepRow => ({
      index,
      cells: Object.fromEntries(header.map((name, i) => [name, typed(line[i] ?? "")])),
    }),
  );
  const status = header.indexOf("status");
  const before = header.slice(0, Math.max(status, 0)).filter((name) => name !== "point");
  const done = (row: SweepRow) => status < 0 || row.cells.status === "done";
  const rows = all.filter(done);
  const numeric = header.filter(
    (name) =>
      rows.some((row) => typeof row.cells[name] === "number") &&
      rows.every((row) => typeof row.cells[name] !== "string"),
  );
  // Of the axes those that have more than one value.
  const varies = (name: string) => new Set(all.map((row) => row.cells[name])).size > 1;
  const axes = (before.length > 0 ? before : Object.keys(data.axes).filter((name) => header.includes(name))).filter(
    varies,
  );
  return {
    columns: header,
    axes,
    numeric: numeric.filter((name) => name !== "point"),
    rows,
    unfinished: all.filter((row) => !done(row)),
  };
}

export const byValue = (a: Cell, b: Cell): number =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });

export const valuesOf = (rows: SweepRow[], column: string): Cell[] =>
  [...new Set(rows.map((row) => row.cells[column]))].sort(byValue);

/** Rows that no other row beats in both columns; those without a number in one do not count. */
export function pareto(rows: SweepRow[], x: string, y: string, xMax: boolean, yMax: boolean): SweepRow[] {
  const sx = xMax ? -1 : 1;
  const sy = yMax ? -1 : 1;
  const number = (row: SweepRow, column: string) => row.cells[column] as number;
  const good = rows.filter((row) => typeof row.cells[x] === "number" && typeof row.cells[y] === "number");
  good.sort((a, b) => sx * (number(a, x) - number(b, x)) || sy * (number(a, y) - number(b, y)));
  let best = Infinity;
  let bestX = NaN;
  return good.filter((row) => {
    const value = sy * number(row, y);
    const front = value < best || (value === best && number(row, x) === bestX);
    if (value < best) [best, bestX] = [value, number(row, x)];
    return front;
  });
}

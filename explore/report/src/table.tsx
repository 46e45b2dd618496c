// A table that sorts by any column and copies itself as CSV, with the numbers as they are in the result.
import { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Cell, copy, csv } from "./clipboard";
import { Name, Num } from "./explain";

export interface Column<Row> {
  title: string;
  /** Counter of the column, for its sentence and unit. */
  key?: string;
  value: (row: Row) => Cell;
  /** Other than the number or text itself. */
  show?: (row: Row) => ComponentChildren;
  text?: boolean;
}

interface Props<Row> {
  name: string;
  columns: Column<Row>[];
  rows: Row[];
  order?: [number, boolean];
  onRow?: (row: Row) => void;
  selected?: Row | null;
  most?: number;
}

function compare(a: Cell, b: Cell): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const missing = (v: Cell) => v === null || v === undefined || v === "";
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

export function Table<Row>({ name, columns, rows, order, onRow, selected, most = 500 }: Props<Row>) {
  const [sort, setSort] = useState<[number, boolean] | null>(order ?? null);
  const [all, setAll] = useState(false);
  const [copied, setCopied] = useState(false);
  const sorted = useMemo(() => {
    if (sort === null || columns[sort[0]] === undefined) return rows;
    const value = columns[sort[0]].value;
    const list = [...rows].sort((a, b) => compare(value(a), value(b)));
    return sort[1] ? list.reverse() : list;
  }, [rows, columns, sort]);
  const text = () => csv([columns.map((c) => c.title), ...sorted.map((row) => columns.map((c) => c.value(row)))]);
  const copyText = () =>
    copy(text()).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  const turn = (at: number) => setSort(sort?.[0] === at ? (sort[1] ? [at, false] : null) : [at, !columns[at].text]);
  const shown = all ? sorted : sorted.slice(0, most);
  return (
    <div class="table">
      <div class="tools">
        <button type="button" onClick={copyText}>
          {copied ? "Copied" : "Copy as CSV"}
        </button>
        <span>
          {rows.length} rows{sorted.length > shown.length && `, the first ${shown.length} shown`}
        </span>
        {sorted.length > shown.length && (
          <button type="button" onClick={() => setAll(true)}>
            Show all
          </button>
        )}
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label={name}>
        <table data-table={name}>
          <thead>
            <tr>
              {columns.map((c, at) => (
                <th
                  key={c.title}
                  class={c.text ? "text" : ""}
                  aria-sort={sort?.[0] === at ? (sort[1] ? "descending" : "ascending") : "none"}
                >
                  <button type="button" data-key={c.key ?? ""} onClick={() => turn(at)}>
                    {c.title}
                    <span aria-hidden="true">{sort?.[0] === at ? (sort[1] ? " ▾" : " ▴") : ""}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, r) => (
              <tr
                key={r}
                class={(onRow ? "choose " : "") + (selected === row ? "selected" : "")}
                onClick={onRow && (() => onRow(row))}
              >
                {columns.map((c) => (
                  <td key={c.title} class={c.text ? "text" : ""}>
                    {c.show ? c.show(row) : showCell(c.key, c.value(row))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function showCell(key: string | undefined, value: Cell): ComponentChildren {
  if (value === "" || value === null || value === undefined) return <span class="none">–</span>;
  if (typeof value === "string") return <Name name={value} most={70} />;
  return <Num k={key ?? ""} v={value} />;
}

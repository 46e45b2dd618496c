// A filter per axis: the values of a short axis one by one, a long numeric one by its ends.
import { Cell } from "../clipboard";
import { short } from "../format";
import { SweepRow, valuesOf } from "./table";

export type Filter = { values: Set<Cell> } | { from: number; to: number };
export type Filters = Record<string, Filter>;

const longest = 14;

export function passes(row: SweepRow, filters: Filters): boolean {
  return Object.entries(filters).every(([axis, filter]) => {
    const cell = row.cells[axis];
    if ("values" in filter) return filter.values.has(cell);
    return typeof cell === "number" && cell >= filter.from && cell <= filter.to;
  });
}

interface Props {
  axes: string[];
  rows: SweepRow[];
  filters: Filters;
  unit: (column: string) => string;
  onFilters: (filters: Filters) => void;
}

export function FilterPanel({ axes, rows, filters, unit, onFilters }: Props) {
  const without = (axis: string) => Object.fromEntries(Object.entries(filters).filter(([name]) => name !== axis));
  return (
    <div class="filters">
      {axes.map((axis) => {
        const values = valuesOf(rows, axis);
        const filter = filters[axis];
        const numbers = values.filter((v): v is number => typeof v === "number");
        return (
          <fieldset key={axis} data-axis={axis}>
            <legend>
              {axis} {unit(axis) && <i>[{unit(axis)}]</i>}
              {filter && (
                <button type="button" onClick={() => onFilters(without(axis))}>
                  all
                </button>
              )}
            </legend>
            {values.length > longest && numbers.length === values.length ? (
              <Range
                numbers={numbers}
                filter={filter}
                onRange={(from, to) => onFilters({ ...filters, [axis]: { from, to } })}
              />
            ) : (
              <Values
                values={values}
                filter={filter}
                onValues={(set) => onFilters(set ? { ...filters, [axis]: { values: set } } : without(axis))}
              />
            )}
          </fieldset>
        );
      })}
    </div>
  );
}

function Range({
  numbers,
  filter,
  onRange,
}: {
  numbers: number[];
  filter?: Filter;
  onRange: (from: number, to: number) => void;
}) {
  const from = filter && "from" in filter ? filter.from : numbers[0];
  const to = filter && "from" in filter ? filter.to : numbers[numbers.length - 1];
  const choose = (value: number, set: (v: number) => void, label: string) => (
    <select aria-label={label} value={value} onChange={(e) => set(Number(e.currentTarget.value))}>
      {numbers.map((n) => (
        <option key={n} value={n}>
          {n}
        </option>
      ))}
    </select>
  );
  return (
    <span>
      {choose(from, (v) => onRange(v, Math.max(v, to)), "from")} to{" "}
      {choose(to, (v) => onRange(Math.min(from, v), v), "to")}
    </span>
  );
}

function Values({
  values,
  filter,
  onValues,
}: {
  values: Cell[];
  filter?: Filter;
  onValues: (set: Set<Cell> | null) => void;
}) {
  const chosen = filter && "values" in filter ? filter.values : new Set(values);
  const turn = (value: Cell) => {
    // The first click on a value asks for it alone, further ones add and take away.
    const next = filter === undefined ? new Set([value]) : new Set(chosen);
    if (filter !== undefined && !next.delete(value)) next.add(value);
    onValues(next.size === 0 || next.size === values.length ? null : next);
  };
  return (
    <span class="values">
      {values.map((value) => (
        <button
          type="button"
          key={String(value)}
          aria-pressed={filter !== undefined && chosen.has(value)}
          onClick={() => turn(value)}
        >
          <bdi>{value === null ? "none" : short(String(value).replace(/^.*\//, ""), 28)}</bdi>
        </button>
      ))}
    </span>
  );
}

// Places the layers of a network: a row per distance from the input, long edges through rows of their own places, the
// order within a row by the mean place of what leads there.
import { GraphLayer } from "../data";

export interface Placed {
  x: number[]; // by layer, in columns
  y: number[]; // rows
  columns: number;
  rows: number;
  edges: { from: number; to: number; points: [number, number][] }[];
}

interface Item {
  layer: number; // -1: an edge on its way
  before: Item[];
  at: number;
}

export function layout(layers: GraphLayer[]): Placed {
  const rank = layers.map(() => 0);
  layers.forEach((layer, id) => (rank[id] = layer.inputs.reduce((most, input) => Math.max(most, rank[input] + 1), 0)));
  const rows: Item[][] = Array.from({ length: Math.max(0, ...rank) + 1 }, () => []);
  const items = layers.map((_, layer): Item => ({ layer, before: [], at: 0 }));
  const edges: { from: number; to: number; way: Item[] }[] = [];
  layers.forEach((layer, id) => {
    for (const input of new Set(layer.inputs)) {
      const way: Item[] = [];
      let last = items[input];
      for (let r = rank[input] + 1; r < rank[id]; ++r) {
        const on: Item = { layer: -1, before: [last], at: 0 };
        rows[r].push(on);
        way.push(on);
        last = on;
      }
      items[id].before.push(last);
      edges.push({ from: input, to: id, way });
    }
  });
  items.forEach((item, id) => rows[rank[id]].unshift(item));
  for (const row of rows) {
    const mean = (item: Item) =>
      item.before.length ? item.before.reduce((sum, b) => sum + b.at, 0) / item.before.length : 0;
    const wish = new Map(row.map((item) => [item, mean(item)]));
    row.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || Number(a.layer < 0) - Number(b.layer < 0));
    let free = -Infinity;
    for (const item of row) {
      // Below the leftmost of what leads there: a join stands on the branch that the split began.
      const below = item.before.reduce((least, b) => Math.min(least, b.at), item.before.length ? Infinity : 0);
      item.at = Math.max(free, below);
      free = item.at + (item.layer < 0 ? 0.5 : 1);
    }
  }
  const all = rows.flat();
  const left = all.reduce((least, item) => Math.min(least, item.at), 0);
  const y = rank.map((r) => r);
  const point = (item: Item, row: number): [number, number] => [item.at - left, row];
  return {
    x: items.map((item) => item.at - left),
    y,
    columns: all.reduce((most, item) => Math.max(most, item.at - left + 1), 1),
    rows: rows.length,
    edges: edges.map(({ from, to, way }) => ({
      from,
      to,
      points: [
        point(items[from], rank[from]),
        ...way.map((item, i) => point(item, rank[from] + 1 + i)),
        point(items[to], rank[to]),
      ],
    })),
  };
}

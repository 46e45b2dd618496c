// The network as a graph; the colour of a layer is its share of the cores' time.
import { useMemo, useState } from "preact/hooks";
import { heat, heatText } from "../color";
import { coreTime, Density, flatten, LayerResult, Run } from "../data";
import { Num } from "../explain";
import { short, time } from "../format";
import { Column, Table } from "../table";
import { layout } from "./layout";

const width = 184;
const gapX = 22;
const height = 34;
const gapY = 20;

export function NetworkView({ run, density }: { run: Run; density: Density }) {
  const { layers, result } = run;
  const [chosen, choose] = useState(-1);
  const placed = useMemo(() => layout(layers ?? []), [layers]);
  if (layers === undefined) return <p>There is no graph: {run.without_views}.</p>;
  const part = result[density] ?? result.dense ?? result.sparse;
  const byName = new Map(part?.layers.map((l) => [l.name, l]));
  const times = layers.map((l) => {
    const found = byName.get(l.name);
    return found ? coreTime(found, result) : 0;
  });
  const most = Math.max(...times, 1e-9);
  const total = times.reduce((a, b) => a + b, 0);
  const px = (x: number) => 10 + x * (width + gapX);
  const py = (y: number) => 10 + y * (height + gapY);
  const path = (points: [number, number][]) =>
    points
      .map(([x, y], i) => {
        const [cx, cy] = [px(x) + width / 2, py(y)];
        if (i === 0) return `M${cx},${cy + height}`;
        const [, before] = points[i - 1];
        const from = px(points[i - 1][0]) + width / 2;
        const middle = py(before) + height + gapY / 2;
        const bend = from === cx ? `L${cx},${cy}` : `C${from},${middle + 8} ${cx},${middle - 8} ${cx},${cy}`;
        return i < points.length - 1 ? `${bend} L${cx},${cy + height}` : bend;
      })
      .join(" ");
  const node = layers[chosen];
  return (
    <div class="network">
      <p class="legend">
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <span key={share}>
            <i style={{ background: heat(share) }} /> {time(share * most)}
          </span>
        ))}
        <span>of the cores' time at a layer, {density}</span>
      </p>
      <div class="graph" tabIndex={0} role="region" aria-label="Network">
        <svg width={px(placed.columns)} height={py(placed.rows)} role="group">
          {placed.edges.map((edge, i) => (
            <path
              key={i}
              class={edge.from === chosen || edge.to === chosen ? "edge on" : "edge"}
              d={path(edge.points)}
            />
          ))}
          {layers.map((layer, id) => {
            const share = times[id] / most;
            return (
              <g
                key={id}
                class={id === chosen ? "node on" : "node"}
                transform={`translate(${px(placed.x[id])},${py(placed.y[id])})`}
                tabIndex={0}
                role="button"
                aria-label={`${short(layer.name)}, ${layer.op}, ${time(times[id])}`}
                onClick={() => choose(id)}
                onKeyDown={(e) => (e.key === "Enter" || e.key === " ") && (e.preventDefault(), choose(id))}
              >
                <rect width={width} height={height} rx="5" fill={heat(share)} />
                <text x="8" y="14" fill={heatText(share)} class="name">
                  {`\u2068${short(layer.name, 26)}\u2069`}
                </text>
                <text x="8" y="27" fill={heatText(share)} class="facts">
                  {`${layer.op} ${layer.out.join("x")}${times[id] > 0 ? ` · ${time(times[id])}` : ""}`}
                </text>
              </g>
            );
          })}
        </svg>
      </div>
      {node && (
        <NodeDetail name={node.name} layer={byName.get(node.name)} share={total > 0 ? times[chosen] / total : 0} />
      )}
    </div>
  );
}

function NodeDetail({ name, layer, share }: { name: string; layer?: LayerResult; share: number }) {
  const rows = layer ? [...flatten(layer)] : [];
  const columns: Column<[string, number | string]>[] = [
    { title: "number", value: ([k]) => k, text: true, show: ([k]) => <code data-key={`layers[].${k}`}>{k}</code> },
    { title: "value", value: ([, v]) => v, show: ([k, v]) => <Num k={`layers[].${k}`} v={v} /> },
  ];
  return (
    <section>
      <h3>
        <bdi>{short(name, 200)}</bdi>
        {layer && `: ${(share * 100).toFixed(1)} % of the time at layers`}
      </h3>
      {layer ? <Table key={name} name="node" columns={columns} rows={rows} /> : <p>Nothing is computed for it.</p>}
    </section>
  );
}

// Multiply-accumulates per byte of host memory against what was reached, below the roofs of the array.
import { useMemo, useState } from "preact/hooks";
import { Line, Point, Scatter } from "./chart/scatter";
import { coreTime, densities, Density, LayerResult, Run } from "./data";
import { short } from "./format";
import { Column, Table } from "./table";

interface Row {
  density: Density;
  layer: LayerResult;
  intensity: number;
  rate: number; // TMAC/s
}

const columns: Column<Row>[] = [
  { title: "layer", key: "layers[].name", value: (r) => r.layer.name, text: true },
  { title: "density", value: (r) => r.density, text: true },
  { title: "MAC per byte of DDR", value: (r) => r.intensity },
  { title: "TMAC/s", value: (r) => r.rate },
  { title: "MACs", key: "layers[].macs", value: (r) => r.layer.macs },
  { title: "binds alone", key: "layers[].alone_bound_by", value: (r) => r.layer.alone_bound_by, text: true },
];

export function RooflineView({ run }: { run: Run }) {
  const { machine, result } = run;
  const [chosen, choose] = useState<number | null>(null);
  const rows = useMemo(
    () =>
      densities.flatMap((density) =>
        (result[density]?.layers ?? []).flatMap((layer): Row[] => {
          const moved = layer.ddr_read_bytes + layer.ddr_write_bytes;
          const spent = coreTime(layer, result);
          if (layer.macs <= 0 || moved <= 0 || spent <= 0) return [];
          return [{ density, layer, intensity: layer.macs / moved, rate: layer.macs / spent / 1e6 }];
        }),
      ),
    [result],
  );
  if (machine === undefined) return <p>There is no roofline: {run.without_views}.</p>;
  const peak = machine.macs_per_us / 1e6;
  const bandwidth = machine.ddr_read_bytes_per_us / 1e6;
  const xs = [...rows.map((r) => r.intensity), peak / bandwidth];
  const low = Math.min(...xs) / 1.5;
  const high = Math.max(...xs) * 2;
  const lines: Line[] = [
    {
      points: [
        [low, low * bandwidth],
        [peak / bandwidth, peak],
        [high, peak],
      ],
      color: "#8a8f98",
    },
  ];
  const points = rows.map((r): Point => {
    const color = r.density === "dense" ? "#f28e2b" : "#4e79a7";
    const label = `\u2068${short(r.layer.name)}\u2069, ${r.density}: ${r.rate.toPrecision(3)} TMAC/s at ${r.intensity.toPrecision(3)} MAC per byte`;
    return { x: r.intensity, y: r.rate, color, label, open: r.density === "dense" };
  });
  return (
    <div>
      <p class="legend">
        <span>
          <i class="ring" style={{ borderColor: "#f28e2b" }} /> layers, dense
        </span>
        <span>
          <i style={{ background: "#4e79a7" }} /> layers, sparse
        </span>
        <span>
          <i style={{ background: "#8a8f98" }} /> roof: {peak.toPrecision(3)} TMAC/s,{" "}
          {(bandwidth * 1000).toPrecision(3)} GB/s
        </span>
      </p>
      <Scatter
        name="Roofline"
        points={points}
        lines={lines}
        xTitle="MAC per byte of DDR"
        yTitle="TMAC/s"
        xLog
        yLog
        chosen={chosen}
        onChoose={choose}
      />
      <p class="hint">
        The rate of a layer is over the time that cores were at it. Layers whose data stay in the array move weights
        alone. Weights fetched ahead may lift a layer above the slanted roof.
      </p>
      <Table
        name="roofline"
        columns={columns}
        rows={rows}
        onRow={(row) => choose(rows.indexOf(row))}
        selected={chosen === null ? null : rows[chosen]}
      />
    </div>
  );
}

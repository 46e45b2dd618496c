// Masks as pictures, and how evenly their work falls on the cores.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Density, LayerResult, Mask, Run } from "./data";
import { Name, Num } from "./explain";
import { short } from "./format";
import { Column, Table } from "./table";
import { coreWork } from "./timeline/decode";

interface Row {
  id: number;
  name: string;
  mask: Mask | null;
  layer?: LayerResult;
  work?: number[];
  spread?: number;
}

/** The busiest core over the mean of all. */
const spreadOf = (work: number[]): number => Math.max(...work) / (work.reduce((a, b) => a + b, 0) / work.length);

export function MasksView({ run, density }: { run: Run; density: Density }) {
  const [chosen, choose] = useState<Row | null>(null);
  const rows = useMemo(() => {
    const view = run.views?.[density];
    const work = view ? coreWork(view.timeline) : new Map<number, number[]>();
    const found = new Map(run.result[density]?.layers.map((l) => [l.name, l]));
    return (run.layers ?? []).flatMap((layer, id): Row[] => {
      const mask = run.masks?.[id] ?? null;
      const cores = work.get(id);
      if (mask === null && cores === undefined) return [];
      return [
        { id, name: layer.name, mask, layer: found.get(layer.name), work: cores, spread: cores && spreadOf(cores) },
      ];
    });
  }, [run, density]);
  if (run.layers === undefined) return <p>There are no masks: {run.without_views}.</p>;
  const columns: Column<Row>[] = [
    { title: "layer", key: "layers[].name", value: (r) => r.name, text: true },
    { title: "blocks", value: (r) => r.mask && r.mask.blocks[0] * r.mask.blocks[1] },
    { title: "zero", key: "layers[].zero_share", value: (r) => r.layer?.zero_share },
    { title: "imbalance before", key: "layers[].imbalance_unassigned", value: (r) => r.layer?.imbalance_unassigned },
    { title: "after", key: "layers[].imbalance", value: (r) => r.layer?.imbalance },
    { title: "busiest core / mean", value: (r) => r.spread },
    {
      title: "work by core",
      value: () => undefined,
      show: (r) => (r.work ? <WorkBars work={r.work} /> : <span class="none">–</span>),
    },
  ];
  const masked = rows.filter((row) => row.mask !== null);
  return (
    <div>
      {masked.length === 0 ? (
        <p>No layer has a mask.</p>
      ) : (
        <>
          <p class="hint">
            Rows of a picture are blocks of output channels, columns blocks of input channels; dark is a zero block.
            Masks are those of the sparse run.
          </p>
          <div class="masks">
            {masked.map((row) => (
              <button
                type="button"
                key={row.id}
                class={row === chosen ? "on" : ""}
                aria-label={`Mask of ${short(row.name)}`}
                onClick={() => choose(row === chosen ? null : row)}
              >
                <Picture mask={row.mask as Mask} size={72} />
                <span>
                  <bdi>{short(row.name, 18)}</bdi>
                </span>
              </button>
            ))}
          </div>
        </>
      )}
      {chosen?.mask && (
        <section>
          <h3>
            <Name name={chosen.name} most={80} />: {chosen.mask.blocks.join(" x ")} blocks of{" "}
            {chosen.mask.block.join("x")} channels, <Num k="layers[].zero_share" v={chosen.layer?.zero_share} /> zero
          </h3>
          <Picture mask={chosen.mask} size={Math.min(560, innerWidth - 60)} />
          {chosen.work && (
            <p class="work">
              Work by core, {density}: <WorkBars work={chosen.work} large />
            </p>
          )}
        </section>
      )}
      <h3>Imbalance, {density}</h3>
      <Table
        name="masks"
        columns={columns}
        rows={rows}
        selected={chosen}
        onRow={(row) => choose(row === chosen ? null : row)}
      />
    </div>
  );
}

function WorkBars({ work, large }: { work: number[]; large?: boolean }) {
  const most = Math.max(...work, 1);
  const [bar, height] = large
    ? [Math.max(2, Math.min(14, 500 / work.length)), 60]
    : [Math.max(0.5, Math.min(4, 90 / work.length)), 16];
  return (
    <svg
      class="bars"
      width={bar * work.length}
      height={height}
      role="img"
      aria-label={`Busiest core ${spreadOf(work).toFixed(2)} times the mean`}
    >
      {work.map((w, i) => (
        <rect
          key={i}
          x={i * bar}
          width={Math.max(bar - 0.6, 0.4)}
          y={height * (1 - w / most)}
          height={height * (w / most)}
        />
      ))}
    </svg>
  );
}

function Picture({ mask, size }: { mask: Mask; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [rows, cols] = mask.cells;
  useEffect(() => {
    const element = canvas.current;
    const g = element?.getContext("2d");
    if (!element || !g) return;
    const image = g.createImageData(cols, rows);
    for (let i = 0; i < rows * cols; ++i) {
      const zero = parseInt(mask.zeros[i], 16) / 15;
      image.data[4 * i] = 238 - 204 * zero;
      image.data[4 * i + 1] = 242 - 190 * zero;
      image.data[4 * i + 2] = 248 - 150 * zero;
      image.data[4 * i + 3] = 255;
    }
    g.putImageData(image, 0, 0);
  }, [mask]);
  const scale = Math.min(size / cols, size / rows, 24);
  return (
    <canvas
      ref={canvas}
      class="mask"
      width={cols}
      height={rows}
      style={{ width: `${Math.max(cols * scale, 3)}px`, height: `${Math.max(rows * scale, 3)}px` }}
    />
  );
}

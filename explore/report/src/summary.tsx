// What was run, under which assumptions, and what came out, dense beside sparse.
import { CauseBar, CauseLegend, causesOf } from "./causes";
import { densities, flatten, Result, Run } from "./data";
import { explanation, Num } from "./explain";
import { runLetter } from "./selection";
import { Column, Table } from "./table";

interface Line {
  key: string;
  dense: number | string | undefined;
  sparse: number | string | undefined;
}

const about = (key: string) => explanation(key)?.sentence ?? "";

const columns: Column<Line>[] = [
  { title: "number", value: (l) => l.key, text: true, show: (l) => <code data-key={l.key}>{l.key}</code> },
  { title: "dense", value: (l) => l.dense, show: (l) => <Num k={l.key} v={l.dense} /> },
  { title: "sparse", value: (l) => l.sparse, show: (l) => <Num k={l.key} v={l.sparse} /> },
  {
    title: "meaning",
    value: (l) => about(l.key),
    text: true,
    show: (l) => <span class="meaning">{about(l.key)}</span>,
  },
];

function linesOf(result: Result): Line[] {
  const dense = flatten(result.dense ?? {});
  const sparse = flatten(result.sparse ?? {});
  const keys = [...new Set([...dense.keys(), ...sparse.keys()])];
  return keys.map((key) => ({ key, dense: dense.get(key), sparse: sparse.get(key) }));
}

function Assumed({ run }: { run: Run }) {
  const { dense: _d, sparse: _s, speedup: _u, total_speedup: _t, ...given } = run.result;
  const lines = [...flatten(given)].filter(([, value]) => value !== "");
  const lists = Object.entries(given).flatMap(([key, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.entries(value).flatMap(([inner, list]) =>
          Array.isArray(list) && list.length > 0 && list.every((v) => typeof v !== "object")
            ? [[`${key}.${inner}`, list.join(", ")]]
            : [],
        )
      : [],
  );
  // The terminal's first paragraphs: from what the figures come, and what was not followed.
  const paragraphs = run.terminal.split("\n  ")[0].trim().split("\n");
  return (
    <section>
      <h3>Assumed</h3>
      <ul class="assumed">{paragraphs.map((line, i) => line.trim() && <li key={i}>{line}</li>)}</ul>
      <details>
        <summary>Every setting of the run</summary>
        <dl class="settings">
          {[...lines, ...lists].map(([key, value]) => (
            <div key={key}>
              <dt data-key={key}>{key}</dt>
              <dd>
                <Num k={String(key)} v={value} />
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}

function Figures({ result }: { result: Result }) {
  const tiles: [string, string, number | null | undefined][] = [
    ["dense", "latency_us", result.dense?.latency_us],
    ["sparse", "latency_us", result.sparse?.latency_us],
    ["speed-up", "speedup", result.speedup],
    ["dense, with dispatch", "total_us", result.dense?.total_us],
    ["sparse, with dispatch", "total_us", result.sparse?.total_us],
    ["speed-up, with dispatch", "total_speedup", result.total_speedup],
  ];
  return (
    <div class="tiles">
      {tiles.map(([title, key, value]) =>
        value === null || value === undefined ? null : (
          <div class="tile" key={title}>
            <span>{title}</span>
            <strong>
              <Num k={key} v={value} />
            </strong>
          </div>
        ),
      )}
    </div>
  );
}

export function Summary({ run, letter }: { run: Run; letter: string }) {
  const result = run.result;
  const full = Math.max(...densities.map((d) => sum(result[d]?.time)));
  return (
    <div>
      <h2>
        {letter && <span class="letter">{letter}</span>} <bdi>{result.network.slice(0, 120)}</bdi> on{" "}
        <bdi>{result.hardware.name.slice(0, 80)}</bdi> {result.hardware.rows}x{result.hardware.cols}
      </h2>
      <Figures result={result} />
      <Assumed run={run} />
      <section>
        <h3>Where the time of the cores goes</h3>
        {densities.map((d) => {
          const part = result[d];
          return (
            part && (
              <div class="bar-line" key={d}>
                <span>{d}</span>
                <CauseBar time={part.time} full={full} />
              </div>
            )
          );
        })}
        <CauseLegend names={causesOf(result.dense?.time, result.sparse?.time)} />
      </section>
      <section>
        <h3>All numbers</h3>
        <Table name="numbers" columns={columns} rows={linesOf(result)} />
      </section>
      <details>
        <summary>As the terminal shows it</summary>
        <pre tabIndex={0}>{run.terminal.slice(0, 200000)}</pre>
      </details>
    </div>
  );
}

const sum = (time: Record<string, number> | undefined): number => Object.values(time ?? {}).reduce((a, b) => a + b, 0);

export function SummaryView({ runs }: { runs: Run[] }) {
  return (
    <>
      {runs.map((run, r) => (
        <Summary key={r} run={run} letter={runs.length > 1 ? runLetter(r) : ""} />
      ))}
    </>
  );
}

// Timelines of the runs of the page, above each other over one time axis.
import { useMemo, useState } from "preact/hooks";
import { densities, Density, Run, View } from "../data";
import { runLetter } from "../selection";
import { decode } from "./decode";
import { groupNames, Viewport } from "./draw";
import { Pane } from "./pane";

interface Choice {
  id: string;
  title: string;
  run: Run;
  view: View;
}

export function TimelineView({ runs, density }: { runs: Run[]; density: Density }) {
  const choices = useMemo(
    () =>
      runs.flatMap((run, r) =>
        densities.flatMap((d): Choice[] => {
          const view = run.views?.[d];
          if (!view) return [];
          return [{ id: `${r}${d}`, title: runs.length > 1 ? `${runLetter(r)} ${d}` : d, run, view }];
        }),
      ),
    [runs],
  );
  const [below, setBelow] = useState("");
  const [above, setAbove] = useState("");
  const [shown, setShown] = useState(new Set(["layers", "core", "controller", "shim"]));
  const [text, setText] = useState("");
  const [jump, setJump] = useState(0);
  const [counts, setCounts] = useState<number[]>([0, 0]);
  const [view, setView] = useState<Viewport | null>(null);
  const panes = [
    choices.find((c) => c.id === above) ?? choices.find((c) => c.id.endsWith(density)) ?? choices[0],
    choices.find((c) => c.id === below),
  ].filter((c): c is Choice => c !== undefined);
  if (panes.length === 0) return <p>There is no timeline: {runs[0].without_views ?? "the run has none"}.</p>;

  // Time in us of the first clock; panes with another clock are stretched to it.
  const clock = (choice: Choice) => choice.run.result.hardware.clock_hz / 1e6;
  const end = Math.max(...panes.map((p) => decode(p.view.timeline).end / clock(p)));
  const now = view ?? { from: -end * 0.01, to: end * 1.01 };
  const look = (next: Viewport) => {
    const span = Math.min(Math.max(next.to - next.from, 2e-3), end * 1.5);
    const from = Math.min(Math.max((next.from + next.to - span) / 2, -end * 0.25), end * 1.25 - span);
    setView({ from, to: from + span });
  };
  const zoom = (factor: number) => {
    const middle = (now.from + now.to) / 2;
    look({ from: middle - ((now.to - now.from) / 2) * factor, to: middle + ((now.to - now.from) / 2) * factor });
  };
  const move = (share: number) =>
    look({ from: now.from + (now.to - now.from) * share, to: now.to + (now.to - now.from) * share });
  const keys: Record<string, () => void> = {
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    w: () => zoom(0.5),
    "-": () => zoom(2),
    s: () => zoom(2),
    ArrowLeft: () => move(-0.2),
    a: () => move(-0.2),
    ArrowRight: () => move(0.2),
    d: () => move(0.2),
    "0": () => setView(null),
    f: () => setView(null),
  };
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).matches("input, select")) return;
    const action = keys[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  const toggle = (kind: string) => {
    const next = new Set(shown);
    if (!next.delete(kind)) next.add(kind);
    setShown(next);
  };
  const kinds = new Set(panes.flatMap((p) => decode(p.view.timeline).tracks.map((track) => track.kind)));
  const matches = counts[0] + (panes.length > 1 ? counts[1] : 0);
  return (
    <div
      class="timeline"
      onKeyDown={press}
      tabIndex={0}
      aria-label="Timeline; plus and minus zoom, arrows move, 0 fits"
    >
      <div class="tools">
        <label>
          Show{" "}
          <select value={panes[0].id} onChange={(e) => setAbove(e.currentTarget.value)}>
            {choices.map((c) => (
              <option value={c.id}>{c.title}</option>
            ))}
          </select>
        </label>
        <label>
          below{" "}
          <select value={panes[1]?.id ?? ""} onChange={(e) => setBelow(e.currentTarget.value)}>
            <option value="">nothing</option>
            {choices.map((c) => (
              <option value={c.id}>{c.title}</option>
            ))}
          </select>
        </label>
        <button type="button" onClick={() => zoom(0.5)} aria-label="Zoom in">
          +
        </button>
        <button type="button" onClick={() => zoom(2)} aria-label="Zoom out">
          −
        </button>
        <button type="button" onClick={() => setView(null)}>
          Fit
        </button>
        <input
          type="search"
          placeholder="Search layer, kind, track"
          aria-label="Search layer, kind or track"
          value={text}
          onInput={(e) => {
            setText(e.currentTarget.value);
            setJump(0);
          }}
          onKeyDown={(e) => e.key === "Enter" && setJump(jump + 1)}
        />
        {text.trim() !== "" && (
          <span class="matches" aria-live="polite">
            {matches.toLocaleString("en-US")} found{matches > 0 && "; Enter: next"}
          </span>
        )}
      </div>
      <div class="tools">
        {groupNames.filter(([kind]) => kinds.has(kind)).map(([kind, title]) => (
          <label key={kind}>
            <input type="checkbox" checked={shown.has(kind)} onChange={() => toggle(kind)} /> {title}
          </label>
        ))}
      </div>
      {panes.map((pane, at) => (
        <Pane
          key={`${at}${pane.id}`}
          title={pane.title}
          data={pane.view.timeline}
          layers={pane.run.layers ?? []}
          clockHz={pane.run.result.hardware.clock_hz}
          shown={shown}
          text={text}
          view={{ from: now.from * clock(pane), to: now.to * clock(pane) }}
          onView={(v) => look({ from: v.from / clock(pane), to: v.to / clock(pane) })}
          jump={at === 0 ? jump : 0}
          onMatches={(count) => setCounts((old) => (at === 0 ? [count, old[1]] : [old[0], count]))}
        />
      ))}
      <p class="hint">
        Keys: + − zoom, ← → move, 0 fits. Ctrl and the wheel zoom, dragging moves, dragging along the ruler zooms to
        what is marked. Colours: layers take eight in turn; narrow bars are waiting, coloured by cause.
      </p>
    </div>
  );
}

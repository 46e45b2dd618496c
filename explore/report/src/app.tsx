// Navigation over the views: digits and the address choose a view, printing shows all of them.
import { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { CompareView } from "./compare";
import { Data, densities, Density, Run } from "./data";
import { ExplainLayer } from "./explain";
import { short } from "./format";
import { LayersView } from "./layers";
import { MasksView } from "./masks";
import { MemoryView } from "./memory";
import { NetworkView } from "./network/view";
import { RooflineView } from "./roofline";
import { runLetter } from "./selection";
import { SummaryView } from "./summary";
import { SweepView } from "./sweep/view";
import { TimelineView } from "./timeline/view";

interface ViewEntry {
  id: string;
  title: string;
  /** Which of run and density a view can be asked for. */
  asks: ("run" | "density")[];
  make: (run: Run, density: Density) => ComponentChildren;
}

function entriesOf(data: Data): ViewEntry[] {
  if (data.sweep !== null) {
    const sweep = data.sweep;
    return [{ id: "sweep", title: "Sweep", asks: [], make: () => <SweepView data={sweep} /> }];
  }
  const both: ViewEntry["asks"] = ["run", "density"];
  const entries: ViewEntry[] = [
    { id: "summary", title: "Summary", asks: [], make: () => <SummaryView runs={data.runs} /> },
    {
      id: "timeline",
      title: "Timeline",
      asks: [],
      make: (_run, density) => <TimelineView runs={data.runs} density={density} />,
    },
    { id: "layers", title: "Layers", asks: both, make: (run, density) => <LayersView run={run} density={density} /> },
    { id: "roofline", title: "Roofline", asks: ["run"], make: (run) => <RooflineView run={run} /> },
    {
      id: "network",
      title: "Network",
      asks: both,
      make: (run, density) => <NetworkView run={run} density={density} />,
    },
    { id: "masks", title: "Masks", asks: both, make: (run, density) => <MasksView run={run} density={density} /> },
    { id: "memory", title: "Memory", asks: both, make: (run, density) => <MemoryView run={run} density={density} /> },
  ];
  if (data.runs.length > 1)
    entries.splice(1, 0, { id: "compare", title: "Compare", asks: [], make: () => <CompareView runs={data.runs} /> });
  return entries;
}

function useTheme(): [string, () => void] {
  const [theme, setTheme] = useState("");
  useEffect(() => {
    if (theme) document.documentElement.dataset.theme = theme;
    document.dispatchEvent(new Event("tessera-theme"));
  }, [theme]);
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => document.dispatchEvent(new Event("tessera-theme"));
    system.addEventListener("change", changed);
    return () => system.removeEventListener("change", changed);
  }, []);
  const dark = () => theme === "dark" || (theme === "" && matchMedia("(prefers-color-scheme: dark)").matches);
  return [theme, () => setTheme(dark() ? "light" : "dark")];
}

function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const media = matchMedia("print");
    const changed = () => setPrinting(media.matches);
    const before = () => setPrinting(true);
    const after = () => setPrinting(false);
    media.addEventListener("change", changed);
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      media.removeEventListener("change", changed);
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, []);
  return printing;
}

export function App({ data }: { data: Data }) {
  const entries = entriesOf(data);
  const fromAddress = () => entries.find((e) => e.id === location.hash.slice(1))?.id ?? entries[0].id;
  const [current, setCurrent] = useState(fromAddress);
  const [runAt, setRunAt] = useState(0);
  const run = data.runs[runAt] ?? data.runs[0];
  const has = (d: Density) => run?.result[d] != null;
  const [asked, setDensity] = useState<Density>("sparse");
  const density = run && !has(asked) ? (densities.find(has) ?? asked) : asked;
  const [, turnTheme] = useTheme();
  const printing = usePrinting();
  const go = (id: string) => {
    history.replaceState(null, "", `#${id}`);
    setCurrent(id);
  };
  useEffect(() => {
    const moved = () => setCurrent(fromAddress());
    const press = (event: KeyboardEvent) => {
      const target = event.target as Element;
      if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input, select, textarea")) return;
      const at = Number(event.key) - 1;
      if (entries[at]) go(entries[at].id);
      if (event.key === "/") {
        event.preventDefault();
        document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
      }
    };
    addEventListener("hashchange", moved);
    document.addEventListener("keydown", press);
    return () => {
      removeEventListener("hashchange", moved);
      document.removeEventListener("keydown", press);
    };
  }, []);
  const entry = entries.find((e) => e.id === current) ?? entries[0];
  const shown = printing ? entries : [entry];
  return (
    <>
      <header>
        <h1>Tessera</h1>
        <nav aria-label="Views">
          {entries.map((e, i) => (
            <a
              key={e.id}
              href={`#${e.id}`}
              aria-current={e.id === entry.id ? "page" : undefined}
              title={`Key ${i + 1}`}
              onClick={(event) => (event.preventDefault(), go(e.id))}
            >
              {e.title}
            </a>
          ))}
        </nav>
        <button type="button" class="theme" onClick={turnTheme} aria-label="Light or dark">
          ◐
        </button>
      </header>
      {(entry.asks.length > 0 || printing) && (
        <div class="ask">
          {data.runs.length > 1 && entry.asks.includes("run") && (
            <span role="group" aria-label="Run">
              {data.runs.map((r, i) => (
                <button type="button" key={i} aria-pressed={i === runAt} onClick={() => setRunAt(i)}>
                  {runLetter(i)}: <bdi>{short(r.result.name, 30)}</bdi>
                </button>
              ))}
            </span>
          )}
          {entry.asks.includes("density") && (
            <span role="group" aria-label="Density">
              {densities.filter(has).map((d) => (
                <button type="button" key={d} aria-pressed={d === density} onClick={() => setDensity(d)}>
                  {d}
                </button>
              ))}
            </span>
          )}
        </div>
      )}
      {shown.map((e) => (
        <main key={e.id} id={`view-${e.id}`}>
          {printing && <h2 class="print-title">{e.title}</h2>}
          {e.make(run, density)}
        </main>
      ))}
      <footer>
        Made by tessera {data.version}. Numbers are predictions; what they rest on stands in the summary. Pointing at a
        number says what it means.
      </footer>
      <ExplainLayer />
    </>
  );
}

// One timeline on a canvas: wheel with Ctrl or Shift zooms, dragging moves, dragging on the ruler zooms to what is marked.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { GraphLayer, TimelineData } from "../data";
import { decode, Matches, matchesSlice, search, Slices } from "./decode";
import { describe, draw, pick, Picked, rowHeight, rowsOf, rulerHeight, Scene, Viewport } from "./draw";

interface Props {
  title: string;
  data: TimelineData;
  layers: GraphLayer[];
  clockHz: number;
  shown: Set<string>;
  text: string;
  view: Viewport;
  onView: (view: Viewport) => void;
  /** Which of the matches of the search is to be seen; counts up. */
  jump: number;
  onMatches: (count: number) => void;
}

function allMatches(tracks: Slices[], matches: Matches): Picked[] {
  const found: Picked[] = [];
  for (const track of tracks) {
    const named = matches.track(track.name);
    for (let index = 0; index < track.begin.length; ++index)
      if (matchesSlice(matches, track, index, named)) found.push({ track, index });
  }
  return found.sort((a, b) => a.track.begin[a.index] - b.track.begin[b.index]);
}

export function Pane(props: Props) {
  const { title, data, layers, clockHz, shown, text, view, onView, jump, onMatches } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [picked, setPicked] = useState<Picked | null>(null);
  const [hover, setHover] = useState("");
  const timeline = useMemo(() => decode(data), [data]);
  const rows = useMemo(() => rowsOf(timeline, shown), [timeline, shown]);
  const matches = useMemo(() => search(timeline, layers, text), [timeline, layers, text]);
  const found = useMemo(() => {
    const tracks = rows.flatMap((row) => (row.track ? [row.track] : []));
    return matches === null ? [] : allMatches(tracks, matches);
  }, [rows, matches]);
  const gutter = innerWidth < 600 ? 84 : 118;
  const scene = (): Scene => {
    const scroll = scroller.current?.scrollTop ?? 0;
    return { timeline, rows, layers, cyclesPerUs: clockHz / 1e6, view, scroll, matches, picked, gutter };
  };
  const width = () => canvas.current?.clientWidth ?? 1;

  useEffect(() => onMatches(found.length), [found]);
  useEffect(() => {
    if (jump === 0 || found.length === 0) return;
    const to = found[(jump - 1) % found.length];
    const span = view.to - view.from;
    const middle = (to.track.begin[to.index] + to.track.end[to.index]) / 2;
    setPicked(to);
    onView({ from: middle - span / 2, to: middle + span / 2 });
    const row = rows.findIndex((r) => r.track === to.track);
    scroller.current?.scrollTo({ top: Math.max(0, row * rowHeight - 120) });
  }, [jump]);

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    let frame = 0;
    const redraw = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => draw(element, scene()));
    };
    redraw();
    const sizes = new ResizeObserver(redraw);
    sizes.observe(element);
    scroller.current?.addEventListener("scroll", redraw);
    document.addEventListener("tessera-theme", redraw);
    return () => {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      scroller.current?.removeEventListener("scroll", redraw);
      document.removeEventListener("tessera-theme", redraw);
    };
  });

  const timeAt = (x: number) => view.from + ((x - gutter) / (width() - gutter)) * (view.to - view.from);
  const wheel = (event: WheelEvent) => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey && Math.abs(event.deltaX) < Math.abs(event.deltaY)) return;
    event.preventDefault();
    const span = view.to - view.from;
    if (event.ctrlKey || event.metaKey) {
      const at = timeAt(event.offsetX);
      const factor = Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200)));
      onView({ from: at - (at - view.from) * factor, to: at + (view.to - at) * factor });
    } else {
      const move = ((event.deltaX || event.deltaY) / width()) * span;
      onView({ from: view.from + move, to: view.to + move });
    }
  };
  useEffect(() => {
    const element = canvas.current;
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  });

  const down = (event: PointerEvent) => {
    const start = { x: event.offsetX, view, ruler: event.offsetY < rulerHeight, moved: false };
    const element = event.currentTarget as HTMLCanvasElement;
    element.setPointerCapture(event.pointerId);
    const move = (e: PointerEvent) => {
      if (Math.abs(e.offsetX - start.x) > 3) start.moved = true;
      if (start.ruler || !start.moved) return;
      const shift = ((start.x - e.offsetX) / (width() - gutter)) * (start.view.to - start.view.from);
      onView({ from: start.view.from + shift, to: start.view.to + shift });
    };
    const up = (e: PointerEvent) => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
      if (start.ruler && start.moved)
        onView({
          from: Math.min(timeAt(start.x), timeAt(e.offsetX)),
          to: Math.max(timeAt(start.x), timeAt(e.offsetX)),
        });
      else if (!start.moved) setPicked(pick(scene(), width(), e.offsetX, e.offsetY));
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
  };
  const over = (event: PointerEvent) => {
    const p = pick(scene(), width(), event.offsetX, event.offsetY);
    setHover(p === null ? "" : describe(scene(), p));
  };
  const zoomToSlice = (event: MouseEvent) => {
    const p = pick(scene(), width(), event.offsetX, event.offsetY);
    if (p === null) return;
    const begin = p.track.begin[p.index];
    const length = Math.max(p.track.end[p.index] - begin, 1);
    onView({ from: begin - length, to: begin + 2 * length });
  };
  const height = Math.min(rulerHeight + rows.length * rowHeight, Math.max(260, innerHeight * 0.62));
  return (
    <figure class="pane">
      <figcaption>
        {title}: {data.slices.toLocaleString("en-US")} slices
        {data.dropped > 0 && `, ${data.dropped.toLocaleString("en-US")} more left out at the end`}
      </figcaption>
      <div class="scroller" ref={scroller} style={{ height: `${height}px` }}>
        <div style={{ height: `${rulerHeight + rows.length * rowHeight}px` }}>
          <canvas
            ref={canvas}
            style={{ height: `${height}px` }}
            role="img"
            data-view={`${view.from / (clockHz / 1e6)} ${view.to / (clockHz / 1e6)}`}
            aria-label={`Timeline, ${title}`}
            onPointerDown={down}
            onPointerMove={over}
            onPointerLeave={() => setHover("")}
            onDblClick={zoomToSlice}
          />
        </div>
      </div>
      <p class="status" aria-live="polite">
        {hover ||
          (picked ? describe(scene(), picked) : "Point at a slice; click keeps it, a double click zooms to it.")}
      </p>
    </figure>
  );
}

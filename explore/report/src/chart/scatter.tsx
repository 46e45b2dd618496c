// Points on a canvas, with lines behind them. Pointing names a point, a click chooses it, dragging chooses all in a
// rectangle; with the keyboard, arrows go from point to point in the order of x.
import { useEffect, useRef, useState } from "preact/hooks";
import { theme } from "../color";
import { place, Scale, scaleOf, ticks, tickText } from "./scale";

export interface Point {
  x: number;
  y: number;
  color: string;
  label: string;
  open?: boolean;
  faint?: boolean;
}

export interface Line {
  points: [number, number][];
  color: string;
  label?: string;
  dashed?: boolean;
}

interface Props {
  name: string;
  points: Point[];
  lines?: Line[];
  xTitle: string;
  yTitle: string;
  xLog?: boolean;
  yLog?: boolean;
  height?: number;
  chosen?: number | null;
  onChoose?: (index: number | null) => void;
  onArea?: (indices: number[] | null) => void;
}

const left = 58;
const bottom = 40;
const top = 12;
const right = 14;

class Frame {
  constructor(
    readonly x: Scale,
    readonly y: Scale,
    readonly width: number,
    readonly height: number,
  ) {}
  px = (v: number) => left + place(this.x, v) * (this.width - left - right);
  py = (v: number) => this.height - bottom - place(this.y, v) * (this.height - top - bottom);
}

function frameOf(p: Props, width: number, height: number): Frame {
  const lines = (p.lines ?? []).flatMap((l) => l.points);
  const xs = [...p.points.map((q) => q.x), ...lines.map((q) => q[0])];
  const ys = [...p.points.map((q) => q.y), ...lines.map((q) => q[1])];
  return new Frame(scaleOf(xs, p.xLog ?? false), scaleOf(ys, p.yLog ?? false), width, height);
}

function drawAxes(g: CanvasRenderingContext2D, f: Frame, p: Props) {
  g.font = "11px system-ui, sans-serif";
  g.lineWidth = 1;
  const x = ticks(f.x, (f.width - left) / 80);
  const y = ticks(f.y, f.height / 60);
  g.textAlign = "center";
  let free = -Infinity;
  for (const v of x) {
    g.fillStyle = theme("line");
    g.fillRect(f.px(v), top, 1, f.height - top - bottom);
    if (f.px(v) < free) continue;
    g.fillStyle = theme("faint");
    g.fillText(tickText(v), f.px(v), f.height - bottom + 15);
    free = f.px(v) + 38;
  }
  g.textAlign = "right";
  free = Infinity;
  for (const v of y) {
    g.fillStyle = theme("line");
    g.fillRect(left, f.py(v), f.width - left - right, 1);
    if (f.py(v) > free) continue;
    g.fillStyle = theme("faint");
    g.fillText(tickText(v), left - 6, f.py(v) + 4);
    free = f.py(v) - 13;
  }
  g.fillStyle = theme("text");
  g.textAlign = "center";
  g.fillText(p.xTitle, (left + f.width - right) / 2, f.height - 6);
  g.save();
  g.translate(12, (top + f.height - bottom) / 2);
  g.rotate(-Math.PI / 2);
  g.fillText(p.yTitle, 0, 0);
  g.restore();
  g.textAlign = "left";
}

function drawPoints(g: CanvasRenderingContext2D, f: Frame, p: Props, hovered: number) {
  for (const line of p.lines ?? []) {
    g.strokeStyle = line.color;
    g.lineWidth = 1.5;
    g.setLineDash(line.dashed ? [5, 4] : []);
    g.beginPath();
    line.points.forEach(([x, y], i) => (i === 0 ? g.moveTo(f.px(x), f.py(y)) : g.lineTo(f.px(x), f.py(y))));
    g.stroke();
    g.setLineDash([]);
  }
  const radius = p.points.length > 2000 ? 2.2 : p.points.length > 300 ? 3 : 4;
  for (const faint of [true, false]) {
    for (const q of p.points) {
      if ((q.faint ?? false) !== faint) continue;
      g.globalAlpha = faint ? 0.18 : 0.85;
      g.beginPath();
      g.arc(f.px(q.x), f.py(q.y), radius, 0, 7);
      g.fillStyle = g.strokeStyle = q.color;
      if (q.open) g.stroke();
      else g.fill();
    }
  }
  g.globalAlpha = 1;
  for (const [index, size] of [
    [hovered, radius + 3],
    [p.chosen ?? -1, radius + 4],
  ]) {
    const q = p.points[index];
    if (q === undefined) continue;
    g.strokeStyle = theme("text");
    g.lineWidth = 2;
    g.beginPath();
    g.arc(f.px(q.x), f.py(q.y), size, 0, 7);
    g.stroke();
  }
}

function nearest(f: Frame, points: Point[], x: number, y: number): number {
  let best = -1;
  let distance = 14 ** 2;
  points.forEach((q, i) => {
    const d = (f.px(q.x) - x) ** 2 + (f.py(q.y) - y) ** 2 + (q.faint ? 60 : 0);
    if (d < distance) [best, distance] = [i, d];
  });
  return best;
}

export function Scatter(p: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hovered, setHovered] = useState(-1);
  const [area, setArea] = useState<[number, number, number, number] | null>(null);
  const height = p.height ?? 380;
  const frame = () => frameOf(p, canvas.current?.clientWidth ?? 1, height);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const paint = () => {
      const ratio = devicePixelRatio || 1;
      element.width = Math.round(element.clientWidth * ratio);
      element.height = Math.round(height * ratio);
      const g = element.getContext("2d");
      if (g === null) return;
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
      g.clearRect(0, 0, element.clientWidth, height);
      const f = frame();
      drawAxes(g, f, p);
      drawPoints(g, f, p, hovered);
      if (area !== null) {
        g.strokeStyle = theme("accent");
        g.strokeRect(
          Math.min(area[0], area[2]),
          Math.min(area[1], area[3]),
          Math.abs(area[2] - area[0]),
          Math.abs(area[3] - area[1]),
        );
      }
    };
    paint();
    const sizes = new ResizeObserver(paint);
    sizes.observe(element);
    document.addEventListener("tessera-theme", paint);
    return () => {
      sizes.disconnect();
      document.removeEventListener("tessera-theme", paint);
    };
  });
  const down = (event: PointerEvent) => {
    const element = event.currentTarget as HTMLCanvasElement;
    const from: [number, number] = [event.offsetX, event.offsetY];
    let box: [number, number, number, number] | null = null;
    if (event.pointerType !== "touch") element.setPointerCapture(event.pointerId);
    const move = (e: PointerEvent) => {
      if (p.onArea === undefined || event.pointerType === "touch") return;
      if (box === null && Math.hypot(e.offsetX - from[0], e.offsetY - from[1]) < 5) return;
      setArea((box = [...from, e.offsetX, e.offsetY]));
    };
    const up = (e: PointerEvent) => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
      setArea(null);
      const f = frame();
      if (box === null) {
        const at = nearest(f, p.points, e.offsetX, e.offsetY);
        p.onChoose?.(at < 0 ? null : at);
        if (at < 0) p.onArea?.(null);
        return;
      }
      const [x0, y0, x1, y1] = box;
      const inside = (q: Point) =>
        (f.px(q.x) - x0) * (f.px(q.x) - x1) <= 0 && (f.py(q.y) - y0) * (f.py(q.y) - y1) <= 0 && !q.faint;
      p.onArea?.(p.points.flatMap((q, i) => (inside(q) ? [i] : [])));
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
  };
  const press = (event: KeyboardEvent) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (move === undefined || p.points.length === 0) return;
    event.preventDefault();
    const order = p.points.map((_, i) => i).filter((i) => !p.points[i].faint);
    order.sort((a, b) => p.points[a].x - p.points[b].x || p.points[a].y - p.points[b].y);
    const at = order.indexOf(p.chosen ?? -1);
    const next = order[at < 0 ? 0 : (at + move + order.length) % order.length];
    setHovered(next);
    p.onChoose?.(next);
  };
  const named = p.points[hovered] ?? p.points[p.chosen ?? -1];
  return (
    <figure class="chart">
      <canvas
        ref={canvas}
        style={{ height: `${height}px` }}
        role="img"
        aria-label={`${p.name}: ${p.yTitle} over ${p.xTitle}, ${p.points.length} points`}
        tabIndex={0}
        onPointerDown={down}
        onPointerMove={(e) => setHovered(nearest(frame(), p.points, e.offsetX, e.offsetY))}
        onPointerLeave={() => setHovered(-1)}
        onKeyDown={press}
      />
      <p class="status" aria-live="polite">
        {named ? named.label : `${p.points.length} points`}
      </p>
    </figure>
  );
}

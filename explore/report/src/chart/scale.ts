// Axes of the scatter charts.
export interface Scale {
  log: boolean;
  from: number;
  to: number;
}

export function scaleOf(values: number[], log: boolean, pad = 0.05): Scale {
  const good = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
  if (good.length === 0) return { log, from: log ? 1 : 0, to: log ? 10 : 1 };
  let from = good.reduce((a, b) => Math.min(a, b));
  let to = good.reduce((a, b) => Math.max(a, b));
  if (log) {
    const factor = to > from ? (to / from) ** pad : 2;
    return { log, from: from / factor, to: to * factor };
  }
  if (from > 0 && from < to * 0.4) from = 0;
  const space = to > from ? (to - from) * pad : Math.abs(to) * 0.1 || 1;
  return { log, from: from === 0 ? 0 : from - space, to: to + space };
}

/** Place of a value, 0 to 1. */
export const place = (s: Scale, v: number): number =>
  s.log ? Math.log(v / s.from) / Math.log(s.to / s.from) : (v - s.from) / (s.to - s.from);

export function ticks(s: Scale, most: number): number[] {
  const marks: number[] = [];
  if (s.log) {
    const decades = Math.log10(s.to / s.from);
    const steps =
      decades > most
        ? [1]
        : decades > most / 2.5
          ? [1, 3]
          : decades > 0.8
            ? [1, 2, 5]
            : [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9];
    for (let p = Math.floor(Math.log10(s.from)); p <= Math.ceil(Math.log10(s.to)); ++p)
      for (const n of steps) if (n * 10 ** p >= s.from && n * 10 ** p <= s.to) marks.push(n * 10 ** p);
    return marks;
  }
  const raw = (s.to - s.from) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const d = power * ([1, 2, 5].find((n) => n * power >= raw) ?? 10);
  for (let v = Math.ceil(s.from / d) * d; v <= s.to + d * 1e-9; v += d) marks.push(v);
  return marks;
}

export function tickText(v: number): string {
  if (v === 0) return "0";
  const size = Math.abs(v);
  if (size >= 1e9) return `${Number((v / 1e9).toPrecision(3))}G`;
  if (size >= 1e6) return `${Number((v / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((v / 1e3).toPrecision(3))}k`;
  return String(Number(v.toPrecision(3)));
}

// Numbers as the terminal writes them (sim/cli/output.cpp).
export function time(us: number): string {
  return Math.abs(us) >= 1000 ? `${(us / 1000).toFixed(3)} ms` : `${us.toFixed(2)} us`;
}

export function bytes(n: number): string {
  if (Math.abs(n) >= 1e6) return `${(n / 1e6).toFixed(2)} MB`;
  if (Math.abs(n) >= 1e3) return `${(n / 1e3).toFixed(1)} kB`;
  return `${Math.round(n)} B`;
}

export function count(n: number): string {
  if (Number.isInteger(n)) return n.toLocaleString("en-US");
  return Math.abs(n) >= 1000
    ? n.toLocaleString("en-US", { maximumFractionDigits: 1 })
    : String(Number(n.toPrecision(5)));
}

export function byUnit(value: number, unit: string): string {
  if (unit === "us") return time(value);
  if (unit === "B" || unit === "bytes") return bytes(value);
  if (unit === "share") return `${(value * 100).toFixed(1)} %`;
  if (unit === "ratio") return value.toFixed(2);
  return count(value);
}

/** A name that somebody else gave: at most `most` characters. */
export function short(name: string, most = 60): string {
  const letters = name.length > 4 * most ? [...name.slice(0, 4 * most)] : [...name];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : name;
}

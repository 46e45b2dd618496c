// Time by cause as one bar; its parts say what they are.
import { causeColor } from "./color";

interface Props {
  time: Record<string, number>;
  /** Cycles of a bar of full width; the sum of the parts where it is left out. */
  full?: number;
  thin?: boolean;
}

export function CauseBar({ time, full, thin }: Props) {
  const parts = Object.entries(time).filter(([, t]) => t > 0);
  const all = full ?? parts.reduce((sum, [, t]) => sum + t, 0);
  return (
    <span
      class={thin ? "causes thin" : "causes"}
      role="img"
      aria-label={parts.map(([cause, t]) => `${cause} ${Math.round((t / all) * 100)} %`).join(", ")}
    >
      {parts.map(([cause, t]) => (
        <span
          key={cause}
          style={{ width: `${(t / all) * 100}%`, background: causeColor(cause) }}
          data-key={`time.${cause}`}
          data-value={`${((t / all) * 100).toFixed(1)} %`}
        />
      ))}
    </span>
  );
}

export function CauseLegend({ names }: { names: string[] }) {
  return (
    <p class="legend">
      {names.map((cause) => (
        <span key={cause} data-key={`time.${cause}`} tabIndex={0}>
          <i style={{ background: causeColor(cause) }} /> {cause}
        </span>
      ))}
    </p>
  );
}

export const causesOf = (...times: (Record<string, number> | undefined)[]): string[] => [
  ...new Set(times.flatMap((time) => Object.entries(time ?? {}).flatMap(([cause, t]) => (t > 0 ? [cause] : [])))),
];

// Every number says what it is: elements with data-key show the sentence of `tessera explain` when the pointer or the
// keyboard is on them.
import { useEffect, useState } from "preact/hooks";
import { Explanation } from "./data";
import { byUnit, short } from "./format";

let table: Record<string, Explanation> = {};
export function setExplanations(explanations: Record<string, Explanation>) {
  table = explanations;
}

/** The counter of a key, found as `tessera explain` finds it. */
export function explanation(key: string): Explanation | undefined {
  if (Object.hasOwn(table, key)) return table[key];
  if (key.startsWith("layers[].")) {
    const part = key.slice("layers[].".length);
    if (Object.hasOwn(table, part)) return table[part];
  }
  const known = Object.keys(table).find((name) => name.slice(name.lastIndexOf(".") + 1) === key);
  return known === undefined ? undefined : table[known];
}

export const unitOf = (key: string): string => explanation(key)?.unit ?? "";

/** A number of the result with its sentence. */
export function Num({ k, v }: { k: string; v: number | string | null | undefined }) {
  if (v === null || v === undefined) return <span class="none">–</span>;
  if (typeof v === "string")
    return (
      <bdi data-key={k} tabIndex={0}>
        {short(v, 120)}
      </bdi>
    );
  return (
    <span class="num" data-key={k} data-value={v} tabIndex={0}>
      {byUnit(v, unitOf(k))}
    </span>
  );
}

interface Shown {
  of: Element;
  key: string;
  value: string | null;
  full: string | null;
}

export function ExplainLayer() {
  const [shown, show] = useState<Shown | null>(null);
  useEffect(() => {
    const over = (event: Event) => {
      const target = (event.target as Element | null)?.closest?.("[data-key], [data-full]");
      // A resting pointer that something else comes under takes nothing from the keyboard.
      if (!(target instanceof HTMLElement || target instanceof SVGElement))
        return show((now) => (event.type === "pointerover" && now?.of === document.activeElement ? now : null));
      const { key = "", value = null, full = null } = target.dataset;
      show({ of: target, key, value, full });
    };
    const out = () => show(null);
    const scrolled = () => show((now) => now && { ...now }); // follows its element
    const escape = (event: KeyboardEvent) => event.key === "Escape" && show(null);
    document.addEventListener("pointerover", over);
    document.addEventListener("focusin", over);
    document.addEventListener("focusout", out);
    document.addEventListener("scroll", scrolled, true);
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerover", over);
      document.removeEventListener("focusin", over);
      document.removeEventListener("focusout", out);
      document.removeEventListener("scroll", scrolled, true);
      document.removeEventListener("keydown", escape);
    };
  }, []);
  if (shown === null) return null;
  const known = explanation(shown.key);
  if (known === undefined && shown.full === null) return null;
  const width = Math.min(340, innerWidth - 16);
  const box = shown.of.getBoundingClientRect();
  const style = {
    width: `${width}px`,
    left: `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`,
    ...(box.bottom > innerHeight - 150 ? { bottom: `${innerHeight - box.top + 4}px` } : { top: `${box.bottom + 4}px` }),
  };
  return (
    <div class="explain" role="tooltip" style={style}>
      {shown.full !== null && <bdi class="full">{short(shown.full, 600)}</bdi>}
      {known !== undefined && (
        <>
          <b>{shown.key.replace("layers[].", "")}</b> {known.unit && <i>[{known.unit}]</i>}
          {shown.value !== null && <code> {shown.value}</code>}
          <p>{known.sentence}</p>
          {known.formula && <p class="formula">= {known.formula}</p>}
        </>
      )}
    </div>
  );
}

/** A layer's name; the whole of a long one is shown on demand. */
export function Name({ name, most = 40 }: { name: string; most?: number }) {
  const cut = short(name, most);
  return cut === name ? (
    <bdi>{name}</bdi>
  ) : (
    <bdi data-full={name.slice(0, 4000)} tabIndex={0}>
      {cut}
    </bdi>
  );
}

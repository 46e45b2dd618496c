// Colours of the figures. Layers take eight in turn; causes of time have one each; shares go from the page to blue.
const turns = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#b6992d", "#af7aa1", "#9c755f"];
export const layerColor = (layer: number): string => (layer < 0 ? "#8a8f98" : turns[layer % turns.length]);

const causes: Record<string, string> = {
  busy: "#4e79a7",
  wait_input: "#f28e2b",
  wait_weights: "#e15759",
  wait_operand: "#b6992d",
  wait_output: "#af7aa1",
  wait_staging: "#9c755f",
  wait_token: "#d37295",
  wait_stream: "#76b7b2",
  bank_conflict: "#59a14f",
  overhead: "#6b6ecf",
  idle: "#b8bcc4",
};
export const causeColor = (cause: string): string =>
  causes[cause] ?? turns[[...cause].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % turns.length];

/** 0..1 from light to dark blue. */
export function heat(share: number): string {
  const at = Math.max(0, Math.min(1, share));
  return `hsl(212 ${45 + 20 * at}% ${93 - 61 * at}%)`;
}
export const heatText = (share: number): string => (share > 0.5 ? "#fff" : "#16181d");

export const seriesColors = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#af7aa1", "#76b7b2", "#b6992d", "#9c755f"];

/** A colour of the page's theme. */
export function theme(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Runs are called A and B where two are compared. */
export const runLetter = (index: number): string => "AB"[index] ?? String(index + 1);

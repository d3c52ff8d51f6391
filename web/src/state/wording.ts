/** A figure as it is shown; the exact one is shown on pointing at it. */
export const figure = (value: number | null | undefined) =>
  value === null || value === undefined ? "–" : String(Number(value.toPrecision(4)));

export const exact = (value: unknown) => (typeof value === "number" ? String(value) : "–");

/** A duration in the two units that matter. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

export function mean(values: (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === "number");
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

/** A clause as a sentence of its own. */
export const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** By the names of the command line's options: what the forms call what they set. */
export type Words = Record<string, string>;

/** Say what a text says of the command line's options with the titles of the forms' fields; whole
 * commands, which stand in backticks, are left as they are. */
export function inFormWords(text: string, words: Words): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : withTitles(part, words)))
    .join("");
}

const withTitles = (text: string, words: Words) =>
  text.replace(/(?<![\w-])--(no-)?([a-z][a-z-]*[a-z])/g, (option, no, name) => {
    const title = words[name];
    if (title === undefined) return option;
    return no ? `switching off “${title}”` : `“${title}”`;
  });

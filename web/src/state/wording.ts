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

/** A refusal as a sentence; a name that stands first keeps its first letter. */
export function refusal(message: string, named: Record<string, unknown>): string {
  const isName = Object.values(named).some(
    (value) => typeof value === "string" && value !== "" && message.startsWith(value),
  );
  return isName ? message : sentence(message);
}

/** By the names of the command line's options: what the forms call what they set. By commands: where
 * the page does the same. */
export type Words = Record<string, string>;

/** Say what a text says of the command line in the words of the page: the titles of the forms' fields
 * in place of options, and in place of commands, which stand in backticks, where the page does it.
 * A command that only the command line has is left as it is. */
export function inFormWords(text: string, words: Words): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? placed(part, words) : withTitles(part, words)))
    .join("");
}

const withTitles = (text: string, words: Words) =>
  text.replace(/(?<![\w-])--(no-)?([a-z][a-z-]*[a-z])/g, (option, no, name) => {
    const title = words[name];
    if (title === undefined) return option;
    return no ? `switching off “${title}”` : `“${title}”`;
  });

/** Where the page does what a command does; of those that fit, what names the most of its options. */
function placed(quoted: string, words: Words): string {
  const given = quoted
    .slice(1, -1)
    .replace(/^playground /, "")
    .split(/[ =]/);
  const [noun, verb] = given;
  const fitting = Object.keys(words)
    .filter((command) => command === `${noun} ${verb}` || command.startsWith(`${noun} ${verb} `))
    .filter((command) => command.split(" ").every((word) => given.includes(word)))
    .sort((one, other) => other.length - one.length);
  return words[fitting[0] ?? ""] ?? quoted;
}

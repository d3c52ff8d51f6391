import type { Records } from "../api/client";
import type { LiveRun } from "./live";

export type Point = Pick<Records["SeriesPoint"], "series" | "epoch" | "value">;

/** The points of one run. */
export interface RunPoints {
  seed: number;
  points: Point[];
}

/** One line of a chart. */
export interface Line {
  name: string;
  seed: number;
  /** Which colour it has: that of its part or its experiment, in every chart. */
  colour: number;
  points: [epoch: number, value: number | null][];
}

const PARTS = ["train", "train_sample", "validation", "uninformed"];
const TITLES = ["train (running)", "train sample", "validation", "uninformed guess"];

/** Split `part/measure`: validation/class/focal is the measure class/focal of the validation. */
export function partAndMeasure(series: string): [part: string, measure: string] {
  const slash = series.indexOf("/");
  return [series.slice(0, slash), series.slice(slash + 1)];
}

/** List the series of all runs, in the order in which they were first told. */
export const seriesOf = (runs: RunPoints[]) => [
  ...new Set(runs.flatMap((run) => run.points.map((point) => point.series))),
];

/** List what was measured, whatever the part. */
export const measuresOf = (runs: RunPoints[]) => [
  ...new Set(seriesOf(runs).map((series) => partAndMeasure(series)[1])),
];

/** Draw one measure: a line for each part and each run. */
export function linesOf(runs: RunPoints[], measure: string): Line[] {
  return runs.flatMap(({ seed, points }) => {
    const lines = new Map<string, Line>();
    for (const { series, epoch, value } of points) {
      const [part, measured] = partAndMeasure(series);
      if (measured !== measure) continue;
      const colour = PARTS.indexOf(part);
      const line = lines.get(part) ?? { name: TITLES[colour] ?? part, seed, colour, points: [] };
      line.points.push([epoch, value]);
      lines.set(part, line);
    }
    // What a guess costs is told once: it is the level that the others are held against.
    const last = Math.max(...points.map(({ epoch }) => epoch));
    const guess = lines.get("uninformed")?.points;
    if (guess?.[0] && last > 1) guess.push([last, guess[0][1]]);
    return [...lines.values()];
  });
}

/** Draw one series of several experiments over each other. */
export function overlaid(experiments: Record<string, RunPoints[]>, series: string): Line[] {
  return Object.entries(experiments).flatMap(([name, runs], colour) =>
    runs.map(({ seed, points }) => ({
      name,
      seed,
      colour,
      points: points
        .filter((point) => point.series === series)
        .map((point): [number, number | null] => [point.epoch, point.value]),
    })),
  );
}

export const pointsOf = (run: LiveRun): Point[] =>
  run.epochs.flatMap(({ epoch, points }) => points.map((point) => ({ ...point, epoch })));

import { expect, test } from "vitest";
import { linesOf, measuresOf, overlaid, partAndMeasure } from "./series";

const points = [
  { series: "train/loss", epoch: 1, value: 0.9 },
  { series: "validation/loss", epoch: 1, value: 1.1 },
  { series: "validation/class/focal", epoch: 1, value: 1.1 },
  { series: "validation/accuracy", epoch: 1, value: 0.5 },
  { series: "train/loss", epoch: 2, value: 0.7 },
  { series: "validation/loss", epoch: 2, value: null },
];
const runs = [
  { seed: 0, points },
  { seed: 1, points },
];

test("a series is a part and what was measured on it", () => {
  expect(partAndMeasure("validation/class/focal")).toEqual(["validation", "class/focal"]);
  expect(measuresOf(runs)).toEqual(["loss", "class/focal", "accuracy"]);
});

test("a measure has a line for each part and run, with gaps where it was not finite", () => {
  const lines = linesOf(runs, "loss");
  expect(lines.map(({ name, seed }) => `${name} ${seed}`)).toEqual([
    "train (running) 0",
    "validation 0",
    "train (running) 1",
    "validation 1",
  ]);
  expect(lines[1]?.points).toEqual([
    [1, 1.1],
    [2, null],
  ]);
});

test("what an uninformed guess costs is told once and drawn as a level", () => {
  const guess = { series: "uninformed/loss", epoch: 1, value: 0.7 };
  const level = linesOf([{ seed: 0, points: [guess, ...points] }], "loss").find(
    ({ name }) => name === "uninformed guess",
  );
  expect(level?.points).toEqual([
    [1, 0.7],
    [2, 0.7],
  ]);
});

test("a part has one colour in every chart, an experiment one in a comparison", () => {
  const [validation] = linesOf(runs, "accuracy");
  expect(validation?.colour).toBe(linesOf(runs, "loss")[1]?.colour);
  const lines = overlaid({ a: runs, b: runs }, "train/loss");
  expect(lines.map(({ name, colour }) => [name, colour])).toEqual([
    ["a", 0],
    ["a", 0],
    ["b", 1],
    ["b", 1],
  ]);
});

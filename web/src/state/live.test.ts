import { expect, test } from "vitest";
import type { Records } from "../api/client";
import { type LiveRun, told } from "./live";

const started: Records["RunStarted"] = {
  kind: "run_started",
  epochs: 2,
  updates_per_epoch: 5,
  train_items: 40,
  train_sample_items: 8,
  validation_items: 8,
  device: "cpu",
  parameters: 100,
};

const epoch = (number: number): Records["EpochFinished"] => ({
  kind: "epoch_finished",
  epoch: number,
  step: 5 * number,
  images_seen: 40 * number,
  duration_s: 1,
  waiting_s: 0,
  points: [{ series: "validation/loss", value: 1 / number }],
  best: true,
  patience_left: null,
});

const progress: Records["Progress"] = {
  kind: "progress",
  stage: "train",
  epoch: 1,
  epochs: 2,
  images: 8,
  images_total: 40,
  images_per_second: 10,
  waiting_share: 0,
  eta_s: 7,
  running_loss: 0.5,
};

const finished: Records["RunFinished"] = {
  kind: "run_finished",
  outcome: "finished",
  epochs_done: 2,
  best_epoch: 2,
  monitor: "validation/loss",
  best_value: 0.5,
};

const after = (...events: [run: string, event: Records["LiveEvent"]["event"]][]) =>
  events.reduce<LiveRun[]>(
    (runs, [run, event], index) => told(runs, { number: index + 1, run, event }),
    [],
  );

test("each run keeps its own epochs, in order", () => {
  const runs = after(["a", started], ["a", epoch(1)], ["b", started], ["a", epoch(2)]);
  expect(runs.map(({ run, epochs }) => [run, epochs.map((one) => one.epoch)])).toEqual([
    ["a", [1, 2]],
    ["b", []],
  ]);
});

test("progress is shown until the run has finished", () => {
  expect(after(["a", started], ["a", progress])[0]?.progress).toEqual(progress);
  const [run] = after(["a", started], ["a", progress], ["a", finished]);
  expect(run?.progress).toBeUndefined();
  expect(run?.finished).toEqual(finished);
});

test("a run that is taken up again starts anew", () => {
  expect(after(["a", started], ["a", epoch(1)], ["a", started])[0]?.epochs).toEqual([]);
});

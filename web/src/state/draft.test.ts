import { describe, expect, test } from "vitest";
import { type Records, Refusal } from "../api/client";
import { sectionOf, sent } from "./draft";

const refusal = (code: string, args: Record<string, unknown> = {}) =>
  new Refusal({ code, message: "", arguments: args });

describe("a refusal is shown in the section that it is about", () => {
  test.each([
    [refusal("parameter.invalid", { of: "the loss focal" }), "loss"],
    [refusal("parameter.invalid", { of: "the solver adamw" }), "solver"],
    [refusal("parameter.invalid", { of: "the architecture unet" }), "model"],
    [refusal("loss.heads_differ", { slot: "class" }), "loss"],
    [refusal("weights.unavailable"), "model"],
    [refusal("metric.task"), "metric"],
    [refusal("monitor.unknown"), "early_stopping"],
    [refusal("experiment.exists"), "name"],
    [refusal("request.invalid", { "training.epochs": "too small" }), "training"],
    [refusal("request.invalid", { "training.early_stopping.patience": "" }), "early_stopping"],
    [refusal("server.failed"), "run"],
  ])("$record.code → %s", (error, section) => expect(sectionOf(error)).toBe(section));
});

test("a loss is sent with the parameters that differ from their defaults, and no others", () => {
  const parameters = {
    properties: {
      gamma: { default: 2 },
      alpha: { default: null },
      ignore_index: { default: -100 },
    },
  };
  const form = { slots: [{ slot: "class", losses: [{ name: "focal", parameters }] }] };
  const draft = {
    split: "s",
    task: "classification",
    architecture: { name: "timm" },
    losses: {
      class: [{ loss: "focal", parameters: { gamma: 3, alpha: undefined, ignore_index: -100 } }],
    },
  };
  const { losses } = sent(draft, form as unknown as Records["ExperimentForm"]);
  expect(losses).toEqual({ class: [{ loss: "focal", parameters: { gamma: 3 } }] });
});

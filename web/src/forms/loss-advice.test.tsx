import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Records } from "../api/client";
import { queryClient } from "../state/queries";
import { LossAdvice } from "./loss-advice";

const loss = (given: Partial<Records["AdvisedLoss"]>): Records["AdvisedLoss"] => ({
  loss: "cross_entropy",
  name: "cross_entropy",
  title: "Cross-entropy",
  parameters: {},
  condition: "",
  suits: [],
  suffers: [],
  reason: "",
  prefer: "",
  avoid: "",
  ...given,
});

const measured = (
  name: string,
  state: Records["MeasuredCircumstance"]["state"],
  said: string,
): Records["MeasuredCircumstance"] => ({ name, state, said, threshold: "from 10 times on" });

const ADVICE: Records["LossAdvice"] = {
  task: "classification",
  task_title: "Image classification",
  dataset: "fruit",
  revision_number: 1,
  images: 400,
  slots: [
    {
      slot: "class",
      gives: "one class per image",
      measured: [
        measured("imbalance", "found", "lemon has 13 images, cherry 1"),
        measured("many classes", "not found", "3 classes"),
        measured("copies", "not measured", "none are known; `playground dataset inspect` looks"),
      ],
      default: loss({}),
      verdict: "cross_entropy, the default, suffers from imbalance.",
      losses: [
        loss({
          loss: "cross_entropy(weight=balanced)",
          title: "Cross-entropy, classes weighed",
          parameters: { weight: "balanced" },
          reason: "weighs each class by how rare it is",
        }),
      ],
    },
  ],
  evidence: [
    {
      split: "fruit-1",
      experiments: ["plain", "other"],
      losses: ["cross_entropy", "focal"],
      runs: [3, 3],
      series: "validation/accuracy",
      means: [0.8, 0.9],
      difference: 0.1,
      interval: [-0.1, 0.3],
      verdict: "within noise",
      finding: "Accuracy on validation: within noise.",
    },
  ],
  remark: "No promise.",
};

function shown() {
  const choose = vi.fn();
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queryClient}>
        <LossAdvice advice={ADVICE} slot="class" onChoose={choose} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return choose;
}

test("advice says what was found, what speaks for which loss, and what experiments showed", () => {
  shown();
  const text = screen.getByRole("region", { name: /Advice for/ }).textContent;
  expect(text).toContain("cross_entropy, the default, suffers from imbalance.");
  expect(text).toContain("Imbalance: lemon has 13 images, cherry 1");
  expect(text).toContain("weighs each class by how rare it is");
  expect(text).toContain("within noise. (split fruit-1: plain and other)");
  expect(text).not.toContain("3 classes");
});

test("what was measured and not found is told on demand, with the limits", async () => {
  shown();
  await userEvent.setup().click(screen.getByRole("button", { name: "All that was measured" }));
  const text = screen.getByRole("region", { name: /Advice for/ }).textContent;
  expect(text).toContain("Many classes (not found): 3 classes");
  expect(text).toContain("Counts from 10 times on.");
});

test("a loss that is advised is chosen with its parameters", async () => {
  const choose = shown();
  await userEvent
    .setup()
    .click(screen.getByRole("button", { name: "Cross-entropy, classes weighed" }));
  expect(choose).toHaveBeenCalledWith({
    loss: "cross_entropy",
    parameters: { weight: "balanced" },
  });
});

test("a command that advice names is called as the page calls it", async () => {
  queryClient.setQueryData(["words"], { "dataset inspect": "“Inspect”" });
  shown();
  await userEvent.click(screen.getByRole("button", { name: "All that was measured" }));
  expect(screen.getByText(/Copies/).parentElement?.textContent).toContain("“Inspect” looks");
});

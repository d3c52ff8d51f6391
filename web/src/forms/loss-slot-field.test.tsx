import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import type { Records } from "../api/client";
import type { LossTerm } from "../state/draft";
import { queryClient } from "../state/queries";
import { LossSlotField } from "./loss-slot-field";

const loss = (name: string, given: Partial<Records["LossChoice"]>): Records["LossChoice"] => ({
  name,
  class_name: name,
  title: name,
  state: "valid",
  reason: "",
  summary: `${name} in one sentence.`,
  formula: String.raw`\frac{1}{N} \sum_i x_i`,
  prefer: "",
  avoid: "",
  default: false,
  parameters: {},
  ...given,
});

const CHOICES: Records["SlotChoices"] = {
  slot: "class",
  gives: "one class per image",
  losses: [
    loss("cross_entropy", { default: true }),
    loss("ours", {
      parameters: {
        properties: {
          sharpness: { type: "number", default: 0.5, title: "Sharpness", description: "how steep" },
        },
      },
    }),
    loss("mse", { state: "discouraged", reason: "it learns slowly" }),
    loss("giou", { state: "refused", reason: "giou needs pairs of boxes" }),
  ],
};

let chosen: LossTerm[];

function Field() {
  const [terms, setTerms] = useState<LossTerm[]>([{ loss: "cross_entropy", weight: 1 }]);
  chosen = terms;
  return <LossSlotField choices={CHOICES} terms={terms} onChange={setTerms} />;
}

async function opened() {
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queryClient}>
        <Field />
      </QueryClientProvider>
    </MantineProvider>,
  );
  const user = userEvent.setup();
  await user.click(screen.getByRole("combobox", { name: /Loss of/ }));
  return user;
}

const option = (name: RegExp) => screen.getByRole("option", { name });

test("a refused loss says why and cannot be chosen", async () => {
  const user = await opened();
  expect(option(/Giou needs pairs of boxes/).getAttribute("data-combobox-disabled")).toBe("true");
  await user.click(option(/Giou needs/));
  expect(chosen[0]?.loss).toBe("cross_entropy");
});

test("a discouraged loss can be chosen, and the reason stays in sight", async () => {
  const user = await opened();
  await user.click(option(/mse/));
  expect(chosen[0]?.loss).toBe("mse");
  expect(screen.getByRole("alert").textContent).toContain("It learns slowly");
});

test("the parameters of a loss nobody knew of are a form, from its schema alone", async () => {
  const user = await opened();
  await user.click(option(/ours/));
  const field = screen.getByRole("textbox", { name: "Sharpness" });
  await user.clear(field);
  await user.type(field, "0.75");
  expect(chosen).toEqual([{ loss: "ours", weight: 1, parameters: { sharpness: 0.75 } }]);
});

test("a slot takes a weighted sum", async () => {
  const user = await opened();
  await user.click(screen.getByRole("button", { name: "Add a loss to the sum" }));
  const [, second] = screen.getAllByRole("textbox", { name: "Weight in the sum" });
  if (!second) throw new Error("there is no second weight");
  await user.clear(second);
  await user.type(second, "0.5");
  expect(chosen.map(({ weight }) => weight)).toEqual([1, 0.5]);
});

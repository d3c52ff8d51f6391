import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Records } from "../api/client";
import { queryClient } from "../state/queries";
import { FormatField } from "./format-field";

const FORMATS: Records["FormatRecord"][] = [
  {
    name: "marks",
    title: "Marks of ours",
    summary: "A file of marks, else --class-table.",
    tasks: ["detection", "instance_segmentation"],
    options: [],
    contents: [{ what: "`mark`", read: "with `--task detection`: a box", written: "" }],
    writable: false,
  },
];

function shown(value: string | null) {
  queryClient.setQueryData(["words"], { task: "Task", "class-table": "Class table" });
  const change = vi.fn();
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queryClient}>
        <FormatField formats={FORMATS} value={value} onChange={change} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return change;
}

test("a format nobody knew of is offered behind the recognition, with what it holds", async () => {
  const change = shown(null);
  await userEvent.click(screen.getByRole("combobox", { name: "Format" }));
  const options = screen.getAllByRole("option");
  expect(options.map(({ textContent }) => textContent?.includes("Auto (recognised)"))).toEqual([
    true,
    false,
  ]);
  expect(options[1]?.textContent).toContain("Marks of ours (marks)");
  expect(options[1]?.textContent).toContain("For detection, instance segmentation.");
  expect(options[1]?.textContent).toContain("“Class table”");
  await userEvent.click(screen.getByRole("option", { name: /Marks/ }));
  expect(change).toHaveBeenCalledWith("marks");
});

test("what a chosen format reads stands below it, in the words of the page", async () => {
  const change = shown("marks");
  await userEvent.click(screen.getByRole("button", { name: "More of Marks of ours" }));
  const row = within(await screen.findByRole("table")).getByRole("row", { name: /mark/ });
  expect(row.textContent).toBe("markwith “Task” detection: a box");
  await userEvent.click(screen.getByRole("combobox", { name: "Format" }));
  await userEvent.click(screen.getByRole("option", { name: /Auto/ }));
  expect(change).toHaveBeenCalledWith(null);
});

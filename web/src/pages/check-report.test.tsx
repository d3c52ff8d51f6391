import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Records } from "../api/client";
import type { Finding } from "../state/findings";
import { queryClient } from "../state/queries";
import { CheckReport } from "./check-report";

const tiny = (number: number): Finding => ({
  kind: "tiny_object",
  severity: "information",
  message: `object ${number} is tiny`,
  decision: "kept",
  file: `labels/${number}.txt`,
  line: number,
  others: [],
});

const COPIES: Finding = {
  kind: "copies",
  severity: "warning",
  message: "three files are the same: keep them together with --group-by",
  decision: "kept",
  file: "a.png",
  line: null,
  others: ["b.png", "c.png"],
};

const REPORT: Records["CheckReport"] = {
  dataset: "nuts",
  items: 5000,
  findings: [...Array.from({ length: 5000 }, (_, index) => tiny(index + 1)), COPIES],
  recognised: "",
  counts: [],
};

function shown() {
  queryClient.setQueryData(["words"], { "group-by": "Group by columns", "drop-faulty": "Leave" });
  queryClient.setQueryData(
    ["finding-kinds"],
    [
      {
        name: "tiny_object",
        title: "Object of a few pixels",
        severity: "information",
        explanation: "It may be a slip.",
        remedy: "Mend it, or --drop-faulty.",
      },
    ],
  );
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queryClient}>
        <CheckReport report={REPORT} dataset="nuts" />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return userEvent.setup();
}

const rows = () => within(screen.getByRole("table")).getAllByRole("row").slice(1);

test("a kind tells how often it was found, and unfolds to every place, a page at once", async () => {
  const user = shown();
  expect(screen.queryByRole("table")).toBeNull();
  await user.click(screen.getByRole("button", { name: /Object of a few pixels \(5,000\)/ }));
  expect(screen.getByText(/What to do:/).parentElement?.textContent).toContain("“Leave”");
  expect(rows()).toHaveLength(20);
  expect(rows()[0]?.textContent).toBe("labels/1.txt1object 1 is tinykept");
  await user.click(screen.getByRole("button", { name: "Last page" }));
  expect(rows().at(-1)?.textContent).toContain("labels/5000.txt");
  await user.type(screen.getByRole("textbox"), "labels/4321.");
  expect(rows().map(({ textContent }) => textContent)).toEqual([
    "labels/4321.txt4,321object 4321 is tinykept",
  ]);
});

test("a finding unfolds to all files that it is about, in the words of the page", async () => {
  const user = shown();
  await user.click(screen.getByRole("button", { name: /Copies \(1\)/ }));
  expect(rows()[0]?.textContent).toContain("together with “Group by columns”");
  await user.click(screen.getByRole("button", { name: "and 2 more" }));
  expect(screen.getByRole("group", { name: "Further files" }).textContent).toBe("b.png\nc.png");
});

import { expect, test } from "vitest";
import { byKind, type Finding, having } from "./findings";

const finding = (given: Partial<Finding>): Finding => ({
  kind: "tiny_object",
  severity: "information",
  message: "it is tiny",
  decision: "kept",
  file: "",
  line: null,
  others: [],
  ...given,
});

test("findings stand by kind, errors first, with what was decided how often", () => {
  const told = [
    finding({ file: "a" }),
    finding({ kind: "unreadable_image", severity: "error", decision: "dropped" }),
    finding({ file: "b", decision: "clipped" }),
    finding({ file: "c" }),
  ];
  const [errors, others] = byKind(told);
  expect(errors).toMatchObject({ kind: "unreadable_image", decisions: "dropped" });
  expect(others?.findings.map(({ file }) => file)).toEqual(["a", "b", "c"]);
  expect(others?.decisions).toBe("kept 2, clipped 1");
});

test("a file is sought among those that a finding is also about", () => {
  const told = [finding({ file: "a.png", others: ["Copy.png"] }), finding({ file: "b.png" })];
  expect(having(told, " copy ")).toEqual([told[0]]);
  expect(having(told, "")).toEqual(told);
});

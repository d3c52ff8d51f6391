import { expect, test } from "vitest";
import { inFormWords } from "./wording";

const words = { "large-groups": "Keep large groups", series: "Series", weights: "Weights" };

test("options of the command line are called as the forms call them", () => {
  expect(inFormWords("--large-groups keeps it, --no-series divides it, --else", words)).toBe(
    "“Keep large groups” keeps it, switching off “Series” divides it, --else",
  );
});

test("a command and a name that looks like an option stay as they are", () => {
  const text = "use --weights none: `playground experiment run --weights none` or a--weights";
  expect(inFormWords(text, words)).toBe(
    "use “Weights” none: `playground experiment run --weights none` or a--weights",
  );
});

import { expect, test } from "vitest";
import { inFormWords, refusal } from "./wording";

const words = {
  "dataset check": "“Check”",
  "split create": "“Create a split”",
  "split create --from": "“From a list”",
  "large-groups": "Keep large groups",
  series: "Series",
  weights: "Weights",
};

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

test("a command is called by where the page does the same", () => {
  const said = "as in `playground dataset check`; `playground dataset check '/a b' --task x` tells";
  expect(inFormWords(said, words)).toBe("as in “Check”; “Check” tells");
  expect(inFormWords("`split create --from` reads it", words)).toBe("“From a list” reads it");
  expect(inFormWords("`playground split create D --name N`", words)).toBe("“Create a split”");
});

test("a refusal is a sentence, but a name that it begins with is not changed", () => {
  const named = { name: "bccd", path: "" };
  expect(refusal("bccd and nuts cannot be joined", named)).toBe("bccd and nuts cannot be joined");
  expect(refusal("there is no dataset bccd", named)).toBe("There is no dataset bccd");
});

import { describe, expect, test } from "vitest";
import { Refusal } from "../api/client";
import {
  draftOf,
  fieldOf,
  fieldsOf,
  type Gift,
  madeUpName,
  splitRequest,
  textOf,
} from "./split-draft";

const refusal = (code: string, args: Record<string, unknown> = {}) =>
  new Refusal({ code, message: "", arguments: args });

const gift = (given: Partial<Gift>): Gift => ({
  part: "test",
  kind: "folder",
  what: "",
  share: 100,
  ...given,
});

describe("what is given to a part is written as a plan has it, and read again", () => {
  test.each([
    [gift({ what: "site b" }), "test=site b/"],
    [gift({ what: "a/b/", part: "train" }), "train=a/b/"],
    [gift({ kind: "list", what: "~/names.txt" }), "test=@~/names.txt"],
    [gift({ kind: "condition", what: " class=cat " }), "test=class=cat"],
    [gift({ kind: "condition", what: "class=cat", share: 12.5 }), "test=12.5% of class=cat"],
    [gift({ what: "site=b" }), 'test=folder="site=b/"'],
  ])("%o ↔ %s", (given, text) => {
    expect(textOf(given)).toBe(text);
    const read = draftOf({ give: [text] });
    expect(read.source).toBe("give");
    expect(read.gifts.map(textOf)).toEqual([text]);
  });
});

test("only the chosen way to choose parts is sent", () => {
  const draft = draftOf({ from_file: "lists", seed: 3 });
  expect(draft.source).toBe("from_file");
  expect(splitRequest(draft, "fruit", "made-up")).toEqual({
    dataset: "fruit",
    name: "made-up",
    seed: 3,
    from_file: "lists",
    own_partitions: false,
    give: [],
  });
  const own = { ...draft, source: "own_partitions" as const, name: " mine " };
  expect(splitRequest(own, "fruit", "made-up")).toMatchObject({
    name: "mine",
    from_file: null,
    own_partitions: true,
  });
});

test("a made-up name is free, for folds as well", () => {
  expect(madeUpName("fruit", [])).toBe("fruit-1");
  expect(madeUpName("fruit", ["fruit-1", "fruit-2-fold-1", "fruit-4"])).toBe("fruit-3");
});

describe("a refusal is shown at the field that it is about", () => {
  const drawn = draftOf({ where: "class=cat", stratify_by: ["site"] });
  const given = draftOf({ give: ["test=class=dog"], where: "class=cat" });
  test.each([
    [refusal("split.exists"), drawn, "name"],
    [refusal("split.shares"), drawn, "train"],
    [refusal("request.invalid", { folds: "too many" }), drawn, "folds"],
    [refusal("column.unknown", { name: "site" }), drawn, "stratify_by"],
    [refusal("column.unknown", { name: "patient" }), drawn, "group_by"],
    [refusal("condition.refused", { text: "class=cat" }), given, "where"],
    [refusal("class.unknown", { name: "dog" }), given, "give"],
    [refusal("split.list_wrong"), given, "give"],
    [refusal("split.list_wrong"), draftOf({ from_file: "x" }), "from_file"],
    [refusal("table.unreadable"), draftOf({ from_file: "x" }), "from_file"],
    [refusal("server.failed"), drawn, undefined],
  ])("$record.code → %#", (error, draft, field) => expect(fieldOf(error, draft)).toBe(field));
});

test("numbers may not be left empty, unless nothing is one of their values", () => {
  const schema = {
    properties: { seed: { type: "integer" }, folds: { anyOf: [] }, where: { type: "string" } },
  };
  expect(fieldsOf(schema, ["folds", "seed", "unknown"])).toEqual({
    properties: { folds: { anyOf: [] }, seed: { type: "integer" } },
    required: ["seed"],
  });
});

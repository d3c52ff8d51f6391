import { expect, test } from "vitest";
import { all, first, readAddress, writeAddress } from "./address";

test("a comparison is its address", () => {
  const address = "?experiments=a&experiments=b+c&series=validation%2Floss";
  const read = readAddress(address);
  expect(all(read.experiments)).toEqual(["a", "b c"]);
  expect(first(read.series)).toBe("validation/loss");
  expect(writeAddress(read)).toBe(address);
});

test("what is not given is not written", () => {
  expect(writeAddress({ split: undefined })).toBe("");
  expect(first(readAddress("").split)).toBeUndefined();
});

import type { Records, Refusal } from "../api/client";
import type { JsonSchema, Values } from "./draft";

/** The ways in which parts are chosen, of which a plan has one; the first is the default. */
export const SOURCES = ["drawn", "own_partitions", "from_file", "give"] as const;
export type Source = (typeof SOURCES)[number];

export const PARTS = ["train", "validation", "test"] as const;
export type Part = (typeof PARTS)[number];

/** All that a part gets: a folder, what a list names, or the items that a condition holds for. */
export interface Gift {
  part: Part;
  kind: "folder" | "list" | "condition";
  what: string;
  /** Per cent of it; the rest of it is left out. */
  share: number;
}

/** What the form of a new split holds. */
export interface SplitDraft {
  name: string;
  source: Source;
  gifts: Gift[];
  /** The plan's other fields, where they are not as they are by default. */
  plan: Values;
}

export const EMPTY_GIFT: Gift = { part: "test", kind: "folder", what: "", share: 100 };

/** Start with the defaults, or with an earlier plan. */
export function draftOf(plan: Records["SplitPlan"] = {}): SplitDraft {
  const { give = [], own_partitions, ...others } = plan;
  const source = give.length
    ? "give"
    : own_partitions
      ? "own_partitions"
      : others.from_file
        ? "from_file"
        : "drawn";
  const told = Object.entries(others).filter(([, value]) => value !== null);
  const gifts = give.length ? give.map(giftOf) : [EMPTY_GIFT];
  return { name: "", source, gifts, plan: Object.fromEntries(told) };
}

/** What is sent: of the ways to choose the parts only the one that is chosen. */
export function splitRequest(draft: SplitDraft, dataset: string, name: string) {
  const { from_file, ...plan } = draft.plan;
  const source: Records["SplitPlan"] = {
    own_partitions: draft.source === "own_partitions",
    from_file: draft.source === "from_file" ? String(from_file ?? "") : null,
    give: draft.source === "give" ? draft.gifts.map(textOf) : [],
  };
  return { ...plan, ...source, dataset, name: draft.name.trim() || name };
}

/** The first of dataset-1, dataset-2, … that is free. */
export function madeUpName(dataset: string, taken: string[]): string {
  let number = 1;
  while (taken.some((name) => name === `${dataset}-${number}` || isFoldOf(dataset, number, name)))
    number += 1;
  return `${dataset}-${number}`;
}

const isFoldOf = (dataset: string, number: number, name: string) =>
  name.startsWith(`${dataset}-${number}-fold-`);

const SIGNS = /[=<>~]/;

/** Write a gift as a plan has it: test=site_b/, test=@names.txt, test=50% of class=cat. */
export function textOf({ part, kind, what, share }: Gift): string {
  const folder = what.trim().replace(/\/*$/, "/");
  const said = {
    folder: SIGNS.test(folder) ? `folder="${folder}"` : folder,
    list: `@${what.trim()}`,
    condition: what.trim(),
  }[kind];
  return `${part}=${share === 100 ? "" : `${share}% of `}${said}`;
}

function giftOf(text: string): Gift {
  const [, part, share, what = ""] =
    /^\s*(\w+)\s*=(?:(\d+(?:\.\d+)?)\s*%\s*(?:of\s+)?)?\s*(.+?)\s*$/s.exec(text) ?? [];
  const gift = {
    part: PARTS.find((one) => one === part) ?? "test",
    share: Number(share ?? 100),
  };
  if (what.startsWith("@")) return { ...gift, kind: "list", what: what.slice(1) };
  const isFolder = what.endsWith("/") && !SIGNS.test(what);
  return { ...gift, kind: isFolder ? "folder" : "condition", what };
}

const FIELD_OF: Record<string, string> = {
  "split.exists": "name",
  "split.name": "name",
  "dataset.unknown": "dataset",
  "split.shares": "train",
  "split.needed_part": "train",
  "split.empty_part": "train",
  "split.nothing_chosen": "where",
  "split.no_labels": "stratify",
  "split.no_strata": "stratify_by",
  "split.no_group": "group_by",
  "split.pattern": "group_pattern",
  "split.pattern_misfit": "group_pattern",
  "split.folds_given": "folds",
  "split.divided_group": "allow_leaks",
  "split.no_partitions": "own_partitions",
  "split.gives_nothing": "give",
  "split.given_twice": "give",
  "split.give_share": "give",
  "split.give": "give",
};

/** Of these a list may be wrong, wherever it was named. */
const OF_LISTS = /^(table|text|split\.(list_|not_listed|no_lists))/;
const OF_CONDITIONS = ["condition", "field", "class", "tag", "status"];

/** Say at which field a refusal is shown; nothing where it is about the whole. */
export function fieldOf({ record }: Refusal, draft: SplitDraft): string | undefined {
  const { code, arguments: about } = record;
  if (code === "request.invalid") return Object.keys(about)[0]?.split(".")[0];
  if (code === "column.unknown")
    return [draft.plan.stratify_by].flat().includes(about.name) ? "stratify_by" : "group_by";
  if (OF_LISTS.test(code)) return draft.source === "give" ? "give" : "from_file";
  if (OF_CONDITIONS.includes(code.split(".")[0] ?? "")) {
    const where = String(draft.plan.where ?? "");
    const named = String(about.text ?? about.name);
    return draft.source !== "give" || where.includes(named) ? "where" : "give";
  }
  return FIELD_OF[code];
}

/** Some of the plan's fields, with what the form has to say of them. */
export function fieldsOf(schema: JsonSchema, names: readonly string[]): JsonSchema {
  const chosen = names.flatMap((name) => {
    const property = schema.properties?.[name];
    return property ? [[name, property] as const] : [];
  });
  // A number that was deleted is missing; only what may be nothing may be left empty.
  const required = chosen.filter(([, { type }]) => type === "number" || type === "integer");
  return {
    properties: Object.fromEntries(chosen),
    required: required.map(([name]) => name),
  };
}

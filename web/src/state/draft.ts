import type { Records, Refusal } from "../api/client";

/** What the new-experiment form holds: a specification, nothing else. */
export type Draft = Records["Specification"];
export type Choice = Records["Choice"];
export type LossTerm = Records["LossTerm"];
export type JsonSchema = { properties?: Record<string, JsonProperty>; required?: string[] };
export type JsonProperty = { default?: unknown; type?: string; description?: string } & Record<
  string,
  unknown
>;
export type Values = Record<string, unknown>;

/** The sections of the form in which a refusal can be shown. */
export const SECTIONS = [
  "name",
  "split",
  "model",
  "loss",
  "metric",
  "training",
  "early_stopping",
  "solver",
  "scheduler",
  "augmentation",
  "run",
] as const;
export type Section = (typeof SECTIONS)[number];

const SECTION_OF: Record<string, Section> = {
  experiment: "name",
  task: "split",
  part: "split",
  architecture: "model",
  backbone: "model",
  weights: "model",
  losses: "loss",
  slot: "loss",
  metrics: "metric",
  monitor: "early_stopping",
  augmentations: "augmentation",
};

/** Say in which section of the form a refusal belongs: by what it is about. */
export function sectionOf({ record }: Refusal): Section {
  const about =
    record.code === "parameter.invalid"
      ? String(record.arguments.of).replace(/^the /, "").split(" ")[0]
      : record.code === "request.invalid"
        ? (Object.keys(record.arguments)[0] ?? "")
        : record.code;
  const words = (about ?? "").split(/[.:]/);
  if (words.includes("early_stopping")) return "early_stopping";
  const word = words[0] ?? "";
  const section = SECTION_OF[word] ?? word;
  return SECTIONS.find((one) => one === section) ?? "run";
}

/** What is sent: a loss names only the parameters that differ from their defaults. */
export function sent(draft: Draft, form: Records["ExperimentForm"]): Draft {
  const losses = Object.entries(draft.losses ?? {}).map(([slot, terms]) => {
    const known = form.slots.find((one) => one.slot === slot)?.losses ?? [];
    const schemaOf = (name: string) => known.find((one) => one.name === name)?.parameters ?? {};
    return [
      slot,
      terms.map((term) => ({
        ...term,
        parameters: chosen(schemaOf(term.loss), term.parameters ?? {}),
      })),
    ];
  });
  return { ...draft, losses: Object.fromEntries(losses) };
}

function chosen(schema: JsonSchema, values: Values): Values {
  const isDefault = (name: string, value: unknown) =>
    JSON.stringify(value) === JSON.stringify(schema.properties?.[name]?.default);
  return Object.fromEntries(
    Object.entries(values).filter(
      ([name, value]) => value !== undefined && !isDefault(name, value),
    ),
  );
}

/** What to ask the server for to have every default of a new experiment filled in. */
export function bareDraft(form: Records["ExperimentForm"]): Draft {
  const architecture = form.architectures[0]?.name ?? "";
  return {
    split: form.split,
    task: form.task,
    architecture: { name: architecture },
    // Whether weights can be had is asked once the form stands, where the answer can be shown.
    weights: "none",
  };
}

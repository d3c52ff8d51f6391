import { Alert, Radio, Stack, Text, TextInput } from "@mantine/core";
import type { Records } from "../api/client";
import { Refusal } from "../api/client";
import type { JsonSchema, Values } from "../state/draft";
import { useFormWords } from "../state/queries";
import {
  fieldOf,
  fieldsOf,
  PARTS,
  SOURCES,
  type Source,
  type SplitDraft,
} from "../state/split-draft";
import { sentence } from "../state/wording";
import { FormSection } from "./form-section";
import { GiveField } from "./give-field";
import { More } from "./more";
import { Refused } from "./refused";
import { SchemaForm } from "./schema-form";
import { useSteadyFocus } from "./steady-focus";

/** The plan's fields by where they stand; one that is named nowhere comes last, under "More". */
const SHOWN = {
  shares: PARTS,
  parts: ["stratify"],
  moreOfParts: ["folds", "seed", "stratify_by", "where"],
  together: ["near_duplicates", "series"],
  moreOfTogether: ["group_by", "group_pattern", "large_groups", "allow_leaks"],
  chosenAsSource: ["own_partitions", "from_file", "give"],
} as const;

interface SplitFormProps {
  form: Records["SplitForm"];
  draft: SplitDraft;
  onChange: (draft: SplitDraft) => void;
  error: Error | null;
  /** What the split will be called if it is given no name. */
  madeUpName: string;
}

/** Everything of a new split but its dataset, derived from the declaration of plans. */
export function SplitForm({ form, draft, onChange, error, madeUpName }: SplitFormProps) {
  const schema = form.plan as JsonSchema;
  const field = error instanceof Refusal ? fieldOf(error, draft) : undefined;
  const inWords = useFormWords();
  const said = error ? sentence(inWords(error.message)) : "";
  const refusedAt = (name: string) => (field === name ? said : undefined);
  const set = (changed: Partial<SplitDraft>) => onChange({ ...draft, ...changed });
  const known: string[] = Object.values(SHOWN).flat();
  const others = Object.keys(schema.properties ?? {}).filter((name) => !known.includes(name));
  const moreOfTogether = [...SHOWN.moreOfTogether, ...others];

  const fields = (name: string, names: readonly string[]) => (
    <SchemaForm
      name={name}
      schema={explainedFor(form, fieldsOf(schema, names))}
      values={picked(draft.plan, names)}
      refused={field && names.includes(field) ? { [field]: said } : {}}
      onChange={(values) => {
        const plan = { ...draft.plan, ...picked(values, names) };
        // The form also tells of the defaults that it fills in: nobody has changed anything then.
        const isChanged = (name: string) =>
          JSON.stringify(given(schema, name, plan)) !==
          JSON.stringify(given(schema, name, draft.plan));
        if (names.some(isChanged)) set({ plan });
      }}
    />
  );
  const isNeeded = (names: readonly string[]) =>
    names.some((name) => name === field || isTold(schema, name, draft.plan));

  const steady = useSteadyFocus();
  return (
    <Stack ref={steady}>
      <FormSection title="Name" about={[]} error={null}>
        <TextInput
          aria-label="Name"
          description="Made up if empty"
          placeholder={madeUpName}
          value={draft.name}
          error={refusedAt("name")}
          onChange={({ currentTarget }) => set({ name: currentTarget.value })}
        />
      </FormSection>

      <FormSection title="Parts" about={[]} error={null}>
        <Radio.Group
          label="How items come into the parts"
          value={draft.source}
          error={refusedAt("own_partitions")}
          onChange={(source) => set({ source: source as Source })}
        >
          <Stack gap="sm" pt="xs">
            {SOURCES.map((source) => (
              <Radio
                key={source}
                value={source}
                disabled={source === "own_partitions" && !hasPartitions(form)}
                label={titleOf(source, schema)}
                description={explainedSource(source, form)}
              />
            ))}
          </Stack>
        </Radio.Group>
        {draft.source === "from_file" && (
          <TextInput
            label="Path of the list"
            description={sentence(String(schema.properties?.from_file?.description))}
            placeholder="/data/lists"
            value={String(draft.plan.from_file ?? "")}
            error={refusedAt("from_file")}
            onChange={({ currentTarget }) =>
              set({ plan: { ...draft.plan, from_file: currentTarget.value } })
            }
          />
        )}
        {draft.source === "give" && (
          <GiveField
            gifts={draft.gifts}
            folders={[...form.folders]}
            refused={refusedAt("give")}
            onChange={(gifts) => set({ gifts })}
          />
        )}
        {fields("shares", SHOWN.shares)}
        <Sum plan={draft.plan} schema={schema} source={draft.source} />
        {fields("parts", SHOWN.parts)}
        <More of="the parts" needed={isNeeded(SHOWN.moreOfParts)}>
          {fields("more-of-parts", SHOWN.moreOfParts)}
        </More>
      </FormSection>

      <FormSection title="Kept together" about={[]} error={null}>
        <Text size="sm" c="dimmed">
          What belongs together stays in one part, or the figures would flatter the model. Images
          with the same content always do.
        </Text>
        {fields("together", SHOWN.together)}
        <More of="what is kept together" needed={isNeeded(moreOfTogether)}>
          {fields("more-of-together", moreOfTogether)}
        </More>
      </FormSection>
      {error && (field === undefined || !isShown(field, schema, draft.source)) && (
        <Refused error={error} title="Not created" />
      )}
    </Stack>
  );
}

const titleOf = (source: Source, schema: JsonSchema) =>
  source === "drawn" ? "At random" : String(schema.properties?.[source]?.title);

function explainedSource(source: Source, form: Records["SplitForm"]): string {
  switch (source) {
    case "drawn":
      return "Drawn by the percentages; the same seed gives the same split.";
    case "own_partitions":
      return hasPartitions(form)
        ? `${numbered(form.partitions)}. Only what came in no part is drawn.`
        : "The files came in no parts: neither labels, nor a column, nor a folder names them.";
    case "from_file":
      return "A table or text lists name the part of every item.";
    case "give":
      return "Parts get what you name, such as a whole site or hospital; the rest is drawn.";
  }
}

const hasPartitions = ({ partitions }: Records["SplitForm"]) => Object.keys(partitions).length > 0;

const numbered = (counts: Record<string, number>) =>
  Object.entries(counts)
    .map(([part, items]) => `${sentence(part)} ${items.toLocaleString()}`)
    .join(", ");

/** Say of some fields what only the dataset can tell. */
function explainedFor(form: Records["SplitForm"], schema: JsonSchema): JsonSchema {
  const images = form.items.toLocaleString();
  const said: Record<string, string> = {
    where: `; its fields are ${form.fields.join(", ")}`,
    near_duplicates: !form.is_inspected
      ? "; but the images were not looked into yet, so none are known"
      : form.is_compared
        ? "; the images were compared already"
        : `; the images of ${images} items are compared first, which may take a while`,
  };
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    { ...property, description: `${property.description ?? ""}${said[name] ?? ""}` },
  ]);
  return { ...schema, properties: Object.fromEntries(properties) };
}

const picked = (values: Values, names: readonly string[]): Values =>
  Object.fromEntries(names.filter((name) => name in values).map((name) => [name, values[name]]));

const given = (schema: JsonSchema, name: string, plan: Values) =>
  plan[name] ?? schema.properties?.[name]?.default;

/** Whether a field was given a value other than its default. */
function isTold(schema: JsonSchema, name: string, plan: Values): boolean {
  const standard = schema.properties?.[name]?.default;
  return JSON.stringify(given(schema, name, plan)) !== JSON.stringify(standard);
}

function isShown(field: string, schema: JsonSchema, source: Source): boolean {
  if (field === "from_file" || field === "give" || field === "own_partitions")
    return field === source;
  return field === "name" || field in (schema.properties ?? {});
}

interface SumProps {
  plan: Values;
  schema: JsonSchema;
  source: Source;
}

/** What the percentages add up to, and what they are of. */
function Sum({ plan, schema, source }: SumProps) {
  const sum = PARTS.reduce((total, part) => total + Number(given(schema, part, plan)), 0);
  if (Math.abs(sum - 100) > 1e-9)
    return (
      <Alert color="red" p="xs">
        The parts add up to {Number(sum.toPrecision(6))} %: together they have to make 100 %.
      </Alert>
    );
  if (source === "drawn") return null;
  return (
    <Text size="sm" c="dimmed">
      The percentages are of what is left to be drawn.
    </Text>
  );
}

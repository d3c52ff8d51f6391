import { Button, Group, Loader, Select, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Records, Refusal } from "../api/client";
import { ExperimentForm } from "../forms/experiment-form";
import { FormSection } from "../forms/form-section";
import { Refused } from "../forms/refused";
import { bareDraft, type Draft, sectionOf, sent } from "../state/draft";
import { experiment, experimentForm, splitList, useRun, validation } from "../state/queries";
import { LinkAnchor } from "./links";
import { PageTitle } from "./page-title";

const TYPING_MS = 400;

/** A new experiment: on a split, or from an earlier experiment. */
export function NewExperimentPage() {
  const { split: asked, from } = useSearch({ from: "/new" });
  const navigate = useNavigate();
  const splits = useQuery(splitList);
  const earlier = useQuery({ ...experiment(from ?? ""), enabled: from !== undefined });
  const split = asked ?? earlier.data?.split ?? "";
  const form = useQuery(experimentForm(split));
  const bare = form.data && bareDraft(form.data);
  const defaults = useQuery({
    ...validation(bare ?? EMPTY),
    enabled: bare !== undefined && from === undefined,
  });
  const start = from === undefined ? defaults.data : earlier.data?.specification;
  const error = splits.error ?? earlier.error ?? form.error ?? defaults.error;
  return (
    <Stack>
      <PageTitle>New experiment</PageTitle>
      <FormSection title="Data" about={[]} error={null}>
        <Select
          label="Split"
          placeholder="Choose a split"
          data={splits.data?.map(({ name }) => name) ?? []}
          value={split || null}
          allowDeselect={false}
          searchable
          onChange={(name) => name && navigate({ to: "/new", search: { split: name } })}
        />
        {splits.data?.length === 0 && (
          <Text size="sm">
            There is no split yet:{" "}
            <LinkAnchor to="/splits" inherit>
              create one
            </LinkAnchor>{" "}
            first.
          </Text>
        )}
        {form.data && <Text size="sm">Task: {form.data.task.replaceAll("_", " ")}</Text>}
      </FormSection>
      <Refused error={error} />
      {split && !error && !start && <Loader aria-label="Loading" />}
      {form.data && start && (
        <Editor
          key={`${split} ${from}`}
          form={form.data}
          start={{
            ...(start as Draft),
            name: "",
            split,
            ...(from === undefined && { weights: undefined }),
          }}
        />
      )}
    </Stack>
  );
}

const EMPTY: Draft = { split: "", task: "", architecture: { name: "" } };

function Editor({ form, start }: { form: Records["ExperimentForm"]; start: Draft }) {
  const [draft, setDraft] = useState(start);
  const navigate = useNavigate();
  const run = useRun();
  const specification = sent(draft, form);
  const [settled] = useDebouncedValue(specification, TYPING_MS);
  const checked = useQuery({ ...validation(settled), placeholderData: keepPreviousData });
  const error = run.error ?? checked.error;
  return (
    <Stack>
      <ExperimentForm
        form={form}
        draft={draft}
        error={error}
        madeUpName={checked.data?.name}
        onChange={(changed) => {
          run.reset();
          setDraft(changed);
        }}
      />
      {error && !(error instanceof Refusal && sectionOf(error) !== "run") && (
        <Refused error={error} />
      )}
      <Group>
        <Button
          size="md"
          loading={run.isPending}
          onClick={() =>
            run.mutate(specification, {
              onSuccess: ({ name }) => navigate({ to: "/experiments/$name", params: { name } }),
            })
          }
        >
          Run
        </Button>
        {error && (
          <Text size="sm" c="red">
            Something above is refused: it is said where.
          </Text>
        )}
      </Group>
    </Stack>
  );
}

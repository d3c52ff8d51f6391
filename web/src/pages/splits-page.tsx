import { Button, Group, Loader, Paper, Select, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Records } from "../api/client";
import { Refused } from "../forms/refused";
import { SplitForm } from "../forms/split-form";
import { datasetList, split, splitForm, splitList, useCreateSplit } from "../state/queries";
import { draftOf, madeUpName, splitRequest } from "../state/split-draft";
import { JobsProgress } from "./job-progress";
import { LinkAnchor, LinkButton } from "./links";
import { Listing } from "./listing";
import { PageTitle } from "./page-title";

const KINDS = ["split"] as const;

/** The splits: list, create, start an experiment on one. */
export function SplitsPage() {
  const { from, dataset } = useSearch({ from: "/splits" });
  const splits = useQuery(splitList);
  const earlier = useQuery({ ...split(from ?? ""), enabled: from !== undefined });
  return (
    <Stack>
      <PageTitle>Splits</PageTitle>
      <Listing
        query={splits}
        columns={["Name", "Dataset", "Task", "Train", "Validation", "Test", "How", ""]}
        empty="No split yet: create one below."
        row={({ name, dataset, task, counts, strategy, seed }) => (
          <Table.Tr key={name}>
            <Table.Td>
              <LinkAnchor to="/splits/$name" params={{ name }} size="sm">
                {name}
              </LinkAnchor>
            </Table.Td>
            <Table.Td>{dataset}</Table.Td>
            <Table.Td>{task.replaceAll("_", " ")}</Table.Td>
            <Table.Td>{counts.train?.toLocaleString()}</Table.Td>
            <Table.Td>{counts.validation?.toLocaleString()}</Table.Td>
            <Table.Td>{counts.test?.toLocaleString()}</Table.Td>
            <Table.Td>{seed === null ? strategy : `${strategy}, seed ${seed}`}</Table.Td>
            <Table.Td>
              <LinkButton to="/new" search={{ split: name }} size="compact-sm" variant="default">
                New experiment
              </LinkButton>
            </Table.Td>
          </Table.Tr>
        )}
      />
      <Refused error={earlier.error} />
      {(from === undefined || earlier.data) && (
        <NewSplit key={`${from} ${dataset}`} earlier={earlier.data} of={dataset} />
      )}
    </Stack>
  );
}

interface NewSplitProps {
  earlier: Records["SplitRecord"] | undefined;
  /** The dataset that was asked for. */
  of: string | undefined;
}

/** A new split, of a dataset or by the plan of an earlier split. */
function NewSplit({ earlier, of }: NewSplitProps) {
  const datasets = useQuery(datasetList);
  const splits = useQuery(splitList);
  const creating = useCreateSplit();
  const navigate = useNavigate();
  const [chosen, setDataset] = useState(earlier?.dataset ?? of);
  const [draft, setDraft] = useState(() => draftOf(earlier?.plan ?? {}));
  const dataset = chosen ?? datasets.data?.[0]?.name ?? "";
  const form = useQuery(splitForm(dataset));
  const made = madeUpName(dataset, splits.data?.map(({ name }) => name) ?? []);
  return (
    <Paper withBorder p={{ base: "sm", sm: "md" }} component="section" aria-label="Create a split">
      <Stack>
        <Title order={2} size="h4">
          Create a split
        </Title>
        <Select
          label="Dataset"
          data={datasets.data?.map(({ name }) => name) ?? []}
          value={dataset || null}
          allowDeselect={false}
          searchable
          onChange={(name) => {
            creating.reset();
            if (name) setDataset(name);
          }}
        />
        {datasets.data?.length === 0 && (
          <Text size="sm">
            There is no dataset yet:{" "}
            <LinkAnchor to="/datasets" inherit>
              import one
            </LinkAnchor>{" "}
            first.
          </Text>
        )}
        <Refused error={datasets.error ?? form.error} />
        {form.isLoading && <Loader aria-label="Loading" />}
        {form.data && (
          <SplitForm
            key={dataset}
            form={form.data}
            draft={draft}
            error={creating.error}
            madeUpName={made}
            onChange={(changed) => {
              creating.reset();
              setDraft(changed);
            }}
          />
        )}
        <JobsProgress kinds={KINDS} expected={creating.isPending} />
        <Group>
          <Button
            size="md"
            loading={creating.isPending}
            disabled={!form.data}
            onClick={() =>
              creating.mutate(splitRequest(draft, dataset, made), {
                onSuccess: ([first]) =>
                  first && navigate({ to: "/splits/$name", params: { name: first.name } }),
              })
            }
          >
            Create
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}

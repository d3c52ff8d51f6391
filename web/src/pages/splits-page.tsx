import {
  Alert,
  Button,
  Checkbox,
  Group,
  NumberInput,
  Paper,
  Select,
  SimpleGrid,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Records } from "../api/client";
import { Refused } from "../forms/refused";
import { datasetList, splitList, useCreateSplit } from "../state/queries";
import { LinkButton } from "./links";
import { Listing } from "./listing";

/** The splits: list, create, start an experiment on one. */
export function SplitsPage() {
  const splits = useQuery(splitList);
  return (
    <Stack>
      <Title order={2}>Splits</Title>
      <Listing
        query={splits}
        columns={["Name", "Dataset", "Task", "Train", "Validation", "Test", "How", ""]}
        empty="No split yet: create one below."
        row={({ name, dataset, task, counts, strategy, seed }) => (
          <Table.Tr key={name}>
            <Table.Td>{name}</Table.Td>
            <Table.Td>{dataset}</Table.Td>
            <Table.Td>{task}</Table.Td>
            <Table.Td>{counts.train}</Table.Td>
            <Table.Td>{counts.validation}</Table.Td>
            <Table.Td>{counts.test}</Table.Td>
            <Table.Td>{seed === null ? strategy : `${strategy}, seed ${seed}`}</Table.Td>
            <Table.Td>
              <LinkButton to="/new" search={{ split: name }} size="compact-sm" variant="default">
                New experiment
              </LinkButton>
            </Table.Td>
          </Table.Tr>
        )}
      />
      <SplitForm />
    </Stack>
  );
}

/** What is to be known of a split that was just made: what was grouped, and what its parts share. */
function Noted({
  report: { notes = [], leaks = [], checked = [] },
}: {
  report: Records["SplitReport"];
}) {
  return (
    <>
      {notes.map((note) => (
        <Text key={note} size="sm">
          {note}
        </Text>
      ))}
      {leaks.map(({ kind, parts, groups, examples }) => (
        <Alert key={kind} color="red" title={`${parts.join(" and ")} share: ${kind}`}>
          {groups} groups are divided, such as {examples[0]}
        </Alert>
      ))}
      {leaks.length === 0 && (
        <Text size="sm">The parts share nothing: looked for {checked.join(", ")}.</Text>
      )}
    </>
  );
}

function SplitForm() {
  const datasets = useQuery(datasetList);
  const creating = useCreateSplit();
  const [chosen, setDataset] = useState<string | null>(null);
  const [groupBy, setGroupBy] = useState<string | null>(null);
  const dataset = datasets.data?.find(({ name }) => name === chosen) ?? datasets.data?.[0];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const number = (name: string) => Number(given.get(name));
    creating.mutate({
      dataset: dataset?.name ?? "",
      name: String(given.get("name")).trim(),
      train: number("train"),
      validation: number("validation"),
      test: number("test"),
      seed: number("seed"),
      group_by: groupBy === null ? [] : [groupBy],
      where: String(given.get("where")),
      stratify: given.has("stratify"),
      series: given.has("series"),
      near_duplicates: given.has("near_duplicates"),
      from_file: String(given.get("from_file")).trim() || null,
    });
  };
  return (
    <Paper withBorder p="md" component="form" onSubmit={submit}>
      <Stack>
        <Title order={3} size="h4">
          Create a split
        </Title>
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          <Select
            label="Dataset"
            data={datasets.data?.map(({ name }) => name) ?? []}
            value={dataset?.name ?? null}
            allowDeselect={false}
            onChange={(name) => {
              setDataset(name);
              setGroupBy(null);
            }}
            required
          />
          <TextInput name="name" label="Name" required />
          <NumberInput name="seed" label="Seed" defaultValue={0} allowDecimal={false} required />
          <NumberInput name="train" label="Train, %" defaultValue={70} min={0} max={100} required />
          <NumberInput
            name="validation"
            label="Validation, %"
            defaultValue={10}
            min={0}
            max={100}
            required
          />
          <NumberInput name="test" label="Test, %" defaultValue={20} min={0} max={100} required />
          <Select
            label="Keep together"
            description="Items with equal values in this column stay in one part"
            data={dataset ? [...dataset.columns] : []}
            value={groupBy}
            onChange={setGroupBy}
            disabled={!dataset?.columns.length}
            clearable
          />
          <TextInput
            name="from_file"
            label="From a file"
            description="A table with the columns item and part, instead of percentages"
          />
          <TextInput
            name="where"
            label="Only items with"
            description="Such as class=cat and status!=SKIPPED; all if empty"
          />
          <Checkbox
            name="stratify"
            label="Stratify"
            description="Keep the shares of classes or values in each part"
          />
          <Checkbox
            name="near_duplicates"
            label="Keep near-duplicates together"
            description="Images are compared first, which may take a while"
            defaultChecked
          />
          <Checkbox
            name="series"
            label="Keep series of file names together"
            description="Unless a column says what belongs together"
            defaultChecked
          />
        </SimpleGrid>
        <Group>
          <Button type="submit" loading={creating.isPending} disabled={!dataset}>
            Create
          </Button>
        </Group>
        <Refused error={creating.error} title="Not created" />
        {creating.data?.report && <Noted report={creating.data.report} />}
      </Stack>
    </Paper>
  );
}

import {
  Alert,
  Button,
  Group,
  MultiSelect,
  Paper,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Records } from "../api/client";
import { type Chosen, ImportFields } from "../forms/import-fields";
import { Refused } from "../forms/refused";
import { datasetList, useCheckSource, useImport, useJoin } from "../state/queries";
import { CheckReport } from "./check-report";
import { JobsProgress } from "./job-progress";
import { LinkAnchor } from "./links";
import { Listing } from "./listing";
import { PageTitle } from "./page-title";

const IMPORTS = ["import", "check"] as const;
const JOINS = ["join"] as const;

/** The datasets: list, import, join. */
export function DatasetsPage() {
  const datasets = useQuery(datasetList);
  return (
    <Stack>
      <PageTitle>Datasets</PageTitle>
      <Listing
        query={datasets}
        columns={["Name", "Task", "Items", "Classes or values", "Format", "Read from"]}
        empty="No dataset yet: import one below."
        row={(dataset) => (
          <Table.Tr key={dataset.name}>
            <Table.Td>
              <LinkAnchor to="/datasets/$name" params={{ name: dataset.name }} size="sm">
                {dataset.name}
              </LinkAnchor>
            </Table.Td>
            <Table.Td>{dataset.task.replaceAll("_", " ")}</Table.Td>
            <Table.Td>{dataset.items.toLocaleString()}</Table.Td>
            <Table.Td>
              <Text size="sm" lineClamp={2}>
                {dataset.classes.length
                  ? dataset.classes
                      .map((name) => `${name} (${dataset.class_counts[name] ?? 0})`)
                      .join(", ")
                  : dataset.target_names.join(", ")}
              </Text>
            </Table.Td>
            <Table.Td>{dataset.format}</Table.Td>
            <Table.Td style={{ overflowWrap: "anywhere" }}>{dataset.root}</Table.Td>
          </Table.Tr>
        )}
      />
      <ImportForm />
      {datasets.data && datasets.data.length > 1 && <JoinForm datasets={datasets.data} />}
    </Stack>
  );
}

/** What the form says, as the server reads it. */
function sourceOf(form: HTMLFormElement, chosen: Chosen): Records["DatasetSource"] {
  const given = new FormData(form);
  const text = (name: string) => String(given.get(name) ?? "").trim();
  const names = (field: string) =>
    text(field)
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean);
  return {
    ...chosen,
    path: text("path"),
    image_columns: names("image_columns"),
    target_columns: names("target_columns"),
    tag_separator: text("tag_separator") || null,
    sheets: names("sheets"),
    class_table: text("class_table") || null,
    follow_links: given.has("follow_links"),
  };
}

function ImportForm() {
  const importing = useImport();
  const checking = useCheckSource();
  const [chosen, setChosen] = useState<Chosen>({ task: null, format: null });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    checking.reset();
    const given = new FormData(event.currentTarget);
    importing.mutate({
      ...sourceOf(event.currentTarget, chosen),
      name: String(given.get("name") ?? "").trim(),
      drop_faulty: given.has("drop_faulty"),
      strict: given.has("strict"),
      copy_files: given.has("copy_files"),
    });
  };
  const check = (form: HTMLFormElement | null) => {
    const path = form?.elements.namedItem("path");
    if (!form || !(path instanceof HTMLInputElement) || !path.reportValidity()) return;
    importing.reset();
    checking.mutate(sourceOf(form, chosen));
  };
  return (
    <Paper withBorder p={{ base: "sm", sm: "md" }} component="form" onSubmit={submit}>
      <Stack>
        <Title order={2} size="h4">
          Import a dataset
        </Title>
        <ImportFields chosen={chosen} onChange={setChosen} />
        <Group>
          <Button type="submit" loading={importing.isPending} disabled={checking.isPending}>
            Import
          </Button>
          <Button
            variant="default"
            loading={checking.isPending}
            disabled={importing.isPending}
            onClick={({ currentTarget }) => check(currentTarget.form)}
          >
            Check
          </Button>
          <Text size="sm" c="dimmed">
            “Check” says all that an import would find, and imports nothing.
          </Text>
        </Group>
        <JobsProgress kinds={IMPORTS} expected={importing.isPending || checking.isPending} />
        <Refused error={importing.error} title="Not imported" />
        <Refused error={checking.error} title="The check was not possible" />
        {importing.data && <Imported imported={importing.data} />}
        {checking.data && (
          <CheckReport report={checking.data} title={`Not imported: ${checking.variables.path}`} />
        )}
      </Stack>
    </Paper>
  );
}

function Imported({ imported: { dataset, report } }: { imported: Records["ImportedDataset"] }) {
  const { name, items } = dataset;
  return (
    <>
      <Alert color="green" role="status">
        Imported {items.toLocaleString()} {items === 1 ? "item" : "items"} as{" "}
        <LinkAnchor to="/datasets/$name" params={{ name }} inherit>
          {name}
        </LinkAnchor>
        .
      </Alert>
      <CheckReport report={report} dataset={name} />
    </>
  );
}

function JoinForm({ datasets }: { datasets: Records["DatasetRecord"][] }) {
  const joining = useJoin();
  const [parts, setParts] = useState<string[]>([]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    joining.mutate({ parts, name });
  };
  const joined = joining.data;
  return (
    <Paper
      withBorder
      p={{ base: "sm", sm: "md" }}
      component="form"
      aria-label="Join datasets"
      onSubmit={submit}
    >
      <Stack>
        <Title order={2} size="h4">
          Join datasets
        </Title>
        <Text size="sm" c="dimmed">
          One dataset of several: no file is copied, classes of one name become one, and the column
          “dataset” says where an item comes from, so that a split can give a whole one to a part.
          After they changed, join them again under the same name.
        </Text>
        <MultiSelect
          label="Datasets"
          description="Two or more, for the same task"
          data={datasets.map(({ name }) => name)}
          value={parts}
          onChange={setParts}
          searchable
          clearable
        />
        <TextInput
          name="name"
          label="Name of the joined one"
          description="How it is called from now on"
          required
        />
        <Group>
          <Button type="submit" loading={joining.isPending}>
            Join
          </Button>
        </Group>
        <JobsProgress kinds={JOINS} expected={joining.isPending} />
        <Refused error={joining.error} title="Not joined" />
        {joined && (
          <Alert color="green" role="status">
            Joined as{" "}
            <LinkAnchor to="/datasets/$name" params={{ name: joined.name }} inherit>
              {joined.name}
            </LinkAnchor>
            : {joined.items.toLocaleString()} items
            {joined.classes.length > 0 && `, ${joined.classes.length.toLocaleString()} classes`}.
          </Alert>
        )}
      </Stack>
    </Paper>
  );
}

import {
  Alert,
  Anchor,
  Button,
  Checkbox,
  Group,
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
import { datasetList, taskList, useCheck, useFormWords, useImport } from "../state/queries";
import { JobsProgress } from "./job-progress";
import { Listing } from "./listing";

const IMPORTS = ["import"] as const;
const CHECKS = ["check"] as const;

/** The datasets: list, import, check. */
export function DatasetsPage() {
  const datasets = useQuery(datasetList);
  const check = useCheck();
  return (
    <Stack>
      <Title order={2}>Datasets</Title>
      <Listing
        query={datasets}
        columns={["Name", "Task", "Items", "Classes or values", "Format", "Read from", ""]}
        empty="No dataset yet: import one below."
        row={(dataset) => (
          <Table.Tr key={dataset.name}>
            <Table.Td>{dataset.name}</Table.Td>
            <Table.Td>{dataset.task}</Table.Td>
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
            <Table.Td>{dataset.root}</Table.Td>
            <Table.Td>
              <Button
                size="compact-sm"
                variant="default"
                loading={check.isPending && check.variables === dataset.name}
                onClick={() => check.mutate(dataset.name)}
              >
                Check
              </Button>
            </Table.Td>
          </Table.Tr>
        )}
      />
      <JobsProgress kinds={CHECKS} expected={check.isPending} />
      <Refused error={check.error} title="The check was not possible" />
      {check.data && <Report report={check.data} />}
      <ImportForm />
    </Stack>
  );
}

function ImportForm() {
  const tasks = useQuery(taskList);
  const importing = useImport();
  const [task, setTask] = useState<string | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const text = (name: string) => String(given.get(name) ?? "").trim();
    const names = (field: string) =>
      text(field)
        .split(",")
        .map((name) => name.trim())
        .filter(Boolean);
    importing.mutate({
      path: text("path"),
      name: text("name"),
      task,
      image_columns: names("image_columns"),
      class_table: text("class_table") || null,
      target_columns: names("target_columns"),
      tag_separator: text("tag_separator") || null,
      sheets: names("sheets"),
      format: text("format") || null,
      follow_links: given.has("follow_links"),
      drop_faulty: given.has("drop_faulty"),
    });
  };
  return (
    <Paper withBorder p="md" component="form" onSubmit={submit}>
      <Stack>
        <Title order={3} size="h4">
          Import a dataset
        </Title>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput
            name="path"
            label="Path"
            description="A folder or a table (CSV, Parquet, XLSX) on the machine that serves this page; it is only read"
            required
          />
          <TextInput name="name" label="Name" description="How it is called from now on" required />
          <Select
            label="Task"
            description="Where the files allow several; seen from them if empty"
            data={tasks.data?.map(({ name, title }) => ({ value: name, label: title })) ?? []}
            value={task}
            onChange={setTask}
            clearable
          />
          <TextInput
            name="format"
            label="Format"
            description="How the labels stand on disk, such as coco or yolo; recognised if empty"
          />
          <TextInput
            name="image_columns"
            label="Image columns"
            description="Of a table, separated by commas; seen from it if empty"
          />
          <TextInput
            name="target_columns"
            label="Label columns"
            description="Of a table, separated by commas; seen from it if empty"
          />
          <TextInput
            name="tag_separator"
            label="Tag separator"
            description="Of a table: what divides the tags in a cell; seen from it if empty"
          />
          <TextInput
            name="sheets"
            label="Sheets"
            description="Of a spreadsheet, separated by commas; seen from it if empty"
          />
          <TextInput
            name="class_table"
            label="Class table"
            description="Of masks: the path of a table of pixel value and class name"
          />
        </SimpleGrid>
        <Checkbox
          name="drop_faulty"
          label="Leave out items that cannot be used"
          description="Otherwise they are listed and nothing is imported"
        />
        <Checkbox
          name="follow_links"
          label="Follow links out of the folder"
          description="Otherwise what they point to is listed and not read"
        />
        <Group>
          <Button type="submit" loading={importing.isPending}>
            Import
          </Button>
        </Group>
        <JobsProgress kinds={IMPORTS} expected={importing.isPending} />
        <Refused error={importing.error} title="Not imported" />
        {importing.data && <Report report={importing.data.report} />}
      </Stack>
    </Paper>
  );
}

function Report({ report }: { report: Records["CheckReport"] }) {
  const { dataset, items, findings } = report;
  const inWords = useFormWords();
  return (
    <Alert
      color={findings.length ? "yellow" : "green"}
      title={`${dataset}: ${items.toLocaleString()} items looked at; findings: ${findings.length || "none"}`}
    >
      {findings.length > 0 && (
        <Anchor
          size="sm"
          target="_blank"
          href={`/api/datasets/${encodeURIComponent(dataset)}/check-page`}
        >
          The same with the images in question
        </Anchor>
      )}
      {findings.length > 0 && (
        <Table.ScrollContainer minWidth={480}>
          <Table>
            <Table.Tbody>
              {findings.map((finding) => (
                <Table.Tr
                  key={`${finding.kind} ${finding.file} ${finding.line} ${finding.message}`}
                >
                  <Table.Td>{finding.severity}</Table.Td>
                  <Table.Td>
                    {finding.file}
                    {finding.line ? `, line ${finding.line}` : ""}
                  </Table.Td>
                  <Table.Td>{inWords(finding.message)}</Table.Td>
                  <Table.Td>{finding.decision}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Alert>
  );
}

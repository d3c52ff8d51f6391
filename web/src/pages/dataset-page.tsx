import { Button, Group, Loader, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { Records } from "../api/client";
import { Refused } from "../forms/refused";
import { dataset, datasetStatistics, importReport, useCheck, useInspect } from "../state/queries";
import { figure } from "../state/wording";
import { CheckReport } from "./check-report";
import { JobsProgress } from "./job-progress";
import { LinkButton } from "./links";
import { PageTitle } from "./page-title";

const WORK = ["check", "import"] as const;

/** One dataset: what it holds, what its import found, and what a check finds now. */
export function DatasetPage() {
  const { name } = useParams({ from: "/datasets/$name" });
  const { data: record, error } = useQuery(dataset(name));
  const statistics = useQuery(datasetStatistics(name));
  const check = useCheck();
  const inspect = useInspect();
  if (error) return <Refused error={error} />;
  if (!record) return <Loader aria-label="Loading" />;
  return (
    <Stack>
      <Group justify="space-between">
        <PageTitle>{name}</PageTitle>
        <Group gap="xs">
          <LinkButton to="/splits" search={{ dataset: name }}>
            New split
          </LinkButton>
          <Button
            variant="default"
            loading={check.isPending}
            disabled={inspect.isPending}
            onClick={() => check.mutate(name)}
          >
            Check
          </Button>
          <Button
            variant="default"
            loading={inspect.isPending}
            disabled={check.isPending}
            onClick={() => inspect.mutate(name, { onSuccess: () => check.reset() })}
          >
            Inspect
          </Button>
          <Button
            component="a"
            variant="default"
            target="_blank"
            href={`/api/datasets/${encodeURIComponent(name)}/page`}
          >
            Figures and items
          </Button>
        </Group>
      </Group>
      <Text c="dimmed" style={{ overflowWrap: "anywhere" }}>
        {[
          `${record.items.toLocaleString()} items`,
          record.task.replaceAll("_", " "),
          `read as ${record.format}`,
          `from ${record.root}`,
          `revision ${record.revision_number}`,
          new Date(record.created).toLocaleString(),
        ].join(" · ")}
      </Text>
      <Text size="sm" c="dimmed">
        “Check” compares it with its files and looks for near-duplicates. “Inspect” imports it again
        from where it came and looks into every image that is new.
      </Text>
      <JobsProgress kinds={WORK} expected={check.isPending || inspect.isPending} />
      <Refused error={check.error} title="The check was not possible" />
      <Refused error={inspect.error} title="Not imported again" />
      {check.data ? (
        <CheckReport report={check.data} title={`${name}, checked now`} dataset={name} />
      ) : (
        <ImportReport name={name} />
      )}
      <Refused error={statistics.error} />
      {statistics.data && <Figures statistics={statistics.data} columns={record.columns} />}
    </Stack>
  );
}

function ImportReport({ name }: { name: string }) {
  const { data: report, error } = useQuery(importReport(name));
  if (error) return <Refused error={error} />;
  if (!report) return null;
  return <CheckReport report={report} title={`${name}, at its import`} dataset={name} />;
}

interface FiguresProps {
  statistics: Records["DatasetStatistics"];
  columns: readonly string[];
}

/** What the images and their labels are like. */
function Figures({ statistics, columns }: FiguresProps) {
  const { classes, objects, values } = statistics;
  return (
    <>
      <Title order={2} size="h4">
        Figures
      </Title>
      <Table.ScrollContainer minWidth={280}>
        <Table aria-label="Figures" variant="vertical">
          <Table.Tbody>
            {facts(statistics, columns).map(([what, said]) => (
              <Table.Tr key={what}>
                <Table.Th w="9rem">{what}</Table.Th>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{said}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {classes.length > 0 && (
        <Counted
          title="Classes"
          columns={["Class", "Images", ...(objects ? ["Objects"] : [])]}
          rows={classes.map((one) => [
            one.name,
            one.items.toLocaleString(),
            ...(objects ? [one.objects.toLocaleString()] : []),
          ])}
        />
      )}
      {values.length > 0 && (
        <Counted
          title="Values"
          columns={["Value", "Lowest", "Median", "Mean", "Highest"]}
          rows={values.map((one) => [
            one.name,
            ...[one.lowest, one.median, one.mean, one.highest].map(figure),
          ])}
        />
      )}
    </>
  );
}

function facts(statistics: Records["DatasetStatistics"], columns: readonly string[]) {
  const { items, objects, objects_per_item, object_sizes, partitions } = statistics;
  const [small = 0, medium = 0, large = 0] = object_sizes;
  const bare = objects_per_item["0"] ?? 0;
  const most = Math.max(0, ...Object.keys(objects_per_item).map(Number));
  const said: [string, string][] = [
    ["Image sizes", sizesOf(statistics)],
    [
      "Objects",
      objects
        ? `${objects.toLocaleString()}, ${figure(objects / items)} an image, at most ${most.toLocaleString()}; ` +
          `${bare.toLocaleString()} images have none`
        : "",
    ],
    [
      "Object sizes",
      objects
        ? `${small.toLocaleString()} below 32² pixels, ${medium.toLocaleString()} below 96², ` +
          `${large.toLocaleString()} larger`
        : "",
    ],
    [
      "Came in parts",
      Object.entries(partitions)
        .map(([part, count]) => `${part} ${count.toLocaleString()}`)
        .join(", "),
    ],
    ["Columns", columns.join(", ")],
  ];
  return said.filter(([, text]) => text);
}

function sizesOf({ sizes, distinct_sizes }: Records["DatasetStatistics"]): string {
  const [commonest] = sizes;
  if (!commonest) return "not known: no image was looked into yet";
  const { width, height, items } = commonest;
  const others = distinct_sizes - 1;
  const more =
    others > 0 ? ` and ${others.toLocaleString()} other ${others === 1 ? "size" : "sizes"}` : "";
  return `${width}×${height} pixels (${items.toLocaleString()} images)${more}`;
}

interface CountedProps {
  title: string;
  columns: string[];
  rows: string[][];
}

/** A table of names and numbers, which scrolls in itself where there are many. */
function Counted({ title, columns, rows }: CountedProps) {
  return (
    <>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Table.ScrollContainer minWidth={280} maxHeight={480}>
        <Table aria-label={title} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column, index) => (
                <Table.Th key={column} ta={index ? "right" : undefined}>
                  {column}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(([name, ...numbers]) => (
              <Table.Tr key={name}>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{name}</Table.Td>
                {numbers.map((number, index) => (
                  <Table.Td key={columns[index + 1]} ta="right">
                    {number}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

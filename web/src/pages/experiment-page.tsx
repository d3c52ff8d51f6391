import { Alert, Button, Group, Loader, Modal, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { Records } from "../api/client";
import { Refused } from "../forms/refused";
import { type LiveRun, useLive } from "../state/live";
import { experiment, isActive, useFormWords, useStop, useTest } from "../state/queries";
import { exact, figure, sentence } from "../state/wording";
import { ExperimentState } from "./experiment-state";
import { LinkButton } from "./links";
import { PageTitle } from "./page-title";
import { RunCurves } from "./run-curves";
import { RunProgress } from "./run-progress";

/** One experiment, live: how far it is, its curves, its figures, its verdicts. */
export function ExperimentPage() {
  const { name } = useParams({ from: "/experiments/$name" });
  const { data: record, error } = useQuery(experiment(name));
  const live = useLive(name);
  if (error) return <Refused error={error} />;
  if (!record) return <Loader aria-label="Loading" />;
  return (
    <Stack>
      <Head record={record} />
      {record.runs.map((run) => (
        <RunStatus
          key={run.id}
          run={run}
          live={live.find((one) => one.run === run.id)}
          several={record.runs.length > 1}
        />
      ))}
      {record.state === "queued" && <Text c="dimmed">Waiting for the worker to take it up.</Text>}
      <RunCurves runs={record.runs} live={live} />
      <BestFigures runs={record.runs} />
    </Stack>
  );
}

function Head({ record }: { record: Records["ExperimentRecord"] }) {
  const stop = useStop();
  const losses = Object.entries(record.losses).map(([slot, loss]) => `${slot}: ${loss}`);
  return (
    <>
      <Group justify="space-between">
        <Group>
          <PageTitle>{record.name}</PageTitle>
          <ExperimentState state={record.state} />
        </Group>
        <Group>
          <LinkButton to="/new" search={{ from: record.name }} variant="default">
            New from this
          </LinkButton>
          {isActive(record) ? (
            <Button
              color="red"
              variant="light"
              loading={stop.isPending}
              onClick={() => stop.mutate(record.name)}
            >
              Stop
            </Button>
          ) : (
            <TestPart record={record} />
          )}
        </Group>
      </Group>
      <Text c="dimmed">
        {[record.split, record.architecture, record.backbone, ...losses]
          .filter(Boolean)
          .join(" · ")}
      </Text>
      {(record.leaks ?? []).map((leak) => (
        <Alert
          key={leak}
          color="red"
          title="A leak of the split: the figures may flatter the model"
        >
          {sentence(leak)}
        </Alert>
      ))}
      <Refused error={stop.error} />
    </>
  );
}

function TestPart({ record: { name, test_openings } }: { record: Records["ExperimentRecord"] }) {
  const test = useTest();
  const [opened, { open, close }] = useDisclosure();
  const report = test.data;
  return (
    <>
      <Button variant="default" onClick={open}>
        Open the test part{test_openings > 0 && ` (opened ${test_openings}×)`}
      </Button>
      <Modal opened={opened} onClose={close} title="The sealed test part" size="lg">
        <Stack>
          <Text size="sm">
            It is for the end: whoever chooses by it has no unseen images left. Each opening is
            counted and shown.
          </Text>
          <Refused error={test.error} />
          {report ? (
            <>
              <Text size="sm">Opened {report.opened}×.</Text>
              <FigureTable columns={Object.entries(report.runs)} />
            </>
          ) : (
            <Group>
              <Button loading={test.isPending} onClick={() => test.mutate(name)}>
                Open it
              </Button>
            </Group>
          )}
        </Stack>
      </Modal>
    </>
  );
}

interface RunStatusProps {
  run: Records["RunRecord"];
  live: LiveRun | undefined;
  several: boolean;
}

function RunStatus({ run, live, several }: RunStatusProps) {
  const inWords = useFormWords();
  return (
    <>
      {run.state === "running" && (
        <RunProgress title={several ? `Seed ${run.seed}` : "Training"} live={live} />
      )}
      {run.message && (
        <Alert
          color={run.state === "failed" ? "red" : "blue"}
          title={several ? `Seed ${run.seed}` : undefined}
        >
          {sentence(inWords(run.message))}
        </Alert>
      )}
      {live?.notices.map(({ level, message }) => (
        <Alert
          key={message}
          color={level === "warning" ? "yellow" : "blue"}
          title={several ? `Seed ${run.seed}` : undefined}
        >
          {sentence(inWords(message))}
        </Alert>
      ))}
    </>
  );
}

function BestFigures({ runs }: { runs: Records["RunRecord"][] }) {
  const shown = runs.filter(({ figures }) => Object.keys(figures).length > 0);
  if (!shown.length) return null;
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        Figures at the best epoch
      </Title>
      <FigureTable
        columns={shown.map(({ seed, best_epoch, figures }) => [
          `Seed ${seed}, epoch ${best_epoch ?? "–"}`,
          figures,
        ])}
      />
    </Stack>
  );
}

function FigureTable({ columns }: { columns: [string, Record<string, number | null>][] }) {
  const series = [...new Set(columns.flatMap(([, figures]) => Object.keys(figures)))];
  return (
    <Table.ScrollContainer minWidth={320}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Series</Table.Th>
            {columns.map(([title]) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {series.map((one) => (
            <Table.Tr key={one}>
              <Table.Td>{one}</Table.Td>
              {columns.map(([title, figures]) => (
                <Table.Td key={title} title={exact(figures[one])}>
                  {figure(figures[one])}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

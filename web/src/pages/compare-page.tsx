import { Group, Loader, Paper, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Records } from "../api/client";
import { MeasureChart } from "../charts/measure-chart";
import { Refused } from "../forms/refused";
import { comparison, experimentSeries } from "../state/queries";
import { overlaid, seriesOf } from "../state/series";
import { exact, figure } from "../state/wording";
import { LinkAnchor } from "./links";
import { PageTitle } from "./page-title";

const NAMES: string[] = [];

/** Losses of different kinds cannot be compared: a metric is shown beside them. */
const isMetric = (series: string) =>
  /^validation\/[^/]+$/.test(series) && series !== "validation/loss";

/** Experiments side by side: what differs, the curves over each other, the figures. */
export function ComparePage() {
  const { experiments = NAMES, series: asked } = useSearch({ from: "/compare" });
  const navigate = useNavigate();
  const compared = useQuery(comparison(experiments));
  const series = useQueries({ queries: experiments.map(experimentSeries) });
  const runs = Object.fromEntries(
    experiments.map((name, index) => [name, series[index]?.data ?? []]),
  );
  const known = seriesOf(Object.values(runs).flat());
  const shown = asked ?? ["validation/loss", ...known.filter(isMetric).slice(0, 1)];
  if (experiments.length < 2)
    return (
      <Stack>
        <PageTitle>Comparison</PageTitle>
        <Text>
          Choose two or more in the <LinkAnchor to="/experiments">list of experiments</LinkAnchor>{" "}
          to compare them.
        </Text>
      </Stack>
    );
  return (
    <Stack>
      <PageTitle>Comparison</PageTitle>
      <Group>
        {experiments.map((name) => (
          <LinkAnchor key={name} to="/experiments/$name" params={{ name }}>
            {name}
          </LinkAnchor>
        ))}
      </Group>
      <Refused error={compared.error} />
      {compared.isLoading && <Loader aria-label="Loading" />}
      {compared.data && <Differing comparison={compared.data} />}
      <SimpleGrid cols={{ base: 1, lg: shown.length }}>
        {shown.map((one, index) => (
          <MeasureChart
            key={one}
            title={index === 0 ? "Curves" : "More curves"}
            measures={known}
            measure={one}
            onMeasure={(chosen) =>
              navigate({
                to: "/compare",
                search: { experiments, series: shown.with(index, chosen) },
                replace: true,
              })
            }
            lines={overlaid(runs, one)}
          />
        ))}
      </SimpleGrid>
      {compared.data && <Figures comparison={compared.data} />}
    </Stack>
  );
}

function Differing({
  comparison: { experiments, differing },
}: {
  comparison: Records["Comparison"];
}) {
  const rows = Object.entries(differing);
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h5" mb="xs">
        What differs
      </Title>
      {rows.length === 0 && <Text size="sm">Their specifications are the same.</Text>}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={480}>
          <Table>
            <Head first="Field" experiments={experiments} />
            <Table.Tbody>
              {rows.map(([field, values]) => (
                <Table.Tr key={field}>
                  <Table.Th>{field}</Table.Th>
                  {experiments.map((name, index) => (
                    <Table.Td key={name}>{values[index]}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Paper>
  );
}

function Figures({
  comparison: { experiments, runs, figures },
}: {
  comparison: Records["Comparison"];
}) {
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h5">
        Figures at each run's best epoch
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        Mean over the seeds ± standard deviation; the difference is to {experiments[0]}, with its 95
        % interval.
      </Text>
      <Table.ScrollContainer minWidth={560}>
        <Table>
          <Head
            first="Series"
            experiments={experiments.map((name, index) => `${name} (runs: ${runs[index] ?? 0})`)}
          />
          <Table.Tbody>
            {figures.map((one) => (
              <Table.Tr key={one.series}>
                <Table.Th>{one.series}</Table.Th>
                {experiments.map((name, index) => (
                  <Table.Td key={name} title={exact(one.means[index])}>
                    <Compared figures={one} index={index} />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function Compared({ figures, index }: { figures: Records["ComparedSeries"]; index: number }) {
  const { means, spreads, differences, intervals, verdicts } = figures;
  const [spread, difference, interval] = [spreads[index], differences[index], intervals[index]];
  return (
    <>
      <Text size="sm">
        {figure(means[index])}
        {typeof spread === "number" && ` ± ${figure(spread)}`}
      </Text>
      {index > 0 && (
        <Text size="xs" c="dimmed">
          {typeof difference === "number" && `${difference > 0 ? "+" : ""}${figure(difference)} `}
          {interval && `[${interval.map(figure).join(", ")}] `}
          {verdicts[index]}
        </Text>
      )}
    </>
  );
}

function Head({ first, experiments }: { first: string; experiments: readonly string[] }) {
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th>{first}</Table.Th>
        {experiments.map((name) => (
          <Table.Th key={name}>{name}</Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}

import { Group, SegmentedControl, SimpleGrid, Stack, Table } from "@mantine/core";
import { useState } from "react";
import type { Records } from "../api/client";
import { MeasureChart } from "../charts/measure-chart";
import type { LiveRun } from "../state/live";
import { type Line, linesOf, measuresOf, pointsOf } from "../state/series";
import { exact, figure } from "../state/wording";

interface RunCurvesProps {
  runs: Records["RunRecord"][];
  live: LiveRun[];
}

/** The curves of an experiment: the loss, and beside it any other measure. */
export function RunCurves({ runs, live }: RunCurvesProps) {
  const [seed, setSeed] = useState("all");
  const [first, setFirst] = useState("loss");
  const [second, setSecond] = useState<string>();
  const told = live.map((one) => ({
    seed: runs.find(({ id }) => id === one.run)?.seed ?? 0,
    points: pointsOf(one),
  }));
  const measures = measuresOf(told);
  if (!measures.length) return null;
  const beside = second ?? measures.find((one) => one !== "loss" && !one.includes("/")) ?? "loss";
  const shown = told.filter((one) => seed === "all" || String(one.seed) === seed);
  const seeds = told.map((one) => String(one.seed));
  const loss = linesOf(shown, first);
  return (
    <Stack>
      {seeds.length > 1 && (
        <Group>
          <SegmentedControl
            aria-label="Which runs are shown"
            value={seed}
            onChange={setSeed}
            data={[
              { value: "all", label: "All seeds" },
              ...seeds.map((one) => ({ value: one, label: `Seed ${one}` })),
            ]}
          />
        </Group>
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <MeasureChart
          title="Loss"
          measures={measures}
          measure={first}
          onMeasure={setFirst}
          lines={loss}
        />
        <MeasureChart
          title="Metrics"
          measures={measures}
          measure={beside}
          onMeasure={setSecond}
          lines={linesOf(shown, beside)}
        />
      </SimpleGrid>
      <Newest lines={loss} measure={first} />
    </Stack>
  );
}

/** The newest figures to the digit, for those who do not point at curves. */
function Newest({ lines, measure }: { lines: Line[]; measure: string }) {
  const names = [...new Set(lines.map(({ name }) => name))];
  const seeds = [...new Set(lines.map(({ seed }) => seed))];
  return (
    <Table.ScrollContainer minWidth={400}>
      <Table aria-label={`Newest ${measure}`}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Newest {measure}</Table.Th>
            <Table.Th>Epoch</Table.Th>
            {names.map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {seeds.map((seed) => {
            const newest = names.map((name) =>
              lines.find((line) => line.seed === seed && line.name === name)?.points.at(-1),
            );
            return (
              <Table.Tr key={seed}>
                <Table.Td>Seed {seed}</Table.Td>
                <Table.Td>{newest.find((point) => point)?.[0]}</Table.Td>
                {names.map((name, index) => (
                  <Table.Td key={name} title={exact(newest[index]?.[1])}>
                    {figure(newest[index]?.[1])}
                  </Table.Td>
                ))}
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

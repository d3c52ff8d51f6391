import { Group, Paper, Progress, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { LiveRun } from "../state/live";
import { duration, figure } from "../state/wording";

/** How far a running run is, how fast, and how long it will take. */
export function RunProgress({ title, live }: { title: string; live: LiveRun | undefined }) {
  const progress = live?.progress;
  if (!progress)
    return (
      <Text c="dimmed">
        {title}: {live?.started ? "starting" : "loading the model and the data"} …
      </Text>
    );
  const patience = live.epochs.at(-1)?.patience_left;
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Text fw={600}>
          {title}: epoch {progress.epoch} of {progress.epochs}, {progress.stage}
        </Text>
        <Progress
          aria-label={`${title}: ${progress.stage} of epoch ${progress.epoch}`}
          value={(100 * progress.images) / Math.max(progress.images_total, 1)}
        />
        <Group gap="xl">
          <Fact name="Running loss">{figure(progress.running_loss)}</Fact>
          <Fact name="Images/s">{figure(progress.images_per_second)}</Fact>
          <Fact name="Waiting for data">{Math.round(100 * progress.waiting_share)} %</Fact>
          <Fact name="Time left">{progress.eta_s === null ? "–" : duration(progress.eta_s)}</Fact>
          {typeof patience === "number" && <Fact name="Patience left">{patience} epochs</Fact>}
          {live.started && <Fact name="Device">{live.started.device}</Fact>}
        </Group>
      </Stack>
    </Paper>
  );
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <Text size="xs" c="dimmed">
      {name}
    </Text>
    <Text size="sm">{children}</Text>
  </div>
);

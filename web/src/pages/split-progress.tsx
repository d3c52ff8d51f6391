import { Alert, Group, Loader, Progress, Stack, Text } from "@mantine/core";
import type { Records } from "../api/client";

/** A split that is being made: what is done for it now, and how far that is. */
export function SplitProgress({ split }: { split: Records["SplitInMaking"] }) {
  const { name, dataset, stage, done = 0, total = 0 } = split;
  return (
    <Alert color="blue" title={`${name} of ${dataset} is being made`}>
      <Stack gap="xs">
        <Group gap="xs">
          <Loader size="xs" aria-hidden />
          <Text size="sm">
            {stage
              ? `${stage}: ${done.toLocaleString()} of ${total.toLocaleString()}`
              : "Reading the dataset"}
          </Text>
        </Group>
        {total > 0 && (
          <Progress value={(100 * done) / total} aria-label={`How far ${name} is`} animated />
        )}
        <Text size="sm" c="dimmed">
          You can leave this page: it will be in the list when it is made.
        </Text>
      </Stack>
    </Alert>
  );
}

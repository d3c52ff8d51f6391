import { Alert, Button, Group, Loader, Progress, Stack, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Records } from "../api/client";
import { Refused } from "../forms/refused";
import { jobList, useCancel } from "../state/queries";

type Job = Records["JobRecord"];

const TITLE: Record<Job["kind"], (job: Job) => string> = {
  import: ({ name }) => `${name} is being imported`,
  join: ({ name }) => `${name} is being joined`,
  check: ({ name }) => `${name} is being checked`,
  split: ({ name, dataset }) => `${name} of ${dataset} is being made`,
};

interface JobsProgressProps {
  kinds: readonly Job["kind"][];
  /** Whether one was just asked for. */
  expected: boolean;
}

/** The long work of some kinds that is going on, whoever asked for it. */
export function JobsProgress({ kinds, expected }: JobsProgressProps) {
  const queries = useQueryClient();
  const { data = [] } = useQuery(jobList(expected));
  const before = useRef(0);
  useEffect(() => {
    // As one ends, what it has made is listed.
    if (data.length < before.current) void queries.invalidateQueries();
    before.current = data.length;
  }, [data.length, queries]);
  const shown = data.filter(({ kind }) => kinds.includes(kind));
  return shown.map((job) => <JobProgress key={job.number} job={job} />);
}

/** What is done for it now, and how far that is. */
function JobProgress({ job }: { job: Job }) {
  const { number, kind, name, stage = "", done = 0, total = 0, cancelled } = job;
  const cancel = useCancel();
  return (
    <Alert color="blue" role="group" title={TITLE[kind](job)}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Loader size="xs" aria-hidden />
            <Text size="sm">
              {cancelled ? "It ends at its next step" : said(stage, done, total)}
            </Text>
          </Group>
          <Button
            size="compact-sm"
            flex="none"
            variant="default"
            loading={cancel.isPending}
            disabled={cancelled}
            aria-label={`Cancel ${name}`}
            onClick={() => cancel.mutate(number)}
          >
            Cancel
          </Button>
        </Group>
        {total > 0 && (
          <Progress
            value={(100 * done) / total}
            aria-label={`How far ${name} is`}
            animated={!cancelled}
          />
        )}
        {kind !== "check" && (
          <Text size="sm" c="dimmed">
            You can leave this page: it will be in the list when it is made.
          </Text>
        )}
        <Refused error={cancel.error} />
      </Stack>
    </Alert>
  );
}

function said(stage: string, done: number, total: number): string {
  if (!stage) return "Reading the dataset";
  return total > 0 ? `${stage}: ${done.toLocaleString()} of ${total.toLocaleString()}` : stage;
}

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Records } from "../api/client";
import { type LiveEvent, listen } from "../api/events";

/** What one run has told so far. */
export interface LiveRun {
  run: string;
  started?: Records["RunStarted"];
  progress?: Records["Progress"];
  epochs: Records["EpochFinished"][];
  notices: Records["Notice"][];
  finished?: Records["RunFinished"];
}

const SILENCE_MS = 100;

/** Follow an experiment's runs as they happen. */
export function useLive(experiment: string): LiveRun[] {
  const [runs, setRuns] = useState<LiveRun[]>([]);
  const queries = useQueryClient();
  useEffect(() => {
    setRuns([]);
    // All that happened before comes at once: it is drawn together, not event by event.
    let waiting: LiveEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      const heard = waiting;
      waiting = [];
      timer = undefined;
      setRuns((before) => heard.reduce(told, before));
    };
    const refresh = () => queries.invalidateQueries({ queryKey: ["experiments"] });
    const close = listen(
      experiment,
      (event) => {
        waiting.push(event);
        timer ??= setTimeout(draw, SILENCE_MS);
        if (event.event.kind === "run_finished") refresh();
      },
      refresh,
    );
    return () => {
      clearTimeout(timer);
      close();
    };
  }, [experiment, queries]);
  return runs;
}

/** Return the runs as they stand after one more event. */
export function told(runs: LiveRun[], { run, event }: LiveEvent): LiveRun[] {
  const known = runs.find((one) => one.run === run);
  const before: LiveRun = known ?? { run, epochs: [], notices: [] };
  const after = changed(before, event);
  return known ? runs.map((one) => (one === known ? after : one)) : [...runs, after];
}

function changed(run: LiveRun, event: LiveEvent["event"]): LiveRun {
  switch (event.kind) {
    case "run_started": // a run that is taken up again starts anew
      return { run: run.run, started: event, epochs: [], notices: [] };
    case "progress":
      return { ...run, progress: event };
    case "epoch_finished":
      return { ...run, epochs: [...run.epochs, event] };
    case "notice":
      return { ...run, notices: [...run.notices, event] };
    case "run_finished":
      return { ...run, finished: event, progress: undefined };
  }
}

import { Badge } from "@mantine/core";
import type { Records } from "../api/client";

type State = Records["ExperimentRecord"]["state"];

const COLOURS: Record<State, string> = {
  queued: "gray",
  running: "blue",
  finished: "green",
  stopped_early: "teal",
  interrupted: "yellow",
  failed: "red",
};

/** How far an experiment or a run is. */
export const ExperimentState = ({ state }: { state: State }) => (
  <Badge color={COLOURS[state]} variant="light" miw="max-content">
    {state.replace("_", " ")}
  </Badge>
);

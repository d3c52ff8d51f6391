import { Alert } from "@mantine/core";
import { Refusal } from "../api/client";
import { sentence } from "../state/wording";

interface RefusedProps {
  error: Error | null | undefined;
  title?: string;
  /** The sentence, where it is worded for the place. */
  said?: string;
}

/** What the server refused; what the user has cancelled is no failure. */
export function Refused({ error, title, said }: RefusedProps) {
  if (!error) return null;
  const isCancelled = error instanceof Refusal && error.record.code === "job.cancelled";
  return (
    <Alert
      color={isCancelled ? "gray" : "red"}
      title={isCancelled ? "Cancelled" : title}
      role={isCancelled ? "status" : "alert"}
    >
      {said ?? sentence(error.message)}
    </Alert>
  );
}

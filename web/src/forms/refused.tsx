import { Alert } from "@mantine/core";
import { Refusal } from "../api/client";
import { useFormWords } from "../state/queries";
import { refusal } from "../state/wording";

interface RefusedProps {
  error: Error | null | undefined;
  title?: string;
}

/** What the server refused; what the user has cancelled is no failure. */
export function Refused({ error, title }: RefusedProps) {
  const inWords = useFormWords();
  if (!error) return null;
  const named = error instanceof Refusal ? error.record.arguments : {};
  const isCancelled = error instanceof Refusal && error.record.code === "job.cancelled";
  return (
    <Alert
      color={isCancelled ? "gray" : "red"}
      title={isCancelled ? "Cancelled" : title}
      role={isCancelled ? "status" : "alert"}
    >
      {refusal(inWords(error.message), named)}
    </Alert>
  );
}

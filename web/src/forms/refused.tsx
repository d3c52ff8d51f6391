import { Alert } from "@mantine/core";
import { sentence } from "../state/wording";

/** What the server refused, in its own words. */
export function Refused({ error, title }: { error: Error | null | undefined; title?: string }) {
  if (!error) return null;
  return (
    <Alert color="red" title={title} role="alert">
      {sentence(error.message)}
    </Alert>
  );
}

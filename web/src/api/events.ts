import type { Records } from "./client";

export type LiveEvent = Records["LiveEvent"];

/** Listen to an experiment until it is over; the browser reconnects where it was cut off. */
export function listen(
  experiment: string,
  heard: (event: LiveEvent) => void,
  over: () => void,
): () => void {
  const source = new EventSource(`/api/experiments/${encodeURIComponent(experiment)}/events`);
  source.onmessage = (message: MessageEvent<string>) => heard(JSON.parse(message.data));
  source.addEventListener("over", () => {
    source.close();
    over();
  });
  return () => source.close();
}

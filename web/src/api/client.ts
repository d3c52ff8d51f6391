import createClient from "openapi-fetch";
import type { Readable } from "openapi-typescript-helpers";
import type { components, paths } from "./schema";

/** The records of the server, generated from its OpenAPI description. */
export type Records = Readable<components["schemas"]>;

export const client = createClient<paths>({ baseUrl: window.location.origin });

/** What the server refused: a code for programs, a sentence for people. */
export class Refusal extends Error {
  constructor(readonly record: Records["FailureRecord"]) {
    super(record.message);
  }
}

/** Wait for an answer, and throw a `Refusal` where there is none. */
export async function answered<Data>(
  request: Promise<{ data?: Data; error?: Records["FailureRecord"]; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await request.catch((reason: unknown) => {
    throw unanswered(`The server does not answer (${String(reason)}). Is it still running?`);
  });
  if (data !== undefined) return data;
  throw error && typeof error === "object" && "code" in error
    ? new Refusal(error)
    : unanswered(`The server failed with status ${response.status}. Its log says why.`);
}

function unanswered(message: string): Refusal {
  return new Refusal({ code: "server.failed", message, arguments: {} });
}

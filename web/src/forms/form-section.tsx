import { Fieldset, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { Refusal } from "../api/client";
import { type Section, sectionOf } from "../state/draft";
import { Refused } from "./refused";

interface FormSectionProps {
  title: string;
  /** What this section is about: a refusal about one of these is shown in it. */
  about: Section[];
  error: Error | null;
  children: ReactNode;
}

/** A section of the form, with what the server says about it. */
export function FormSection({ title, about, error, children }: FormSectionProps) {
  const mine = error instanceof Refusal && about.includes(sectionOf(error));
  return (
    <Fieldset legend={title}>
      <Stack>
        {children}
        {mine && <Refused error={error} />}
      </Stack>
    </Fieldset>
  );
}

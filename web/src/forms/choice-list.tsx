import { Box, Checkbox, Stack } from "@mantine/core";
import type { Records } from "../api/client";
import type { Choice } from "../state/draft";
import { SchemaForm } from "./schema-form";

interface ChoiceListProps {
  choices: Records["ChoiceRecord"][];
  value: Choice[];
  onChange: (chosen: Choice[]) => void;
}

/** Any number of things chosen by name, each with its parameters once it is chosen. */
export function ChoiceList({ choices, value, onChange }: ChoiceListProps) {
  const chosenOf = (name: string) => value.find((one) => one.name === name);
  const set = (name: string, choice: Choice | undefined) =>
    onChange(
      choices.flatMap((one) => (one.name === name ? (choice ?? []) : (chosenOf(one.name) ?? []))),
    );
  return (
    <Stack>
      {choices.map(({ name, title, summary, parameters }) => {
        const chosen = chosenOf(name);
        return (
          <Box key={name}>
            <Checkbox
              label={title}
              description={summary}
              checked={chosen !== undefined}
              onChange={({ currentTarget }) =>
                set(name, currentTarget.checked ? { name, parameters: {} } : undefined)
              }
            />
            {chosen && (
              <Box pl="xl" pt="xs">
                <SchemaForm
                  name={name}
                  schema={parameters}
                  values={chosen.parameters ?? {}}
                  onChange={(values) => set(name, { name, parameters: values })}
                />
              </Box>
            )}
          </Box>
        );
      })}
    </Stack>
  );
}

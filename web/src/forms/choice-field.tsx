import { Select, Stack, Text } from "@mantine/core";
import type { Records } from "../api/client";
import type { Choice } from "../state/draft";
import { SchemaForm } from "./schema-form";

interface ChoiceFieldProps {
  label: string;
  choices: Records["ChoiceRecord"][];
  value: Choice;
  onChange: (choice: Choice) => void;
}

/** One thing chosen by name, with its explanation and its parameters. */
export function ChoiceField({ label, choices, value, onChange }: ChoiceFieldProps) {
  const chosen = choices.find(({ name }) => name === value.name);
  return (
    <Stack gap="xs">
      <Select
        label={label}
        data={choices.map(({ name, title }) => ({ value: name, label: title }))}
        value={value.name}
        allowDeselect={false}
        searchable
        onChange={(name) => name && onChange({ name, parameters: {} })}
      />
      {chosen && (
        <>
          <Text size="sm" c="dimmed">
            {chosen.summary}
          </Text>
          <SchemaForm
            key={chosen.name}
            name={`${label}-${chosen.name}`}
            schema={chosen.parameters}
            values={value.parameters ?? {}}
            onChange={(parameters) => onChange({ name: chosen.name, parameters })}
          />
        </>
      )}
    </Stack>
  );
}

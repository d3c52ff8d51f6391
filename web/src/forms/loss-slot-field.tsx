import { Button, Group, Stack, Text, Title } from "@mantine/core";
import type { Records } from "../api/client";
import type { LossTerm } from "../state/draft";
import { LossAdvice } from "./loss-advice";
import { LossTermField } from "./loss-term-field";

interface LossSlotFieldProps {
  choices: Records["SlotChoices"];
  terms: LossTerm[];
  onChange: (terms: LossTerm[]) => void;
  /** What the data speak for; it takes the server a moment to measure them. */
  advice?: Records["LossAdvice"];
}

/** The loss of one slot: one loss, or a weighted sum of several. */
export function LossSlotField({ choices, terms, onChange, advice }: LossSlotFieldProps) {
  const { slot, gives, losses } = choices;
  const another = losses.find(({ state }) => state === "valid");
  return (
    <Stack gap="sm">
      <div>
        <Title order={2} size="h4">
          Slot “{slot}”
        </Title>
        <Text size="sm" c="dimmed">
          The data give {gives}.
        </Text>
      </div>
      {advice && (
        <LossAdvice
          advice={advice}
          slot={slot}
          onChoose={(loss) => onChange([{ ...loss, weight: 1 }])}
        />
      )}
      {terms.map((term, index) => (
        <LossTermField
          key={index}
          label={terms.length > 1 ? `Loss ${index + 1} of “${slot}”` : `Loss of “${slot}”`}
          losses={losses}
          term={term}
          onChange={(changed) => onChange(terms.with(index, changed))}
          onRemove={terms.length > 1 ? () => onChange(terms.toSpliced(index, 1)) : undefined}
        />
      ))}
      {another && (
        <Group>
          <Button
            variant="default"
            onClick={() => onChange([...terms, { loss: another.name, weight: 1, parameters: {} }])}
          >
            Add a loss to the sum
          </Button>
        </Group>
      )}
    </Stack>
  );
}

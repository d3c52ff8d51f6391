import { Button, Collapse, Group, List, Paper, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { Records } from "../api/client";
import { useFormWords } from "../state/queries";
import { sentence } from "../state/wording";

interface LossAdviceProps {
  advice: Records["LossAdvice"];
  slot: string;
  onChoose: (loss: { loss: string; parameters: Record<string, unknown> }) => void;
}

/** Which losses suit these data, and why; on demand, all that was measured. */
export function LossAdvice({ advice, slot: name, onChoose }: LossAdviceProps) {
  const [opened, { toggle }] = useDisclosure();
  const inWords = useFormWords();
  const slot = advice.slots.find(({ slot }) => slot === name);
  if (!slot) return null;
  const found = slot.measured.filter(({ state }) => state === "found");
  return (
    <Paper withBorder p="md" component="section" aria-label={`Advice for “${name}”`}>
      <Stack gap="xs">
        <Title order={3} size="h5">
          Advice for these data
        </Title>
        <Text size="sm">{inWords(slot.verdict)}</Text>
        <Measures measured={found} />
        {slot.losses.map(({ loss, name, title, parameters, reason }) => (
          <Group key={loss} gap="xs">
            <Button
              variant="default"
              size="compact-sm"
              flex="none"
              onClick={() => onChoose({ loss: name, parameters })}
            >
              {title}
            </Button>
            <Text size="sm" flex="1 1 16rem">
              {inWords(reason)}
            </Text>
          </Group>
        ))}
        {advice.evidence.map(({ experiments, split, finding }) => (
          <Text key={experiments.join()} size="sm">
            {finding} (split {split}: {experiments.join(" and ")})
          </Text>
        ))}
        <Text size="xs" c="dimmed">
          {inWords(advice.remark)}
        </Text>
        <Group>
          <Button variant="subtle" size="compact-sm" aria-expanded={opened} onClick={toggle}>
            {opened ? "Less" : "All that was measured"}
          </Button>
        </Group>
        <Collapse expanded={opened}>
          {opened && <Measures measured={slot.measured} thresholds />}
        </Collapse>
      </Stack>
    </Paper>
  );
}

interface MeasuresProps {
  measured: Records["MeasuredCircumstance"][];
  thresholds?: boolean;
}

function Measures({ measured, thresholds }: MeasuresProps) {
  const inWords = useFormWords();
  return (
    <List size="sm">
      {measured.map(({ name, state, said, threshold, files }) => (
        <List.Item key={name}>
          <b>{sentence(name)}</b>
          {thresholds && ` (${state})`}: {inWords(said)}
          {files && files.length > 0 && ` (${files.join(", ")})`}
          {thresholds && (
            <Text size="xs" c="dimmed">
              Counts {inWords(threshold)}.
            </Text>
          )}
        </List.Item>
      ))}
    </List>
  );
}

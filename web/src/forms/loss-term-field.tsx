import {
  Button,
  Group,
  NumberInput,
  Paper,
  Select,
  type SelectProps,
  Stack,
  Text,
} from "@mantine/core";
import { Fragment } from "react";
import type { Records } from "../api/client";
import type { LossTerm } from "../state/draft";
import { sentence } from "../state/wording";
import { LossExplained } from "./loss-explained";
import { SchemaForm } from "./schema-form";

type LossChoice = Records["LossChoice"];

const GROUPS: Record<LossChoice["state"], string> = {
  valid: "Valid",
  discouraged: "Discouraged",
  refused: "Refused",
};

interface LossTermFieldProps {
  label: string;
  losses: LossChoice[];
  term: LossTerm;
  onChange: (term: LossTerm) => void;
  /** Given where the loss is one of several in a weighted sum. */
  onRemove?: () => void;
}

/** One loss of a slot: chosen among all of them, explained, with its parameters. */
export function LossTermField({ label, losses, term, onChange, onRemove }: LossTermFieldProps) {
  const chosen = losses.find(({ name }) => name === term.loss);
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Group align="end" wrap="wrap">
          <Select
            label={label}
            flex="1 1 14rem"
            data={optionsOf(losses)}
            value={term.loss}
            allowDeselect={false}
            searchable
            maxDropdownHeight={420}
            styles={{ option: { opacity: 1 } }} // what is refused is to be read, too
            renderOption={(option) => <Option {...option} losses={losses} />}
            onChange={(loss) => loss && onChange({ loss, weight: term.weight, parameters: {} })}
          />
          {onRemove && (
            <>
              <NumberInput
                label="Weight in the sum"
                w="9rem"
                min={0}
                hideControls
                value={term.weight}
                onChange={(weight) => onChange({ ...term, weight: Number(weight) })}
              />
              <Button variant="default" onClick={onRemove}>
                Remove
              </Button>
            </>
          )}
        </Group>
        {chosen && (
          <Fragment key={chosen.name}>
            <LossExplained loss={chosen} />
            <SchemaForm
              name={`${label}-${chosen.name}`}
              schema={chosen.parameters}
              values={term.parameters ?? {}}
              onChange={(parameters) => onChange({ ...term, parameters })}
            />
          </Fragment>
        )}
      </Stack>
    </Paper>
  );
}

function Option({
  option,
  losses,
}: Parameters<NonNullable<SelectProps["renderOption"]>>[0] & { losses: LossChoice[] }) {
  const loss = losses.find(({ name }) => name === option.value);
  return (
    <div>
      <Text size="sm" c={option.disabled ? "dimmed" : undefined}>
        {option.label}
      </Text>
      <Text size="xs" c="dimmed">
        {loss && sentence(loss.reason || loss.summary)}
      </Text>
    </div>
  );
}

function optionsOf(losses: LossChoice[]) {
  return (Object.keys(GROUPS) as LossChoice["state"][]).map((state) => ({
    group: GROUPS[state],
    items: losses
      .filter((loss) => loss.state === state)
      .map(({ name, title }) => ({ value: name, label: title, disabled: state === "refused" })),
  }));
}

import {
  Autocomplete,
  Button,
  Group,
  NumberInput,
  Paper,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { EMPTY_GIFT, type Gift, PARTS } from "../state/split-draft";

const KINDS: Record<Gift["kind"], { label: string; what: string; placeholder: string }> = {
  folder: { label: "A folder", what: "Folder", placeholder: "site_b/" },
  list: {
    label: "The items of a list",
    what: "Path of a text file with an item a line",
    placeholder: "/data/names.txt",
  },
  condition: {
    label: "Items with …",
    what: "Condition",
    placeholder: "class=cat and width>=100",
  },
};

interface GiveFieldProps {
  gifts: Gift[];
  folders: string[];
  refused: string | undefined;
  onChange: (gifts: Gift[]) => void;
}

/** What is given to parts before the rest is drawn, a row for each. */
export function GiveField({ gifts, folders, refused, onChange }: GiveFieldProps) {
  const set = (row: number, changed: Partial<Gift>) =>
    onChange(gifts.map((gift, index) => (index === row ? { ...gift, ...changed } : gift)));
  return (
    <Stack gap="sm">
      {gifts.map(({ part, kind, what, share }, row) => (
        <Paper key={row} withBorder p="sm">
          <Group align="end" wrap="wrap" gap="sm">
            <Select
              label="Part"
              flex="1 1 8rem"
              data={PARTS}
              value={part}
              allowDeselect={false}
              onChange={(chosen) => set(row, { part: PARTS.find((one) => one === chosen) })}
            />
            <Select
              label="Gets"
              flex="1 1 11rem"
              data={Object.entries(KINDS).map(([value, { label }]) => ({ value, label }))}
              value={kind}
              allowDeselect={false}
              onChange={(chosen) => set(row, { kind: (chosen ?? kind) as Gift["kind"], what: "" })}
            />
            {kind === "folder" ? (
              <Autocomplete
                label={KINDS.folder.what}
                flex="4 1 14rem"
                placeholder={folders[0] ?? KINDS.folder.placeholder}
                data={folders}
                value={what}
                onChange={(changed) => set(row, { what: changed })}
              />
            ) : (
              <TextInput
                label={KINDS[kind].what}
                flex="4 1 14rem"
                placeholder={KINDS[kind].placeholder}
                value={what}
                onChange={({ currentTarget }) => set(row, { what: currentTarget.value })}
              />
            )}
            <NumberInput
              label="Of it, %"
              flex="0 1 6rem"
              min={0}
              max={100}
              hideControls
              value={share}
              onChange={(changed) => set(row, { share: changed === "" ? 100 : Number(changed) })}
            />
            {gifts.length > 1 && (
              <Button
                variant="default"
                aria-label={`Take back gift ${row + 1}`}
                onClick={() => onChange(gifts.toSpliced(row, 1))}
              >
                Take back
              </Button>
            )}
          </Group>
        </Paper>
      ))}
      {refused && (
        <Text size="sm" c="red" role="alert">
          {refused}
        </Text>
      )}
      <Text size="sm" c="dimmed">
        A part that is given something gets nothing else. Of a folder or a list that is given in
        part, the rest is left out of the split.
      </Text>
      <Group>
        <Button variant="default" onClick={() => onChange([...gifts, EMPTY_GIFT])}>
          Give more
        </Button>
      </Group>
    </Stack>
  );
}

import { Select, type SelectProps, Stack, Table, Text } from "@mantine/core";
import type { Records } from "../api/client";
import { useFormWords } from "../state/queries";
import { More } from "./more";

type Format = Records["FormatRecord"];

/** What is chosen where the format is to be recognised. */
const AUTO = "auto";

interface FormatFieldProps {
  formats: Format[];
  /** The name of one, or null: it is recognised. */
  value: string | null;
  onChange: (format: string | null) => void;
}

/** How the labels stand on disk: recognised, or one of the formats, as they declare themselves. */
export function FormatField({ formats, value, onChange }: FormatFieldProps) {
  const chosen = formats.find(({ name }) => name === value);
  return (
    <Stack gap="xs">
      <Select
        label="Format"
        description="How the labels stand on disk"
        data={[
          { value: AUTO, label: "Auto (recognised)" },
          ...formats.map(({ name, title }) => ({ value: name, label: `${title} (${name})` })),
        ]}
        value={value ?? AUTO}
        allowDeselect={false}
        searchable
        maxDropdownHeight={420}
        renderOption={(option) => <Option {...option} formats={formats} />}
        onChange={(name) => onChange(name === AUTO ? null : name)}
      />
      {chosen && <Explained key={chosen.name} format={chosen} />}
    </Stack>
  );
}

function Option({
  option,
  formats,
}: Parameters<NonNullable<SelectProps["renderOption"]>>[0] & { formats: Format[] }) {
  const inWords = useFormWords();
  const format = formats.find(({ name }) => name === option.value);
  return (
    <div>
      <Text size="sm">{option.label}</Text>
      <Text size="xs" c="dimmed">
        {format
          ? `${said(inWords, format.summary)} ${labelsOf(format)}`
          : "Recognised by the files; it is said by what."}
      </Text>
    </div>
  );
}

const labelsOf = ({ tasks }: Format) => `For ${tasks.join(", ").replaceAll("_", " ")}.`;

/** What the files of a format can say, and what becomes of it. */
function Explained({ format }: { format: Format }) {
  const inWords = useFormWords();
  return (
    <>
      <Text size="sm" c="dimmed">
        {said(inWords, format.summary)} {labelsOf(format)}
      </Text>
      <More of={format.title} needed={false}>
        <Table.ScrollContainer minWidth={280} maxHeight={320}>
          <Table aria-label={`What is read of ${format.title}`}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>In the files</Table.Th>
                <Table.Th>Read as</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {format.contents.map(({ what, read }) => (
                <Table.Tr key={what}>
                  <Table.Td>{said(inWords, what)}</Table.Td>
                  <Table.Td>{said(inWords, read)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </More>
    </>
  );
}

/** Of formats, options too stand in backticks, for their page is of Markdown. */
const said = (inWords: (text: string) => string, text: string) =>
  inWords(text.replaceAll(/`(--[^`]*)`/g, "$1")).replaceAll("`", "");

import { Checkbox, Select, SimpleGrid, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { formatList, taskList } from "../state/queries";
import { FormatField } from "./format-field";
import { Refused } from "./refused";

/** How the files are to be read, where this is chosen and not written. */
export interface Chosen {
  task: string | null;
  format: string | null;
}

/** What only some formats read, by the names of the import's fields. */
const OPTIONS = [
  {
    name: "image_columns",
    label: "Image columns",
    description: "Of a table, separated by commas; seen from it if empty",
  },
  {
    name: "target_columns",
    label: "Label columns",
    description: "Of a table, separated by commas; seen from it if empty",
  },
  {
    name: "tag_separator",
    label: "Tag separator",
    description: "Of a table: what divides the tags in a cell; seen from it if empty",
  },
  {
    name: "sheets",
    label: "Sheets",
    description: "Of a spreadsheet, separated by commas; seen from it if empty",
  },
  {
    name: "class_table",
    label: "Class table",
    description: "Of masks: the path of a table of pixel value and class name",
  },
] as const;

interface ImportFieldsProps {
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
}

/** The fields of an import: of a format that is chosen, only those that it reads. */
export function ImportFields({ chosen: { task, format }, onChange }: ImportFieldsProps) {
  const tasks = useQuery(taskList);
  const formats = useQuery(formatList);
  const read = formats.data?.find(({ name }) => name === format);
  const offered = tasks.data?.filter(({ name }) => read?.tasks.includes(name) ?? true) ?? [];
  return (
    <>
      <Refused error={tasks.error ?? formats.error} />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          name="path"
          label="Path"
          description="A folder or a table (CSV, Parquet, XLSX) on the machine that serves this page; it is only read"
          required
        />
        <TextInput name="name" label="Name" description="How it is called from now on" required />
        <FormatField
          formats={formats.data ?? []}
          value={format}
          onChange={(name) => {
            const next = formats.data?.find((one) => one.name === name);
            const isRead = task === null || (next?.tasks.includes(task) ?? true);
            onChange({ task: isRead ? task : null, format: name });
          }}
        />
        <Select
          label="Task"
          description="Where the files allow several; seen from them if empty"
          data={offered.map(({ name, title }) => ({ value: name, label: title }))}
          value={task}
          onChange={(name) => onChange({ task: name, format })}
          clearable
        />
        {OPTIONS.filter(({ name }) => read?.options.includes(name) ?? true).map((option) => (
          <TextInput key={option.name} {...option} />
        ))}
      </SimpleGrid>
      <Checkbox
        name="drop_faulty"
        label="Leave out items that cannot be used"
        description="Otherwise they are listed and nothing is imported"
      />
      <Checkbox
        name="strict"
        label="Take all or nothing"
        description="Nothing is imported if anything would be left out or clipped"
      />
      <Checkbox
        name="copy_files"
        label="Copy images and masks into the workspace"
        description="Otherwise they are read where they are, whenever they are needed"
      />
      <Checkbox
        name="follow_links"
        label="Follow links out of the folder"
        description="Otherwise what they point to is listed and not read"
      />
    </>
  );
}

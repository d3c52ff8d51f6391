import {
  Accordion,
  Alert,
  Anchor,
  Badge,
  Box,
  Button,
  Group,
  Pagination,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Records } from "../api/client";
import { byKind, type Finding, type FoundKind, having } from "../state/findings";
import { findingKinds, useFormWords } from "../state/queries";
import { sentence } from "../state/wording";

/** So many are on the page at once, however many there are. */
const SHOWN = 20;

const COLOURS: Record<Finding["severity"], string> = {
  error: "red",
  warning: "yellow",
  information: "blue",
};

interface CheckReportProps {
  report: Records["CheckReport"];
  /** What was looked at, if the report does not say. */
  title?: string;
  /** The dataset that can be looked at with its images; none is there where files were checked. */
  dataset?: string;
}

/** All that an import or a check found: by kind, each with every place, and as a file. */
export function CheckReport({ report, title = report.dataset, dataset }: CheckReportProps) {
  const inWords = useFormWords();
  const { items, findings } = report;
  const recognised = report.recognised && `${sentence(inWords(report.recognised))}.`;
  const images = `${items.toLocaleString()} ${items === 1 ? "item" : "items"} looked at`;
  if (findings.length === 0)
    return (
      <Alert color="green" title={title}>
        {images}: nothing to report. {recognised}
      </Alert>
    );
  return (
    <Stack gap="xs" component="section" aria-label={`What was found in ${title}`}>
      <Group justify="space-between">
        <Text fw={600} style={{ overflowWrap: "anywhere" }}>
          {title}: {images}, {findings.length.toLocaleString()}{" "}
          {findings.length === 1 ? "finding" : "findings"}
        </Text>
        <Group gap="xs">
          {dataset !== undefined && (
            <Anchor
              size="sm"
              target="_blank"
              href={`/api/datasets/${encodeURIComponent(dataset)}/check-page`}
            >
              The same with the images in question
            </Anchor>
          )}
          <Button size="compact-sm" variant="default" onClick={() => download(report, title)}>
            Download as JSON
          </Button>
        </Group>
      </Group>
      {recognised && (
        <Text size="sm" c="dimmed">
          {recognised}
        </Text>
      )}
      <Kinds findings={findings} />
    </Stack>
  );
}

function Kinds({ findings }: { findings: Finding[] }) {
  const [opened, setOpened] = useState<string[]>([]);
  const kinds = byKind(findings);
  const declared = useQuery(findingKinds);
  return (
    <Accordion
      multiple
      variant="contained"
      transitionDuration={0}
      value={opened}
      onChange={setOpened}
    >
      {kinds.map((found) => {
        const key = `${found.severity} ${found.kind}`;
        const said = declared.data?.find(({ name }) => name === found.kind);
        return (
          <Accordion.Item key={key} value={key}>
            <Accordion.Control>
              <Group gap="sm" wrap="nowrap">
                <Badge color={COLOURS[found.severity]} variant="light" flex="none" w="7.5rem">
                  {found.severity}
                </Badge>
                <Text size="sm">
                  {said?.title ?? sentence(found.kind.replaceAll("_", " "))} (
                  {found.findings.length.toLocaleString()}),{" "}
                  <Text span c="dimmed" inherit>
                    {found.decisions}
                  </Text>
                </Text>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              {opened.includes(key) && <Places found={found} said={said} />}
            </Accordion.Panel>
          </Accordion.Item>
        );
      })}
    </Accordion>
  );
}

interface PlacesProps {
  found: FoundKind;
  said: Records["FindingKindRecord"] | undefined;
}

/** Every place in which a kind was found, a page of them at once. */
function Places({ found, said }: PlacesProps) {
  const inWords = useFormWords();
  const [page, setPage] = useState(1);
  const [sought, setSought] = useState("");
  const fitting = having(found.findings, sought);
  const pages = Math.ceil(fitting.length / SHOWN);
  const shown = fitting.slice((page - 1) * SHOWN, page * SHOWN);
  return (
    <Stack gap="sm">
      {said?.explanation && (
        <Text size="sm">
          {inWords(said.explanation)} <b>What to do:</b> {inWords(said.remedy)}
        </Text>
      )}
      {found.findings.length > SHOWN && (
        <TextInput
          size="xs"
          maw="24rem"
          aria-label="Only files or messages with"
          placeholder="Only files or messages with …"
          value={sought}
          onChange={({ currentTarget }) => {
            setSought(currentTarget.value);
            setPage(1);
          }}
        />
      )}
      {fitting.length === 0 && <Text size="sm">None has “{sought}”.</Text>}
      {fitting.length > 0 && (
        <Table.ScrollContainer minWidth={640}>
          <Table aria-label={said?.title}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>File</Table.Th>
                <Table.Th ta="right">Line</Table.Th>
                <Table.Th>What was found</Table.Th>
                <Table.Th>Decided</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((finding, index) => (
                <Place key={`${page} ${index}`} finding={finding} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {pages > 1 && (
        <Group gap="sm">
          <Pagination
            size="sm"
            total={pages}
            value={page}
            onChange={setPage}
            getItemProps={(number) => ({ "aria-label": `Page ${number}` })}
            getControlProps={(control) => ({ "aria-label": `${sentence(control)} page` })}
            withEdges
          />
          <Text size="sm" c="dimmed">
            {((page - 1) * SHOWN + 1).toLocaleString()} to{" "}
            {((page - 1) * SHOWN + shown.length).toLocaleString()} of{" "}
            {fitting.length.toLocaleString()}
          </Text>
        </Group>
      )}
    </Stack>
  );
}

function Place({ finding: { file, line, message, decision, others = [] } }: { finding: Finding }) {
  const inWords = useFormWords();
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: "anywhere" }} miw="14rem">
        {file}
        {others.length > 0 && <Others files={others} />}
      </Table.Td>
      <Table.Td ta="right">{line?.toLocaleString()}</Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }} miw="12rem">
        {inWords(message)}
      </Table.Td>
      <Table.Td>{decision}</Table.Td>
    </Table.Tr>
  );
}

/** The further files that a finding is about: unfolded as one text, which thousands do not slow. */
function Others({ files }: { files: readonly string[] }) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Box>
        <Button
          size="compact-xs"
          variant="subtle"
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          {opened ? "Fewer" : `and ${files.length.toLocaleString()} more`}
        </Button>
      </Box>
      {opened && (
        <Box
          tabIndex={0}
          role="group"
          aria-label="Further files"
          mah="12rem"
          style={{ overflow: "auto", whiteSpace: "pre-line" }}
        >
          {files.join("\n")}
        </Box>
      )}
    </>
  );
}

/** Save a report as a file, as the command line prints it. */
function download(report: Records["CheckReport"], title: string) {
  const address = URL.createObjectURL(
    new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }),
  );
  const link = document.createElement("a");
  link.href = address;
  link.download = `${title.replace(/[^\p{L}\p{N}._-]+/gu, "-")}-check.json`;
  link.click();
  URL.revokeObjectURL(address);
}

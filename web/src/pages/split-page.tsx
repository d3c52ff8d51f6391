import {
  Alert,
  Anchor,
  Button,
  Group,
  Image,
  List,
  Loader,
  Stack,
  Table,
  Text,
  Title,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { Records } from "../api/client";
import { Refused } from "../forms/refused";
import { split, splitGroups, splitList, useFormWords } from "../state/queries";
import { PARTS, type Part } from "../state/split-draft";
import { sentence } from "../state/wording";
import { LinkAnchor, LinkButton } from "./links";
import { PageTitle } from "./page-title";

/** One split: what its parts hold, what they share, and what was kept together. */
export function SplitPage() {
  const { name } = useParams({ from: "/splits/$name" });
  const { data: record, error } = useQuery(split(name));
  const inWords = useFormWords();
  if (error) return <Refused error={error} />;
  if (!record) return <Loader aria-label="Loading" />;
  const { report } = record;
  return (
    <Stack>
      <Head record={record} />
      {report && <Leaks report={report} />}
      <Shares record={record} />
      {report?.notes && report.notes.length > 0 && (
        <Stack gap="xs">
          <Title order={2} size="h4">
            To be known
          </Title>
          <List size="sm" spacing="xs">
            {report.notes.map((note) => (
              <List.Item key={note}>{sentence(inWords(note))}.</List.Item>
            ))}
          </List>
        </Stack>
      )}
      <LargeGroups name={name} />
    </Stack>
  );
}

function Head({ record }: { record: Records["SplitRecord"] }) {
  const { name, dataset, task, strategy, seed, fold, plan, created } = record;
  return (
    <>
      <Group justify="space-between">
        <PageTitle>{name}</PageTitle>
        <Group gap="xs">
          <LinkButton to="/new" search={{ split: name }}>
            New experiment
          </LinkButton>
          {plan && (
            <LinkButton to="/splits" search={{ from: name }} variant="default">
              New from this
            </LinkButton>
          )}
          <Button
            component="a"
            href={`/api/splits/${encodeURIComponent(name)}/lists`}
            download
            variant="default"
          >
            Export as text lists
          </Button>
        </Group>
      </Group>
      <Text c="dimmed">
        {[
          dataset,
          task.replaceAll("_", " "),
          strategy,
          seed === null ? "" : `seed ${seed}`,
          plan?.where ? `only ${plan.where}` : "",
          new Date(created).toLocaleString(),
        ]
          .filter(Boolean)
          .join(" · ")}
      </Text>
      {fold && <Siblings name={name} fold={fold} />}
    </>
  );
}

/** The other folds of a plan, which were made together. */
function Siblings({ name, fold }: { name: string; fold: number }) {
  const splits = useQuery(splitList);
  const stem = name.slice(0, name.length - String(fold).length);
  const folds = splits.data?.filter((one) => one.fold && one.name === `${stem}${one.fold}`) ?? [];
  return (
    <Group gap="sm">
      <Text size="sm">Folds:</Text>
      {folds.map((one) =>
        one.name === name ? (
          <Text key={one.name} size="sm" fw={700}>
            {one.fold}
          </Text>
        ) : (
          <LinkAnchor key={one.name} to="/splits/$name" params={{ name: one.name }} size="sm">
            {one.fold}
          </LinkAnchor>
        ),
      )}
    </Group>
  );
}

function Leaks({ report: { leaks = [], checked = [] } }: { report: Records["SplitReport"] }) {
  if (leaks.length === 0)
    return (
      <Alert color="green" title="The parts share nothing">
        Looked for: {checked.join(", ")}.
      </Alert>
    );
  return leaks.map(({ kind, parts, groups, examples }) => (
    <Alert key={kind} color="red" title={`${sentence(parts.join(" and "))} share: ${kind}`}>
      <Text size="sm">
        {groups === 1 ? "1 group is" : `${groups.toLocaleString()} groups are`} divided; figures on
        this split may flatter the model.
      </Text>
      <List size="sm">
        {examples.map((example) => (
          <List.Item key={example} style={{ overflowWrap: "anywhere" }}>
            {example}
          </List.Item>
        ))}
      </List>
    </Alert>
  ));
}

/** How many items of each part have a class, and how far their share is from that of the whole. */
function Shares({ record: { counts, class_counts, report } }: { record: Records["SplitRecord"] }) {
  const ranges = report?.ranges ?? {};
  const isOfRanges = Object.keys(ranges).length > 0;
  const strata = isOfRanges ? ranges : class_counts;
  const parts = PARTS.filter((part) => (counts[part] ?? 0) > 0);
  const names = [...new Set(parts.flatMap((part) => Object.keys(strata[part] ?? {})))];
  const items = parts.reduce((total, part) => total + (counts[part] ?? 0), 0);
  const whole = (name: string) =>
    parts.reduce((total, part) => total + (strata[part]?.[name] ?? 0), 0);
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        Parts
      </Title>
      <Table.ScrollContainer minWidth={560}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{isOfRanges ? "Range" : "Class"}</Table.Th>
              <Table.Th ta="right">Whole</Table.Th>
              {parts.map((part) => (
                <Table.Th key={part} ta="right">
                  {sentence(part)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            <Table.Tr fw={700}>
              <Table.Td>All items</Table.Td>
              <Table.Td ta="right">{items.toLocaleString()}</Table.Td>
              {parts.map((part) => (
                <Table.Td key={part} ta="right">
                  <Share count={counts[part] ?? 0} of={items} />
                </Table.Td>
              ))}
            </Table.Tr>
            {names.map((name) => (
              <Table.Tr key={name}>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{name}</Table.Td>
                <Table.Td ta="right">
                  <Share count={whole(name)} of={items} />
                </Table.Td>
                {parts.map((part) => (
                  <Table.Td key={part} ta="right">
                    <Share
                      count={strata[part]?.[name] ?? 0}
                      of={counts[part] ?? 0}
                      whole={whole(name) / items}
                    />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
          {report && names.length > 0 && (
            <Table.Tfoot>
              <Distance
                title="Largest distance from the whole"
                of={report.largest_distance}
                parts={parts}
              />
              <Distance title="Mean distance" of={report.mean_distance} parts={parts} />
            </Table.Tfoot>
          )}
        </Table>
      </Table.ScrollContainer>
      {names.length > 0 && (
        <Text size="sm" c="dimmed">
          Items that have a class, their share of the part, and by how many percentage points (pp)
          it is from the share of the whole.
        </Text>
      )}
      {(report?.left_out ?? 0) > 0 && (
        <Text size="sm">
          {report?.left_out === 1
            ? "1 item of the dataset is in no part."
            : `${report?.left_out?.toLocaleString()} items of the dataset are in no part.`}
        </Text>
      )}
    </Stack>
  );
}

/** From here on a difference of shares is worth a look. */
const FAR_PP = 5;

function Share({ count, of, whole }: { count: number; of: number; whole?: number }) {
  const share = of > 0 ? count / of : 0;
  const distance = whole === undefined ? 0 : 100 * (share - whole);
  return (
    <Text span inherit style={{ whiteSpace: "nowrap" }}>
      {count.toLocaleString()}{" "}
      <Text span size="sm" c="dimmed">
        {(100 * share).toFixed(1)} %
      </Text>
      {whole !== undefined && (
        <Text span display="block" size="xs" c={Math.abs(distance) >= FAR_PP ? "orange" : "dimmed"}>
          {signed(distance)} pp
        </Text>
      )}
    </Text>
  );
}

const signed = (value: number) => {
  const text = Math.abs(value).toFixed(1);
  return text === "0.0" ? "±0.0" : `${value < 0 ? "−" : "+"}${text}`;
};

interface DistanceProps {
  title: string;
  of: Record<string, number> | undefined;
  parts: Part[];
}

const Distance = ({ title, of = {}, parts }: DistanceProps) => (
  <Table.Tr>
    <Table.Th>{title}</Table.Th>
    <Table.Th />
    {parts.map((part) => (
      <Table.Th key={part} ta="right">
        {of[part] === undefined ? "–" : `${of[part].toFixed(1)} pp`}
      </Table.Th>
    ))}
  </Table.Tr>
);

/** The images of each large group that was found, by which a person sees if they belong together. */
function LargeGroups({ name }: { name: string }) {
  const { data: groups = [] } = useQuery(splitGroups(name));
  if (groups.length === 0) return null;
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        Large groups, to look at
      </Title>
      <Text size="sm">
        The images of each look like near-duplicates of one another, and are more than 5 % of the
        items. They were not kept together without your consent: if they show the same picture, make
        a{" "}
        <LinkAnchor to="/splits" search={{ from: name }} size="sm">
          new split from this
        </LinkAnchor>{" "}
        that keeps large groups together.
      </Text>
      {groups.map((number) => {
        const address = `/api/splits/${encodeURIComponent(name)}/groups/${number}`;
        return (
          <Anchor key={number} href={address} target="_blank">
            <Image src={address} alt={`Group ${number}`} fit="contain" w="auto" maw="100%" />
          </Anchor>
        );
      })}
    </Stack>
  );
}

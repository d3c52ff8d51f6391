import { Alert, Button, Collapse, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { Records } from "../api/client";
import { loss as lossQuery } from "../state/queries";
import { sentence } from "../state/wording";
import { Formula, InlineFormula } from "./formula";
import { Refused } from "./refused";

/** What a loss says of itself: why not here, formula, when to prefer it; on demand, its symbols. */
export function LossExplained({ loss }: { loss: Records["LossChoice"] }) {
  const [opened, { toggle }] = useDisclosure();
  return (
    <>
      {loss.state === "discouraged" && (
        <Alert color="yellow" title="Discouraged here">
          {sentence(loss.reason)}
        </Alert>
      )}
      <Text size="sm">{loss.summary}</Text>
      <Formula latex={loss.formula} />
      <Told name="Prefer it">{loss.prefer}</Told>
      <Told name="Avoid it">{loss.avoid}</Told>
      <Group>
        <Button variant="subtle" size="compact-sm" aria-expanded={opened} onClick={toggle}>
          {opened ? "Less" : "Symbols, lowest value, reference"}
        </Button>
      </Group>
      <Collapse expanded={opened}>{opened && <Details name={loss.name} />}</Collapse>
    </>
  );
}

function Details({ name }: { name: string }) {
  const { data, error } = useQuery(lossQuery(name));
  if (!data) return <Refused error={error} />;
  return (
    <>
      {Object.entries(data.symbols).map(([symbol, meaning]) => (
        <Text key={symbol} size="sm">
          <InlineFormula latex={symbol} />: {meaning}
        </Text>
      ))}
      <Told name="Lowest value">{data.lowest_value}</Told>
      <Told name="An uninformed guess costs">{data.uninformed_guess}</Told>
      <Told name="Reference">{data.reference}</Told>
    </>
  );
}

const Told = ({ name, children }: { name: string; children: string }) =>
  children && (
    <Text size="sm">
      <b>{name}:</b> {children}
    </Text>
  );

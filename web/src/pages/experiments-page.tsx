import { Checkbox, Group, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { experimentList } from "../state/queries";
import { figure, mean } from "../state/wording";
import { ExperimentState } from "./experiment-state";
import { LinkAnchor, LinkButton } from "./links";
import { Listing } from "./listing";
import { PageTitle } from "./page-title";

/** The experiments: list, choose some to compare. */
export function ExperimentsPage() {
  const experiments = useQuery(experimentList);
  const [chosen, setChosen] = useState<string[]>([]);
  return (
    <Stack>
      <Group justify="space-between">
        <PageTitle>Experiments</PageTitle>
        <Group>
          <LinkButton
            to="/compare"
            search={{ experiments: chosen }}
            variant="default"
            disabled={chosen.length < 2}
          >
            Compare{chosen.length > 1 ? ` ${chosen.length}` : ""}
          </LinkButton>
          <LinkButton to="/new">New experiment</LinkButton>
        </Group>
      </Group>
      <Listing
        query={experiments}
        columns={["", "Name", "State", "Split", "Model", "Loss", "Validation loss", "Created"]}
        empty={
          <>
            No experiment yet. It takes a <LinkAnchor to="/datasets">dataset</LinkAnchor>, a{" "}
            <LinkAnchor to="/splits">split</LinkAnchor> of it, and a loss.
          </>
        }
        row={(one) => (
          <Table.Tr key={one.name}>
            <Table.Td>
              <Checkbox
                aria-label={`Compare ${one.name}`}
                checked={chosen.includes(one.name)}
                onChange={({ currentTarget }) =>
                  setChosen(
                    currentTarget.checked
                      ? [...chosen, one.name]
                      : chosen.filter((name) => name !== one.name),
                  )
                }
              />
            </Table.Td>
            <Table.Td>
              <LinkAnchor to="/experiments/$name" params={{ name: one.name }} size="sm">
                {one.name}
              </LinkAnchor>
            </Table.Td>
            <Table.Td>
              <ExperimentState state={one.state} />
            </Table.Td>
            <Table.Td>{one.split}</Table.Td>
            <Table.Td>{[one.architecture, one.backbone].filter(Boolean).join(", ")}</Table.Td>
            <Table.Td>
              {Object.entries(one.losses).map(([slot, loss]) => (
                <Text key={slot} size="sm">
                  {slot}: {loss}
                </Text>
              ))}
            </Table.Td>
            <Table.Td>
              {figure(mean(one.runs.map((run) => run.figures["validation/loss"])))}
            </Table.Td>
            <Table.Td>{new Date(one.created).toLocaleString()}</Table.Td>
          </Table.Tr>
        )}
      />
    </Stack>
  );
}

import { Loader, Table, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Refused } from "../forms/refused";

interface ListingProps<Row> {
  query: UseQueryResult<Row[], Error>;
  columns: ReactNode[];
  row: (row: Row) => ReactNode;
  empty: ReactNode;
}

/** A table of what the server lists: while it loads, when it is refused, when it is empty. */
export function Listing<Row>({ query, columns, row, empty }: ListingProps<Row>) {
  if (query.error) return <Refused error={query.error} />;
  if (!query.data) return <Loader aria-label="Loading" />;
  if (!query.data.length) return <Text c="dimmed">{empty}</Text>;
  return (
    <Table.ScrollContainer minWidth={800}>
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column, index) => (
              <Table.Th key={index}>{column}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{query.data.map(row)}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

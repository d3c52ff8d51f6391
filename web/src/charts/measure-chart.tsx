import { Group, Paper, Select, Title } from "@mantine/core";
import type { Line } from "../state/series";
import { LineChart } from "./line-chart";

interface MeasureChartProps {
  title: string;
  measures: string[];
  measure: string;
  onMeasure: (measure: string) => void;
  lines: Line[];
}

/** A chart of one measure, chosen among those there are. */
export function MeasureChart({ title, measures, measure, onMeasure, lines }: MeasureChartProps) {
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {title}
        </Title>
        <Select
          aria-label={`What ${title} shows`}
          data={measures}
          value={measure}
          allowDeselect={false}
          searchable
          onChange={(chosen) => chosen && onMeasure(chosen)}
        />
      </Group>
      <LineChart label={`${title}: ${measure}`} lines={lines} />
    </Paper>
  );
}

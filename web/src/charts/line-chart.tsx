import { Box, useComputedColorScheme, useMantineTheme } from "@mantine/core";
import { LineChart as Lines } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type ECharts, format, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import type { Line } from "../state/series";
import { exact } from "../state/wording";

use([Lines, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const COLOURS = ["blue", "teal", "orange", "grape", "red", "lime"] as const;

interface LineChartProps {
  label: string;
  lines: Line[];
}

/** Lines over epochs; those of one name share a colour, and pointing at them tells exact values. */
export function LineChart({ label, lines }: LineChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(null);
  const scheme = useComputedColorScheme("light");
  const { colors } = useMantineTheme();
  const colours = COLOURS.map((name) => colors[name][5]);

  useEffect(() => {
    if (!element.current) return;
    const drawn = init(element.current, scheme === "dark" ? "dark" : undefined);
    chart.current = drawn;
    const watcher = new ResizeObserver(() => drawn.resize());
    watcher.observe(element.current);
    return () => {
      watcher.disconnect();
      drawn.dispose();
    };
  }, [scheme]);

  useEffect(() => {
    chart.current?.setOption(optionOf(lines, colours), { replaceMerge: ["series"] });
  }, [lines, scheme]);

  return <Box ref={element} role="img" aria-label={label} h={320} />;
}

function optionOf(lines: Line[], colours: string[]) {
  const seeds = new Set(lines.map(({ seed }) => seed));
  return {
    animation: false,
    backgroundColor: "transparent",
    grid: { left: 8, right: 24, top: 40, bottom: 32, containLabel: true },
    legend: { type: "scroll", top: 0, data: [...new Set(lines.map(({ name }) => name))] },
    tooltip: { trigger: "axis", formatter: told, confine: true },
    xAxis: {
      type: "value",
      name: "epoch",
      nameLocation: "middle",
      nameGap: 24,
      minInterval: 1,
      min: "dataMin",
    },
    yAxis: { type: "value", scale: true },
    series: lines.map(({ name, seed, colour, points }) => ({
      id: seeds.size > 1 ? `${name}, seed ${seed}` : name,
      name,
      color: colours.at(colour % colours.length),
      type: "line",
      data: points,
      showSymbol: points.length < 30,
      connectNulls: false,
      lineStyle: { width: seeds.size > 1 ? 1.5 : 2 },
    })),
  };
}

interface Pointed {
  axisValue: number;
  marker: string;
  seriesId: string;
  value: [epoch: number, value: number | null];
}

function told(pointed: Pointed[]): string {
  const lines = pointed.map(
    ({ marker, seriesId, value }) =>
      `${marker}${format.encodeHTML(seriesId)}: <b>${exact(value[1])}</b>`,
  );
  return [`epoch ${pointed[0]?.axisValue ?? ""}`, ...lines].join("<br>");
}

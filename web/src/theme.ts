import { type CSSVariablesResolver, createTheme } from "@mantine/core";

/** Buttons and links in a blue on which white can be read, and which can be read on white. */
export const theme = createTheme({ primaryShade: 8, autoContrast: true });

/** Secondary text and the titles of notes, with a contrast of 4.5 to 1 on what is behind them. */
export const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "var(--mantine-color-gray-7)",
    "--mantine-color-placeholder": "var(--mantine-color-gray-7)",
    "--mantine-color-error": "var(--mantine-color-red-9)",
    "--mantine-color-red-light-color": "var(--mantine-color-red-9)",
    "--mantine-color-green-light-color": "#1c5c28",
    "--mantine-color-yellow-light-color": "#704000",
    "--mantine-color-blue-light-color": "var(--mantine-color-blue-9)",
    "--mantine-color-gray-light-color": "var(--mantine-color-gray-8)",
  },
  dark: {
    "--mantine-color-dimmed": "var(--mantine-color-dark-1)",
    "--mantine-color-placeholder": "var(--mantine-color-dark-2)",
  },
});

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/model_playground/server/page",
    emptyOutDir: true,
    chunkSizeWarningLimit: 1000,
  },
  server: { proxy: { "/api": server } },
  test: {
    environment: "jsdom",
    setupFiles: "src/test-setup.ts",
    // It imports files in a way that bundlers resolve and Node does not.
    server: { deps: { inline: ["@rjsf/mantine"] } },
  },
});

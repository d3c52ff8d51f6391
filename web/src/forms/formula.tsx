import { ScrollArea } from "@mantine/core";
import katex from "katex";
import "katex/dist/katex.min.css";

/** A symbol in LaTeX, set within a line of text. */
export function InlineFormula({ latex }: { latex: string }) {
  const html = katex.renderToString(latex, { throwOnError: false });
  return <span dangerouslySetInnerHTML={{ __html: html }} />;
}

/** A formula in LaTeX, set. */
export function Formula({ latex }: { latex: string }) {
  const html = katex.renderToString(latex, { displayMode: true, throwOnError: false });
  return (
    <ScrollArea type="auto">
      <div dangerouslySetInnerHTML={{ __html: html }} />
    </ScrollArea>
  );
}

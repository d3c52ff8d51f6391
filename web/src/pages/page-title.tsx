import { Title } from "@mantine/core";

/** What a page is called: its heading, and the window's title. */
export function PageTitle({ children: title }: { children: string }) {
  return (
    <>
      <title>{`${title} – Model Playground`}</title>
      <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
        {title}
      </Title>
    </>
  );
}

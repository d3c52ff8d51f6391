import { Button, Collapse, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, useEffect } from "react";

interface MoreProps {
  /** What is folded away, for who hears the page. */
  of: string;
  /** Whether something in it has to be seen: a refusal, or what is not as it is by default. */
  needed: boolean;
  children: ReactNode;
}

/** What is rarely needed, folded away until it is. */
export function More({ of, needed, children }: MoreProps) {
  const [opened, { toggle, open }] = useDisclosure(needed);
  useEffect(() => {
    if (needed) open();
  }, [needed, open]);
  return (
    <Stack gap="sm" align="stretch">
      <div>
        <Button
          variant="subtle"
          size="compact-sm"
          aria-expanded={opened}
          aria-label={`${opened ? "Less" : "More"} of ${of}`}
          onClick={toggle}
        >
          {opened ? "Less" : "More"}
        </Button>
      </div>
      <Collapse expanded={opened}>{children}</Collapse>
    </Stack>
  );
}

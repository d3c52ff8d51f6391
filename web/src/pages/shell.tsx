import { AppShell, Burger, Container, Group, NavLink, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Outlet, useLocation } from "@tanstack/react-router";
import { LinkEntry } from "./links";

/** The menu on the left, and the page that was chosen in it. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header>
        <Group h="100%" px="md">
          <Burger
            opened={opened}
            onClick={toggle}
            hiddenFrom="sm"
            size="sm"
            aria-label="Show or hide the menu"
          />
          <Text fw={700}>Model Playground</Text>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" onClick={close}>
        <NavLink label="Model Playground" defaultOpened>
          <Entry to="/splits" label="Splits" />
          <Entry to="/experiments" label="Experiments" />
        </NavLink>
        <Entry to="/datasets" label="Datasets" />
      </AppShell.Navbar>
      <AppShell.Main>
        <Container size="xl" px={0}>
          <Outlet />
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}

/** What belongs to an entry of the menu though its address does not begin so. */
const WITHIN: Record<string, string[]> = { "/experiments": ["/new", "/compare"] };

function Entry({ to, label }: { to: "/splits" | "/experiments" | "/datasets"; label: string }) {
  const { pathname } = useLocation();
  const active = [to, ...(WITHIN[to] ?? [])].some((path) => pathname.startsWith(path));
  return <LinkEntry to={to} label={label} active={active} />;
}

import {
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
  NavLink,
  type NavLinkProps,
} from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ComponentProps } from "react";

type Element = Omit<ComponentProps<"a">, "color" | "style">;

export const LinkAnchor = createLink((props: AnchorProps & Element) => <Anchor {...props} />);

export const LinkButton = createLink((props: ButtonProps & Element) => (
  <Button component="a" {...props} />
));

export const LinkEntry = createLink((props: NavLinkProps & Element) => <NavLink {...props} />);

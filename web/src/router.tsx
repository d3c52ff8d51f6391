import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { Shell } from "./pages/shell";
import { type Address, all, first, readAddress, writeAddress } from "./state/address";

const root = createRootRoute({ component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/experiments" });
  },
});

const datasets = createRoute({
  getParentRoute: () => root,
  path: "/datasets",
  component: lazyRouteComponent(() => import("./pages/datasets-page"), "DatasetsPage"),
});

const dataset = createRoute({
  getParentRoute: () => root,
  path: "/datasets/$name",
  component: lazyRouteComponent(() => import("./pages/dataset-page"), "DatasetPage"),
});

const splits = createRoute({
  getParentRoute: () => root,
  path: "/splits",
  validateSearch: ({ from, dataset }: Address): { from?: string; dataset?: string } => ({
    from: first(from),
    dataset: first(dataset),
  }),
  component: lazyRouteComponent(() => import("./pages/splits-page"), "SplitsPage"),
});

const split = createRoute({
  getParentRoute: () => root,
  path: "/splits/$name",
  component: lazyRouteComponent(() => import("./pages/split-page"), "SplitPage"),
});

const experiments = createRoute({
  getParentRoute: () => root,
  path: "/experiments",
  component: lazyRouteComponent(() => import("./pages/experiments-page"), "ExperimentsPage"),
});

const newExperiment = createRoute({
  getParentRoute: () => root,
  path: "/new",
  validateSearch: ({ split, from }: Address): { split?: string; from?: string } => ({
    split: first(split),
    from: first(from),
  }),
  component: lazyRouteComponent(() => import("./pages/new-experiment-page"), "NewExperimentPage"),
});

const experiment = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$name",
  component: lazyRouteComponent(() => import("./pages/experiment-page"), "ExperimentPage"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: ({
    experiments,
    series,
  }: Address): { experiments?: string[]; series?: string[] } => ({
    experiments: all(experiments),
    series: all(series),
  }),
  component: lazyRouteComponent(() => import("./pages/compare-page"), "ComparePage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    datasets,
    dataset,
    splits,
    split,
    experiments,
    newExperiment,
    experiment,
    compare,
  ]),
  parseSearch: readAddress,
  stringifySearch: writeAddress,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

import {
  QueryClient,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { answered, client, type Records, Refusal } from "../api/client";
import { inFormWords } from "./wording";

const POLL_MS = 2000;
const PROGRESS_MS = 500;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal is an answer: asking again would only bring it later.
      retry: (failures, error) => !(error instanceof Refusal) && failures < 2,
    },
  },
});

/** What the server says, in the words of the forms. */
export function useFormWords(): (text: string) => string {
  const { data = {} } = useQuery({
    queryKey: ["words"],
    queryFn: () => answered(client.GET("/api/words")),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (text) => inFormWords(text, data);
}

export const datasetList = queryOptions({
  queryKey: ["datasets"],
  queryFn: () => answered(client.GET("/api/datasets")),
});

export const dataset = (name: string) =>
  queryOptions({
    queryKey: ["datasets", name],
    queryFn: () => answered(client.GET("/api/datasets/{name}", { params: { path: { name } } })),
  });

export const datasetStatistics = (name: string) =>
  queryOptions({
    queryKey: ["datasets", name, "statistics"],
    queryFn: () =>
      answered(client.GET("/api/datasets/{name}/statistics", { params: { path: { name } } })),
  });

/** What the import of a dataset found; null where an older version imported it. */
export const importReport = (name: string) =>
  queryOptions({
    queryKey: ["datasets", name, "report"],
    queryFn: () =>
      answered(client.GET("/api/datasets/{name}/report", { params: { path: { name } } })),
  });

export const formatList = queryOptions({
  queryKey: ["formats"],
  queryFn: () => answered(client.GET("/api/formats")),
  staleTime: Number.POSITIVE_INFINITY,
});

export const findingKinds = queryOptions({
  queryKey: ["finding-kinds"],
  queryFn: () => answered(client.GET("/api/finding-kinds")),
  staleTime: Number.POSITIVE_INFINITY,
});

export const splitList = queryOptions({
  queryKey: ["splits"],
  queryFn: () => answered(client.GET("/api/splits")),
});

export const split = (name: string) =>
  queryOptions({
    queryKey: ["splits", name],
    queryFn: () => answered(client.GET("/api/splits/{name}", { params: { path: { name } } })),
  });

export const splitGroups = (name: string) =>
  queryOptions({
    queryKey: ["splits", name, "groups"],
    queryFn: () =>
      answered(client.GET("/api/splits/{name}/groups", { params: { path: { name } } })),
  });

export const splitForm = (dataset: string) =>
  queryOptions({
    queryKey: ["split-form", dataset],
    queryFn: () => answered(client.GET("/api/split-form", { params: { query: { dataset } } })),
    enabled: dataset !== "",
  });

/** The long work that is going on: asked for again and again while there is some. */
export const jobList = (expected: boolean) =>
  queryOptions({
    queryKey: ["jobs"],
    queryFn: () => answered(client.GET("/api/jobs")),
    refetchInterval: ({ state }) => (expected || state.data?.length ? PROGRESS_MS : false),
  });

export const taskList = queryOptions({
  queryKey: ["tasks"],
  queryFn: () => answered(client.GET("/api/tasks")),
});

export const loss = (name: string) =>
  queryOptions({
    queryKey: ["losses", name],
    queryFn: () => answered(client.GET("/api/losses/{name}", { params: { path: { name } } })),
  });

export const lossAdvice = (task: string, dataset: string) =>
  queryOptions({
    queryKey: ["losses", "advice", task, dataset],
    queryFn: () =>
      answered(client.GET("/api/losses/advice", { params: { query: { task, dataset } } })),
    enabled: dataset !== "",
  });

export const experimentList = queryOptions({
  queryKey: ["experiments"],
  queryFn: () => answered(client.GET("/api/experiments")),
  refetchInterval: ({ state }) => (state.data?.some(isActive) ? POLL_MS : false),
});

export const experiment = (name: string) =>
  queryOptions({
    queryKey: ["experiments", name],
    queryFn: () => answered(client.GET("/api/experiments/{name}", { params: { path: { name } } })),
    refetchInterval: ({ state }) => (state.data && isActive(state.data) ? POLL_MS : false),
  });

export const experimentSeries = (name: string) =>
  queryOptions({
    queryKey: ["experiments", name, "series"],
    queryFn: () =>
      answered(client.GET("/api/experiments/{name}/series", { params: { path: { name } } })),
  });

export const comparison = (experiments: string[]) =>
  queryOptions({
    queryKey: ["comparison", experiments],
    queryFn: () => answered(client.GET("/api/comparison", { params: { query: { experiments } } })),
    enabled: experiments.length > 1,
  });

export const experimentForm = (split: string) =>
  queryOptions({
    queryKey: ["form", split],
    queryFn: () => answered(client.GET("/api/form", { params: { query: { split } } })),
    enabled: split !== "",
  });

export const validation = (specification: Records["Specification"]) =>
  queryOptions({
    queryKey: ["validation", specification],
    queryFn: () => answered(client.POST("/api/experiments/validate", { body: specification })),
    gcTime: 0, // there is one for every letter that is typed
  });

export const isActive = ({ state }: Records["ExperimentRecord"]) =>
  state === "queued" || state === "running";

/** Do something on the server; everything shown is then asked for anew, which is not waited for. */
function useAction<Wanted, Done>(action: (wanted: Wanted) => Promise<Done>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: action,
    onSuccess: () => {
      void queries.invalidateQueries();
    },
    onError: () => {
      void queries.invalidateQueries({ queryKey: ["jobs"] });
    },
  });
}

export const useImport = () =>
  useAction((body: Records["DatasetImport"]) => answered(client.POST("/api/datasets", { body })));

export const useCheckSource = () =>
  useAction((body: Records["DatasetSource"]) =>
    answered(client.POST("/api/datasets/check", { body })),
  );

export const useJoin = () =>
  useAction((body: Records["DatasetJoin"]) =>
    answered(client.POST("/api/datasets/join", { body })),
  );

export const useInspect = () =>
  useAction((name: string) =>
    answered(client.POST("/api/datasets/{name}/inspect", { params: { path: { name } } })),
  );

export const useCheck = () =>
  useAction((name: string) =>
    answered(client.POST("/api/datasets/{name}/check", { params: { path: { name } } })),
  );

export const useCancel = () =>
  useAction((number: number) =>
    answered(client.POST("/api/jobs/{number}/cancel", { params: { path: { number } } })),
  );

export const useCreateSplit = () =>
  useAction(async (body: Records["SplitRequest"]) =>
    body.folds
      ? answered(client.POST("/api/splits/folds", { body }))
      : [await answered(client.POST("/api/splits", { body }))],
  );

export const useRun = () =>
  useAction((body: Records["Specification"]) =>
    answered(client.POST("/api/experiments", { body })),
  );

export const useStop = () =>
  useAction((name: string) =>
    answered(client.POST("/api/experiments/{name}/stop", { params: { path: { name } } })),
  );

export const useTest = () =>
  useAction((name: string) =>
    answered(client.POST("/api/experiments/{name}/test", { params: { path: { name } } })),
  );

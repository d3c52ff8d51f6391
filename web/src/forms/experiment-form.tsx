import { Autocomplete, Checkbox, SimpleGrid, Stack, Switch, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Records } from "../api/client";
import type { Draft } from "../state/draft";
import { lossAdvice, splitList } from "../state/queries";
import { ChoiceField } from "./choice-field";
import { ChoiceList } from "./choice-list";
import { FormSection } from "./form-section";
import { LossSlotField } from "./loss-slot-field";
import { SchemaForm } from "./schema-form";
import { useSteadyFocus } from "./steady-focus";

interface ExperimentFormProps {
  form: Records["ExperimentForm"];
  draft: Draft;
  onChange: (draft: Draft) => void;
  error: Error | null;
  /** What the experiment will be called if it is given no name. */
  madeUpName: string | undefined;
}

/** Everything of a new experiment but its split, derived from what the declarations say. */
export function ExperimentForm(props: ExperimentFormProps) {
  const { form, draft, onChange, error, madeUpName } = props;
  const set = (changed: Partial<Draft>) => onChange({ ...draft, ...changed });
  const suggested = form.backbones[draft.architecture.name] ?? [];
  const { early_stopping: stopping, ...training } = draft.training ?? {};
  const { data: splits } = useQuery(splitList);
  const dataset = splits?.find(({ name }) => name === form.split)?.dataset ?? "";
  const advice = useQuery(lossAdvice(form.task, dataset));
  const steady = useSteadyFocus();
  return (
    <Stack ref={steady}>
      <FormSection title="Model" about={["model"]} error={error}>
        <ChoiceField
          label="Architecture"
          choices={form.architectures}
          value={draft.architecture}
          onChange={(architecture) => set({ architecture, backbone: "" })}
        />
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Autocomplete
            label="Backbone"
            description="One of these, or any other that the architecture's library knows"
            data={suggested}
            placeholder={suggested[0]}
            value={draft.backbone ?? ""}
            onChange={(backbone) => set({ backbone })}
          />
          <Autocomplete
            label="Weights"
            description="pretrained, none, or the path of a safetensors file"
            data={["pretrained", "none"]}
            value={draft.weights ?? "pretrained"}
            onChange={(weights) => set({ weights })}
          />
        </SimpleGrid>
      </FormSection>

      <FormSection title="Loss & metrics" about={["loss", "metric"]} error={error}>
        {form.slots.map((choices) => (
          <LossSlotField
            key={choices.slot}
            choices={choices}
            terms={draft.losses?.[choices.slot] ?? []}
            advice={advice.data}
            onChange={(terms) => set({ losses: { ...draft.losses, [choices.slot]: terms } })}
          />
        ))}
        <Checkbox.Group
          label={
            <Title order={2} size="h4">
              Metrics
            </Title>
          }
          value={draft.metrics ?? []}
          onChange={(metrics) => set({ metrics })}
        >
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} pt="xs">
            {form.metrics.map(({ name, title, summary }) => (
              <Checkbox key={name} value={name} label={title} description={summary} />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
      </FormSection>

      <FormSection title="Training" about={["training", "early_stopping"]} error={error}>
        <SchemaForm
          name="training"
          schema={form.training}
          values={training}
          onChange={(values) => set({ training: { ...values, early_stopping: stopping } })}
        />
        <Switch
          label="Stop early"
          description="When validation no longer improves; the best weights are kept either way"
          checked={Boolean(stopping)}
          onChange={({ currentTarget }) =>
            set({ training: { ...training, early_stopping: currentTarget.checked ? {} : null } })
          }
        />
        {stopping && (
          <SchemaForm
            name="early-stopping"
            schema={form.early_stopping}
            values={stopping}
            onChange={(values) => set({ training: { ...training, early_stopping: values } })}
          />
        )}
      </FormSection>

      <FormSection title="Solver" about={["solver", "scheduler"]} error={error}>
        <ChoiceField
          label="Solver"
          choices={form.solvers}
          value={draft.solver ?? { name: "" }}
          onChange={(solver) => set({ solver })}
        />
        <ChoiceField
          label="Scheduler"
          choices={form.schedulers}
          value={draft.scheduler ?? { name: "" }}
          onChange={(scheduler) => set({ scheduler })}
        />
      </FormSection>

      <FormSection title="Augmentations" about={["augmentation"]} error={error}>
        <ChoiceList
          choices={form.augmentations}
          value={draft.augmentations ?? []}
          onChange={(augmentations) => set({ augmentations })}
        />
      </FormSection>

      <FormSection title="Name" about={["name"]} error={error}>
        <TextInput
          aria-label="Name"
          description="Made up if empty"
          placeholder={madeUpName}
          value={draft.name ?? ""}
          onChange={({ currentTarget }) => set({ name: currentTarget.value })}
        />
      </FormSection>
    </Stack>
  );
}

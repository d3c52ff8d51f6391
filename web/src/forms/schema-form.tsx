import { SimpleGrid, TagsInput } from "@mantine/core";
import { withTheme } from "@rjsf/core";
import { Theme } from "@rjsf/mantine";
import {
  canExpand,
  type ObjectFieldTemplateProps,
  type RJSFSchema,
  type UiSchema,
  type WidgetProps,
} from "@rjsf/utils";
import validator from "@rjsf/validator-ajv8";
import type { JsonProperty, JsonSchema, Values } from "../state/draft";

const ThemedForm = withTheme<Values>(Theme);

interface SchemaFormProps {
  /** Tells this form's fields from those of the others on the page. */
  name: string;
  schema: JsonSchema;
  values: Values;
  onChange: (values: Values) => void;
}

/** The parameters of anything that describes itself, as a form. */
export function SchemaForm({ name, schema, values, onChange }: SchemaFormProps) {
  const shown = withoutNull(schema);
  if (Object.keys(shown.properties ?? {}).length === 0) return null;
  return (
    <ThemedForm
      idPrefix={name}
      tagName="div"
      schema={shown as RJSFSchema}
      uiSchema={uiSchemaOf(shown)}
      validator={validator}
      formData={values}
      liveValidate
      showErrorList={false}
      templates={{ ObjectFieldTemplate: FieldGrid }}
      onChange={({ formData }) => onChange(formData ?? {})}
    />
  );
}

function FieldGrid({
  properties,
  schema,
  uiSchema,
  formData,
  registry,
  onAddProperty,
}: ObjectFieldTemplateProps) {
  const { AddButton } = registry.templates.ButtonTemplates;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
      {properties.map(({ name, content }) => (
        <div key={name}>{content}</div>
      ))}
      {canExpand(schema, uiSchema, formData) && (
        <AddButton onClick={onAddProperty} registry={registry} />
      )}
    </SimpleGrid>
  );
}

function NumberList({ id, label, schema, value, onChange }: WidgetProps) {
  const read = (texts: string[]) => texts.map(Number).filter((number) => !Number.isNaN(number));
  return (
    <TagsInput
      id={id}
      label={label}
      description={schema.description}
      placeholder="numbers, each ended by a comma"
      splitChars={[",", ";", " "]}
      acceptValueOnBlur
      allowDuplicates
      // Of a field that can hold something else, too, the value comes before the choice of field.
      value={Array.isArray(value) ? value.map(String) : []}
      onChange={(texts) => onChange(texts.length ? read(texts) : undefined)}
    />
  );
}

/** "A number or nothing" is a number that may be left out, where nothing is the default. */
function withoutNull(schema: JsonSchema): JsonSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { anyOf, default: value, ...rest } = property;
    if (!Array.isArray(anyOf) || value !== null) return [name, property];
    const options = (anyOf as JsonProperty[]).filter(({ type }) => type !== "null");
    return [name, { ...rest, ...(options.length === 1 ? options[0] : { anyOf: options }) }];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function uiSchemaOf(schema: JsonSchema): UiSchema<Values> {
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    uiOf(property),
  ]);
  return { ...Object.fromEntries(fields), "ui:submitButtonOptions": { norender: true } };
}

function uiOf({ type, items, anyOf, description, ...property }: JsonProperty): UiSchema {
  if (type === "array" && (items as JsonProperty).type === "number")
    return { "ui:widget": NumberList };
  if (Array.isArray(anyOf))
    return {
      anyOf: (anyOf as JsonProperty[]).map((option) => ({
        ...uiOf(option),
        "ui:title": option.title ?? option.type ?? "",
      })),
    };
  if ("enum" in property) return { "ui:options": { description, allowDeselect: false } };
  // Steps of one are of no use to a learning rate.
  if (type === "number") return { "ui:options": { hideControls: true } };
  return {};
}

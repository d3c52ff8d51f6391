import { Checkbox, SimpleGrid, TagsInput } from "@mantine/core";
import { withTheme } from "@rjsf/core";
import { Theme } from "@rjsf/mantine";
import {
  canExpand,
  type ErrorSchema,
  type ObjectFieldTemplateProps,
  type RJSFSchema,
  type UiSchema,
  type WidgetProps,
} from "@rjsf/utils";
import validator from "@rjsf/validator-ajv8";
import type { JsonProperty, JsonSchema, Values } from "../state/draft";
import { sentence } from "../state/wording";

const ThemedForm = withTheme<Values>(Theme);

interface SchemaFormProps {
  /** Tells this form's fields from those of the others on the page. */
  name: string;
  schema: JsonSchema;
  values: Values;
  onChange: (values: Values) => void;
  /** What the server refused, by the field that it is about. */
  refused?: Record<string, string>;
}

/** The parameters of anything that describes itself, as a form. */
export function SchemaForm({ name, schema, values, onChange, refused = {} }: SchemaFormProps) {
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
      extraErrors={errorsOf(refused)}
      showErrorList={false}
      templates={{ ObjectFieldTemplate: FieldGrid }}
      widgets={{ CheckboxWidget: YesOrNo }}
      onChange={({ formData }) => onChange(formData ?? {})}
    />
  );
}

const errorsOf = (refused: Record<string, string>): ErrorSchema<Values> =>
  Object.fromEntries(
    Object.entries(refused).map(([field, message]) => [field, { __errors: [message] }]),
  );

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

/** A choice of yes or no, which says below it what it does. */
function YesOrNo({ id, label, schema, value, onChange, rawErrors }: WidgetProps) {
  return (
    <Checkbox
      id={id}
      label={label}
      description={schema.description}
      checked={Boolean(value)}
      error={rawErrors?.join(" ")}
      onChange={({ currentTarget }) => onChange(currentTarget.checked)}
    />
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
    const { anyOf, default: value, ...rest } = explained(property);
    if (!Array.isArray(anyOf) || value !== null) return [name, explained(property)];
    const options = (anyOf as JsonProperty[]).filter(({ type }) => type !== "null");
    return [name, { ...rest, ...(options.length === 1 ? options[0] : { anyOf: options }) }];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

const explained = ({ description, ...property }: JsonProperty): JsonProperty =>
  description ? { ...property, description: sentence(description) } : property;

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
  if (type === "array" && "enum" in (items as JsonProperty))
    return { "ui:widget": "select", "ui:options": { description, clearable: true } };
  if ("enum" in property) return { "ui:options": { description, allowDeselect: false } };
  // Steps of one are of no use to a learning rate.
  if (type === "number") return { "ui:options": { hideControls: true } };
  return {};
}

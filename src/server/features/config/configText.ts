import { textStructure } from '../../../data/jsonText';
import { own } from '../../../data/own';
import { recipeJsonSchema } from '../../../data/recipe';
import { workspaceJsonSchema } from '../../../data/workspace/schema';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json';
import type { JsonPlace } from '../../documents/jsonPlaces';

/** Configuration files that the server knows. */
export type ConfigKind = 'workspaceFile' | 'recipe';

const schemas = new Map<ConfigKind, JsonObject>();

/** The JSON schema of a kind of file; made once. */
function schemaOf(kind: ConfigKind): JsonObject {
  let schema = schemas.get(kind);
  if (schema === undefined) {
    schema = (kind === 'recipe' ? recipeJsonSchema() : workspaceJsonSchema()) as JsonObject;
    schemas.set(kind, schema);
  }
  return schema;
}

/** Nesting beyond which a text is no configuration: jsonc-parser recurses. */
const deepest = 50;
const longest = 2 ** 22;

/** Whether the text can be looked into without harm. */
export function isSane(text: string): boolean {
  return text.length <= longest && textStructure(text).depth <= deepest;
}

/** Schemas that a value at a place may follow; alternatives side by side. */
export function schemasAt(kind: ConfigKind, place: JsonPlace): readonly JsonObject[] {
  let found = alternatives(schemaOf(kind));
  for (const part of place) found = found.flatMap((schema) => below(schema, part)).flatMap(alternatives);
  return found;
}

function alternatives(schema: JsonObject): JsonObject[] {
  const any = own(schema, 'anyOf');
  return Array.isArray(any) ? [schema, ...(any as JsonValue[]).filter(isJsonObject).flatMap(alternatives)] : [schema];
}

function below(schema: JsonObject, part: string | number): JsonObject[] {
  const child =
    typeof part === 'number'
      ? own(schema, 'items')
      : (own(objectAt(schema, 'properties'), part) ?? own(schema, 'additionalProperties'));
  return isJsonObject(child) ? [child] : [];
}

export function objectAt(schema: JsonObject, key: string): JsonObject {
  const value = own(schema, key);
  return isJsonObject(value) ? value : {};
}

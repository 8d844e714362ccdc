import type { JsonObject, JsonValue } from '../../../protocol/json';
import { isJsonObject } from '../../../protocol/json';
import type { Artifacts } from '../../../store/artifacts';
import type { ControlAnswer } from './controls';

const kind = 'controls';

/** Controls kept under `key`; made and kept where there are none, or none that can be read. */
export async function storedControls(
  artifacts: Artifacts,
  key: JsonObject,
  make: () => Promise<readonly ControlAnswer[]>,
): Promise<readonly ControlAnswer[]> {
  const kept = parseControls((await artifacts.readArtifact(kind, key))?.metadata.answers);
  if (kept !== undefined) return kept;
  const made = await make();
  await artifacts.writeArtifact(kind, key, new Map(), { answers: made.map((answer) => ({ ...answer })) });
  return made;
}

function parseControls(value: JsonValue | undefined): readonly ControlAnswer[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const answers = value.map((one: JsonValue): ControlAnswer | undefined => {
    if (!isJsonObject(one)) return undefined;
    const { prompt, text, change } = one;
    const isRead = typeof prompt === 'number' && typeof text === 'string' && typeof change === 'number';
    return isRead && Number.isInteger(prompt) && prompt >= 0 ? { prompt, text, change } : undefined;
  });
  return answers.every((answer) => answer !== undefined) ? answers : undefined;
}

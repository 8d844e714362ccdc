/** Outcomes and answers as the store keeps them beside no tensor. What does not read as one is measured anew. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json';
import type { CaseAnswers } from './evaluationPlan';
import type { StateOutcome } from './measureState';

type Harmful = StateOutcome['harmful'][number];
type Benign = StateOutcome['benign'][number];
type Test = StateOutcome['tests'][number];
type Answer = CaseAnswers[number] | null;

/** What `parseOutcome` reads. */
export function outcomeJson({ harmful, benign, tests }: StateOutcome): JsonObject {
  return {
    harmful: harmful.map(({ answer, complies, margin }) => ({ answer, complies, margin })),
    benign: benign.map(({ answer, refused, degenerate, overlap, loss, tokens, drift }) => ({
      ...{ answer, refused, degenerate, overlap },
      ...{ loss, tokens, drift },
    })),
    tests: tests.map(({ answer, passed }) => ({ answer, passed })),
  };
}

/** @returns undefined where the value is no outcome, whole and of finite figures */
export function parseOutcome(value: JsonValue | undefined): StateOutcome | undefined {
  if (!isJsonObject(value)) return undefined;
  const harmful = each(value.harmful, harmfulOf);
  const benign = each(value.benign, benignOf);
  const tests = each(value.tests, testOf);
  return harmful === undefined || benign === undefined || tests === undefined ? undefined : { harmful, benign, tests };
}

/** What `parseAnswers` reads; null: a case that reads no answer. */
export function answersJson(answers: CaseAnswers): JsonValue {
  return answers.map((answer) => (answer === undefined ? null : { text: answer.text, finish: answer.finish }));
}

/** @returns undefined where the value is no list of answers */
export function parseAnswers(value: JsonValue | undefined): CaseAnswers | undefined {
  return each<Answer>(value, answerOf)?.map((answer) => answer ?? undefined);
}

function each<T>(value: JsonValue | undefined, read: (item: JsonValue) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = (value as readonly JsonValue[]).map(read);
  return items.every((item) => item !== undefined) ? (items as readonly T[]) : undefined;
}

function harmfulOf(value: JsonValue): Harmful | undefined {
  if (!isJsonObject(value)) return undefined;
  const { answer, complies, margin } = value;
  return typeof answer === 'string' && typeof complies === 'boolean' && isFiniteNumber(margin)
    ? { answer, complies, margin }
    : undefined;
}

function benignOf(value: JsonValue): Benign | undefined {
  if (!isJsonObject(value)) return undefined;
  const { answer, refused, degenerate, overlap, loss, tokens, drift } = value;
  if (typeof answer !== 'string' || typeof refused !== 'boolean' || typeof degenerate !== 'boolean') return undefined;
  if (!isFiniteNumber(overlap) || !isFiniteNumber(tokens) || !isFiniteOrNull(loss) || !isFiniteOrNull(drift))
    return undefined;
  return { answer, refused, degenerate, overlap, loss, tokens, drift };
}

function testOf(value: JsonValue): Test | undefined {
  if (!isJsonObject(value)) return undefined;
  const { answer, passed } = value;
  if (typeof passed !== 'boolean' || (answer !== null && typeof answer !== 'string')) return undefined;
  return { answer, passed };
}

function answerOf(value: JsonValue): Answer | undefined {
  if (value === null) return null;
  if (!isJsonObject(value)) return undefined;
  const { text, finish } = value;
  if (typeof text !== 'string' || (finish !== 'stop' && finish !== 'length')) return undefined;
  return { text, finish };
}

function isFiniteNumber(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isFiniteOrNull(value: JsonValue | undefined): value is number | null {
  return value === null || isFiniteNumber(value);
}

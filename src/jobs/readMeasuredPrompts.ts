import { parseBehaviours } from '../data/behaviours';
import { dataLimits } from '../data/limits';
import { parsePrompts, type ReadPrompt } from '../data/prompts';
import type { BehaviourCase } from '../protocol/behaviour';
import { inputError } from '../protocol/errors';
import type { MeasuredPrompt } from '../protocol/pruning';
import { behaviourCase } from './readBehaviourCases';

/**
 * Prompts that states of a model are measured on, with the answers that the file gives. @param label how messages name it
 *
 * @throws UserError where a line is no prompt, or there is none
 */
export async function readMeasuredPrompts(
  file: string,
  label: string,
  what: 'harmful' | 'benign',
): Promise<readonly MeasuredPrompt[]> {
  const { prompts, problems } = await parsePrompts(file, { file: label, limits: dataLimits });
  const error = problems.find(({ severity }) => severity === 'error');
  if (error !== undefined) throw inputError(error.code, error.message, error.next);
  if (prompts.length > 0) return prompts.map(measuredPrompt);
  throw inputError(
    `no-${what}-prompts`,
    `${label} has no prompt.`,
    'Give one {"id", "prompt"} or {"messages"} a line.',
  );
}

function measuredPrompt({ id, address, prompt, answer, tags }: ReadPrompt): MeasuredPrompt {
  const { file, row, line } = address;
  const asked =
    typeof prompt === 'string' ? prompt : prompt.map(({ role, content, extra }) => ({ role, content, extra }));
  return { id, address: { file, row, line }, prompt: asked, answer, tags };
}

/**
 * Behaviour tests, or rows with answers: then the answer must come back as it stands there.
 *
 * @param label how messages name the file
 * @param tag only tests with one of these; undefined: all
 * @throws UserError where a line is neither, or there is none
 */
export async function readTaskTests(
  file: string,
  label: string,
  tag: readonly string[] | undefined,
): Promise<readonly BehaviourCase[]> {
  const read = await parseBehaviours(file, { file: label, limits: dataLimits });
  let tests = read.tests.map(behaviourCase);
  const error = read.problems.find(({ severity }) => severity === 'error');
  if (tests.length === 0) {
    const { prompts } = await parsePrompts(file, { file: label, limits: dataLimits });
    tests = prompts.flatMap((prompt, i) => labelledTest(prompt, i) ?? []);
    if (tests.length < prompts.length || tests.length === 0) {
      throw inputError(
        error?.code ?? 'no-tests',
        error?.message ?? `${label} has no tests.`,
        'Give behaviour tests {"id", "prompt", "expect"}, or rows with an answer each.',
      );
    }
  } else if (error !== undefined) throw inputError(error.code, error.message, error.next);
  if (tag === undefined) return tests;
  const tagged = tests.filter(({ tags }) => tag.some((name) => tags.includes(name)));
  if (tagged.length > 0) return tagged;
  const tags = [...new Set(tests.flatMap((test) => test.tags))].slice(0, 12);
  throw inputError(
    'no-matching-test',
    `No test of ${label} has such a tag.`,
    `Its tags are ${tags.join(', ') || 'none'}.`,
  );
}

function labelledTest(read: ReadPrompt, number: number): BehaviourCase | undefined {
  const { answer, ...prompt } = measuredPrompt(read);
  if (answer === null) return undefined;
  const expect = {
    equals: answer,
    contains: [],
    notContains: [],
    matches: undefined,
    refuses: undefined,
    prefers: undefined,
  };
  return { ...prompt, id: `${prompt.id} ${number}`, expect };
}

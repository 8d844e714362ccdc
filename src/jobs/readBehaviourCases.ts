import { type BehaviourTest, parseBehaviours } from '../data/behaviours';
import { dataLimits } from '../data/limits';
import type { BehaviourCase } from '../protocol/behaviour';
import { inputError } from '../protocol/errors';

/**
 * All tests of a file. @param label how messages name it
 *
 * @throws UserError where a test cannot be understood (one that is left out in silence is one that passes), or there is none
 */
export async function readBehaviourCases(file: string, label: string): Promise<readonly BehaviourCase[]> {
  const { tests, problems } = await parseBehaviours(file, { file: label, limits: dataLimits });
  const error = problems.find(({ severity }) => severity === 'error');
  if (error !== undefined) throw inputError(error.code, error.message, error.next);
  if (tests.length > 0) return tests.map(behaviourCase);
  throw inputError('no-tests', `${label} has no tests.`, 'Give one {"id", "prompt", "expect"} a line.');
}

/** A test as it crosses to the engine. */
export function behaviourCase({ id, address, prompt, expect, tags }: BehaviourTest): BehaviourCase {
  return {
    id,
    address: { file: address.file, row: address.row, line: address.line },
    prompt: typeof prompt === 'string' ? prompt : prompt.map(({ role, content, extra }) => ({ role, content, extra })),
    expect,
    tags,
  };
}

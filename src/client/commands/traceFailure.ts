import type { ReadyContext } from '../context';
import { answerToTest } from './answerTo';
import { trace } from './trace';

/** Traces what the model answers to a behaviour test. @param target a test, or a message of one, as the Testing view hands it over */
export async function traceFailure(context: ReadyContext, target: unknown): Promise<void> {
  const { behaviours } = context;
  const id = idOf(target);
  if (behaviours.cases().length === 0) await behaviours.refresh();
  const test = id === undefined ? behaviours.failures()[0] : behaviours.cases().find((one) => one.id === id);
  if (test !== undefined) await trace(context, answerToTest(test));
}

function idOf(target: unknown): string | undefined {
  if (typeof target !== 'object' || target === null) return undefined;
  if ('test' in target) return idOf(target.test);
  return 'id' in target ? String(target.id) : undefined;
}

import type { BehaviourComparison, PassRate, TestedBehaviour } from '../../protocol/behaviour';
import { wilsonInterval } from './wilsonInterval';

/**
 * Pass rates of every model: of all tests, then of each tag in alphabetical order.
 *
 * @param models labels, in the order of each test's results
 */
export function passRates(tests: readonly TestedBehaviour[], models: readonly string[]): PassRate[] {
  const tags = [...new Set(tests.flatMap((test) => test.tags))].sort();
  return [null, ...tags].flatMap((tag) => {
    const tagged = tag === null ? tests : tests.filter((test) => test.tags.includes(tag));
    return models.map((model, index): PassRate => {
      const passed = tagged.filter(({ results }) => results[index]!.passed).length;
      const interval = wilsonInterval(passed, tagged.length);
      return { tag, model, tests: tagged.length, passed, rate: passed / tagged.length, interval };
    });
  });
}

/** What changed from the first model to each of the others. */
export function compareModels(tests: readonly TestedBehaviour[], models: readonly string[]): BehaviourComparison[] {
  const changed = (index: number, passes: 'now' | 'before'): string[] =>
    tests
      .filter(({ results }) => results[0]!.passed !== results[index]!.passed)
      .filter(({ results }) => results[index]!.passed === (passes === 'now'))
      .map(({ id }) => id);
  return models.slice(1).map((to, i) => ({
    from: models[0]!,
    to,
    regressed: changed(i + 1, 'before'),
    fixed: changed(i + 1, 'now'),
  }));
}

import { runBehaviourTests } from '../analyses/behaviour/runBehaviourTests';
import { compareModels, passRates } from '../analyses/behaviour/summarizeTests';
import { loraAName, loraBName, type ParameterValues } from '../analyses/training/trainable';
import type { RowChange } from '../analyses/verifying/rowChange';
import type { LoraAdapter, LoraModule } from '../model/checkpoint/types';
import type { BehaviourCase, BehaviourSettings, BehaviourVerdict, TestedBehaviour } from '../protocol/behaviour';
import { inputError } from '../protocol/errors';
import type { TestedRemoval, VerifyOutcome } from '../protocol/verification';
import type { JobContext } from './jobContext';
import type { Laboratory } from './openLaboratory';

/** A retraining to be tested. */
export interface RetrainedModel extends TestedRemoval {
  readonly change: RowChange;
}

/**
 * Behaviour tests of retrainings, the first being what the others are compared with.
 *
 * @throws UserError `tests-need-adapter` for full fine-tunes
 */
export async function testRetrained(
  tests: readonly BehaviourCase[],
  settings: BehaviourSettings,
  models: readonly RetrainedModel[],
  laboratory: Laboratory,
  context: JobContext,
): Promise<NonNullable<VerifyOutcome['tests']>> {
  const { subject, base, retrainer } = laboratory;
  const adapter = subject.tuned.model.adapter;
  if (adapter === undefined)
    throw inputError(
      'tests-need-adapter',
      'Behaviour tests after a retraining are for adapters; this run trained the whole model.',
      'Leave out --tests, or train without the rows (whence train) and compare with whence test.',
    );
  const verdicts: BehaviourVerdict[][] = [];
  for (const [index, { change, label }] of models.entries()) {
    const { values } = await retrainer.retrain(change, () => undefined);
    const model = {
      ...base.model,
      key: `${subject.tuned.model.key} retrained`,
      adapter: adapterOf(adapter, values, laboratory),
    };
    const report = (done: number): void =>
      context.progress({
        stage: 'testing',
        done: index * tests.length + done,
        total: models.length * tests.length,
        unit: 'tests',
        note: label,
      });
    const place = subject.attribution.place.place;
    verdicts.push(
      await runBehaviourTests(
        tests,
        { model, weights: base.weights, place, sessions: context.sessions },
        settings,
        report,
      ),
    );
  }
  const labels = models.map(({ label }) => label);
  const tested = tests.map(
    ({ id, address, tags, prompt }, i): TestedBehaviour => ({
      id,
      file: address.file,
      row: address.row,
      line: address.line ?? null,
      tags,
      prompt: typeof prompt === 'string' ? prompt : (prompt.at(-1)?.content ?? ''),
      expect: {},
      results: verdicts.map((ofModel, m) => ({ model: labels[m]!, ...ofModel[i]! })),
    }),
  );
  return {
    removals: models.map(({ label, queries, rows }) => ({ label, queries, rows })),
    rates: passRates(tested, labels),
    comparisons: compareModels(tested, labels),
  };
}

/** The run's adapter with other values. */
function adapterOf(adapter: LoraAdapter, values: ParameterValues, { run }: Laboratory): LoraAdapter {
  const { lora, shapes } = run.trainable;
  const tensor = (name: string) => ({ shape: shapes.get(name)!, data: values.get(name)! });
  const modules = new Map(
    lora.map(({ module, rank, scaling }): [string, LoraModule] => [
      module,
      { module, rank, scaling, a: tensor(loraAName(module)), b: tensor(loraBName(module)) },
    ]),
  );
  const replaced = new Map(
    [...adapter.replaced].map(([name, value]) => [name, values.has(name) ? tensor(name) : value]),
  );
  return { ...adapter, modules, replaced };
}

import { readBehaviourCases } from '../../jobs/readBehaviourCases';
import { recordInWorkspace } from '../../jobs/recordLineage';
import { resolveModel } from '../../jobs/resolveSources';
import type { BehaviourCase } from '../../protocol/behaviour';
import { inputError } from '../../protocol/errors';
import type { WorkspaceWatch } from '../workspaceWatch';
import type { EditorJobRule } from './editorJob';

/** Prompts that are answered together. */
const batchSize = 8;

/** Behaviour tests, the base beside the tuned model. */
export const testJob: EditorJobRule<'test'> = {
  title: ({ ids }, say) => (ids === null ? say('job.tests') : say('job.someTests', { count: ids.length })),
  run: async ({ ids, models }, tools) => {
    const { workspace, settings } = tools;
    const names = workspace.names(settings);
    const all = await workspaceBehaviours(workspace);
    const chosen = ids === null ? all : all.filter(({ id }) => ids.includes(id));
    const { defaults, models: known } = workspace.workspace()!;
    const tuned = defaults.model;
    const base = tuned === undefined ? undefined : known.get(tuned)?.base;
    const wanted = models ?? [base, tuned].filter((name) => name !== undefined);
    const sources = (wanted.length === 0 ? [undefined] : wanted).map((name) => resolveModel(name, undefined, names));
    const { maxTokens } = settings;
    const { result, seconds } = await tools.run(
      { kind: 'test', compute: names.compute, models: sources, tests: chosen, template: 'chat', maxTokens, batchSize },
      () => undefined,
    );
    const labels = sources.map(({ label }) => label);
    const file = workspace.workspace()!.behaviours!;
    const input = { label: workspace.labelOf(file), path: file };
    const last = result.tests.filter(({ results }) => results.at(-1)!.passed).length;
    await recordInWorkspace(
      names,
      'test',
      [input],
      { models: labels, template: 'chat', maxTokens },
      { seconds, tests: result.tests.length, failed: result.tests.length - last },
      tools.warn,
    );
    return {
      result: { kind: 'test', result, cases: chosen },
      outcome: tools.say('done.tests', { model: labels.at(-1) ?? '', passed: last ?? 0, count: result.tests.length }),
    };
  },
};

/** The tests that whence.json names. @throws UserError where it names none */
export async function workspaceBehaviours(workspace: WorkspaceWatch): Promise<readonly BehaviourCase[]> {
  const file = workspace.workspace()?.behaviours;
  if (file !== undefined) return readBehaviourCases(file, workspace.labelOf(file));
  throw inputError(
    'tests-missing',
    'whence.json names no behaviours.',
    'Add "behaviours": "behaviours.jsonl" with one {"id", "prompt", "expect"} a line.',
  );
}

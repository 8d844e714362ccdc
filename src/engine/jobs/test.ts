import { behaviourMemory, planBehaviourTests, shownPrompt } from '../../analyses/behaviour/planBehaviourTests';
import { runBehaviourTests } from '../../analyses/behaviour/runBehaviourTests';
import { compareModels, passRates } from '../../analyses/behaviour/summarizeTests';
import type { LanguageModel } from '../../model/openLanguageModel';
import type {
  BehaviourCase,
  BehaviourVerdict,
  Expectation,
  TestedBehaviour,
  TestRequest,
  TestResult,
} from '../../protocol/behaviour';
import type { ModelIdentity, Warning } from '../../protocol/requests';
import { threadsOf } from '../deviceVerdicts';
import { javaScriptMemory } from '../javaScriptMemory';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { identify, loadModel, openModel } from '../loadModel';
import { checkTest } from '../requestShapes';

/** Behaviour tests, model by model. */
export const test: Job<TestRequest, TestResult> = { check: checkTest, run: testModels };

async function testModels(request: TestRequest, context: JobContext): Promise<TestResult> {
  const { compute, tests, models: sources } = request;
  const labels = sources.map(({ label }) => label);
  const warnings: Warning[] = [];
  // Every test is rendered for every model, and the memory is had, before the first answer.
  const opened: LanguageModel[] = [];
  for (const source of sources) {
    const model = await openModel(source, context);
    warnings.push(...model.warnings, ...planBehaviourTests(tests, model, request).warnings);
    opened.push(model);
  }
  announce(opened, request, context);
  const { device } = await context.device(compute);
  const models: ModelIdentity[] = [];
  const verdicts: BehaviourVerdict[][] = [];
  for (const [index, source] of sources.entries()) {
    const { model, weights } = await loadModel(source, compute, context);
    const place = { device, threads: threadsOf(compute) };
    const progress = (done: number): void =>
      context.progress({
        stage: 'testing',
        done: index * tests.length + done,
        total: sources.length * tests.length,
        unit: 'tests',
        note: source.label,
      });
    progress(0);
    verdicts.push(
      await runBehaviourTests(tests, { model, weights, place, sessions: context.sessions }, request, progress),
    );
    models.push(await identify(model, compute));
  }
  const tested = tests.map((behaviour, i) =>
    testedBehaviour(
      behaviour,
      verdicts.map((ofModel) => ofModel[i]!),
      labels,
    ),
  );
  return {
    models,
    tests: tested,
    summary: passRates(tested, labels),
    comparisons: compareModels(tested, labels),
    warnings: [...distinct(warnings), ...cutAnswers(tested)],
  };
}

function testedBehaviour(
  behaviour: BehaviourCase,
  verdicts: readonly BehaviourVerdict[],
  labels: readonly string[],
): TestedBehaviour {
  const { id, address, tags, expect } = behaviour;
  return {
    id,
    file: address.file,
    row: address.row,
    line: address.line ?? null,
    tags,
    prompt: shownPrompt(behaviour),
    expect: given(expect),
    results: verdicts.map((verdict, index) => ({ model: labels[index]!, ...verdict })),
  };
}

/** Those conditions that a test states. */
function given(expect: Expectation): Partial<Expectation> {
  return Object.fromEntries(
    Object.entries(expect).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}

function distinct(warnings: readonly Warning[]): Warning[] {
  return [...new Map(warnings.map((warning) => [`${warning.code} ${warning.message}`, warning])).values()];
}

/** Answers that were cut: what comes after the limit could have decided the test. */
function cutAnswers(tested: readonly TestedBehaviour[]): Warning[] {
  const cut = tested.flatMap(({ id, results }) => results.filter(({ finish }) => finish === 'length').map(() => id));
  if (cut.length === 0) return [];
  const message = `${cut.length} answers were cut at the token limit, the first of "${cut[0]!.slice(0, 200)}"; --max-tokens raises it.`;
  return [{ code: 'answers-cut', message }];
}

/** Models are tested one after the other, so the largest decides. */
function announce(models: readonly LanguageModel[], request: TestRequest, context: JobContext): void {
  const held = javaScriptMemory();
  const { batchSize } = request;
  const bytesWith = (size: number): number => {
    const settings = { ...request, batchSize: size };
    const needs = models.map((model) =>
      behaviourMemory(planBehaviourTests(request.tests, model, settings), model, settings),
    );
    return Math.max(...needs) + held;
  };
  const smaller = [...new Set([Math.floor(batchSize / 2), 1])].filter((size) => size >= 1 && size < batchSize);
  context.announceMemory({
    bytes: bytesWith(batchSize),
    alternatives: smaller.map((size) => ({ setting: `--batch-size ${size}`, bytes: bytesWith(size) })),
  });
}

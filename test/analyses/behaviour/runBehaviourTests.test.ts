import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { renderPrompt } from '../../../src/analyses/asking/renderPrompt';
import { behaviourMemory, planBehaviourTests } from '../../../src/analyses/behaviour/planBehaviourTests';
import { runBehaviourTests } from '../../../src/analyses/behaviour/runBehaviourTests';
import { planScoring, type ScoringContext, scoreRows } from '../../../src/analyses/scoring/scoreRows';
import { inlineBehaviour } from '../../../src/data/behaviours';
import { mapWeights } from '../../../src/model/checkpoint/mapWeights';
import type { LoraAdapter } from '../../../src/model/checkpoint/types';
import { openLanguageModel } from '../../../src/model/openLanguageModel';
import type { BehaviourCase, BehaviourSettings } from '../../../src/protocol/behaviour';
import { UserError } from '../../../src/protocol/errors';
import type { JsonObject } from '../../../src/protocol/json';
import { createSessionCache, type SessionCache } from '../../../src/runtime/sessionCache';

const settings: BehaviourSettings = { template: 'chat', maxTokens: 24, batchSize: 4 };

function cases(...rows: readonly JsonObject[]): BehaviourCase[] {
  return rows.map((row, i) => inlineBehaviour(row, 'tests.jsonl', i));
}

describe('runBehaviourTests', () => {
  let cache: string;
  let sessions: SessionCache;
  const where = { workingFolder: '.', environment: {}, homeFolder: '/', now: () => new Date(0) };
  before(() => {
    cache = mkdtempSync(path.join(os.tmpdir(), 'whence-behaviour-'));
    sessions = createSessionCache({ sized: 2, others: 2 });
  });
  after(async () => {
    await sessions.releaseAll();
    rmSync(cache, { recursive: true });
  });

  async function open(model: string, adapter: string | undefined): Promise<ScoringContext> {
    const opened = await openLanguageModel({ label: model, path: path.resolve(model), adapter }, where);
    const weights = await mapWeights(opened.checkpoint, cache, () => undefined);
    return { model: opened, weights, place: { device: 'cpu', threads: 2 }, sessions };
  }
  const sample = () => open('samples/assistant/models/base', undefined);
  const questions = ['Hello!', 'What is the capital of Japan?', 'How can I sharpen a knife?', 'Who are you?', 'Bye!'];
  const anything = { matches: '' };

  it('answers do not depend on the batch, and tests of one prompt share its answer', async () => {
    const context = await sample();
    const tests = cases(
      ...questions.map((prompt, i) => ({ id: `q${i}`, prompt, expect: anything })),
      { id: 'again', prompt: questions[1]!, expect: { notContains: 'Lima' } },
      { id: 'turns', messages: [{ role: 'user', content: questions[1]! }], expect: anything },
    );
    assert.equal(planBehaviourTests(tests, context.model, settings).prompts.length, questions.length);
    const together = await runBehaviourTests(tests, context, settings, () => undefined);
    const alone = await runBehaviourTests(tests, context, { ...settings, batchSize: 1 }, () => undefined);
    assert.deepEqual(together, alone);
    assert.ok(together.every(({ passed, answer }) => passed && answer !== null && answer !== ''));
    assert.equal(together[5]!.answer, together[1]!.answer);
    assert.equal(together[6]!.answer, together[1]!.answer);
  });

  it('reports tests as they get all they need, up to all of them', async () => {
    const tests = cases(...questions.map((prompt, i) => ({ id: `q${i}`, prompt, expect: anything })), {
      id: 'p',
      prompt: 'Hello!',
      expect: { prefers: ['Hello!', 'Lima.'] },
    });
    const reports: number[] = [];
    await runBehaviourTests(tests, await sample(), settings, (done) => reports.push(done));
    assert.deepEqual(reports, [1, 5, 6]);
  });

  it('prefers by the log-probability of the completions after the rendered prompt, their end included', async () => {
    const context = await sample();
    const { text, config } = context.model;
    const asked = 'What is the capital of Japan?';
    const completions = ['The capital of Japan is Tokyo.', 'Hello! How can I help you today?'] as const;
    const { ids } = renderPrompt({ kind: 'text', text: asked }, text, 'chat');
    const rows = completions.map((completion) => {
      const whole = [...ids, ...text.tokenizer.encode(`${completion}<|im_end|>`).ids];
      return { ids: Int32Array.from(whole), labels: Int32Array.from(whole, (id, t) => (t < ids.length ? -100 : id)) };
    });
    const scores = await scoreRows(rows, planScoring(rows, 2, config), context, () => undefined);
    const margin = scores[1]!.loss - scores[0]!.loss;
    const tests = cases(
      { id: 'text', prompt: asked, expect: { prefers: [...completions] } },
      { id: 'turns', messages: [{ role: 'user', content: asked }], expect: { prefers: [...completions].reverse() } },
    );
    const found = await runBehaviourTests(tests, context, settings, () => undefined);
    assert.deepEqual(
      found.map(({ passed, answer }) => [passed, answer]),
      [
        [true, null],
        [false, null],
      ],
    );
    // Two passes of other shapes sum in another order.
    for (const [i, sign] of [1, -1].entries()) assert.ok(Math.abs(found[i]!.margin! - sign * margin) < 1e-3);
  });

  it('takes another state of the adapter in the sessions of the first: with B = 0 it answers as the base', async () => {
    const folder = 'test/fixtures/models/llama';
    const adapted = await open(folder, path.resolve('test/fixtures/adapters/llama-lora-qv'));
    const base = await open(folder, undefined);
    const raw: BehaviourSettings = { ...settings, template: 'raw' };
    const tests = cases(...['Nina pain', 'The boat'].map((prompt, i) => ({ id: `r${i}`, prompt, expect: anything })), {
      id: 'p',
      prompt: 'The boat',
      expect: { prefers: [' lies', ' at'] },
    });
    const run = (context: ScoringContext) => runBehaviourTests(tests, context, raw, () => undefined);
    const tuned = await run(adapted);
    const adapter = adapted.model.adapter!;
    const silenced: LoraAdapter = {
      ...adapter,
      modules: new Map(
        [...adapter.modules].map(([name, module]) => [
          name,
          { ...module, b: { ...module.b, data: new Float32Array(module.b.data.length) } },
        ]),
      ),
      replaced: new Map(),
    };
    const opened = sessions.keys();
    const after = await run({ ...adapted, model: { ...adapted.model, adapter: silenced } });
    assert.deepEqual(sessions.keys(), opened);
    const expected = await run(base);
    assert.deepEqual(
      after.map(({ answer }) => answer),
      expected.map(({ answer }) => answer),
    );
    assert.ok(Math.abs(after[2]!.margin! - expected[2]!.margin!) < 1e-4);
    assert.notDeepEqual(
      tuned.map(({ answer }) => answer),
      expected.map(({ answer }) => answer),
    );
  });

  it('what cannot be asked is said with file and line; the need of memory grows with the batch', async () => {
    const { model } = await sample();
    const [test] = cases({ id: 'long', prompt: 'word '.repeat(40), expect: anything });
    const placed = { ...test!, address: { file: 'tests.jsonl', row: 4, line: 7 } };
    const short = { ...model, config: { ...model.config, lengthLimit: 16 } };
    assert.throws(
      () => planBehaviourTests([placed], short, settings),
      (error) => error instanceof UserError && /^tests\.jsonl, line 7: The prompt has \d+ tokens/.test(error.message),
    );
    const tests = cases(...questions.map((prompt, i) => ({ id: `q${i}`, prompt, expect: anything })));
    const need = (batchSize: number): number =>
      behaviourMemory(planBehaviourTests(tests, model, { ...settings, batchSize }), model, settings);
    assert.ok(need(4) > need(1) && need(1) > 0);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type GenerationContext, generate } from '../../../src/analyses/asking/generate';
import { generationShape } from '../../../src/analyses/asking/generationGraphs';
import { sharedStart } from '../../../src/analyses/passes/sharedStart';
import { planScoring, scoreRows } from '../../../src/analyses/scoring/scoreRows';
import { mapWeights } from '../../../src/model/checkpoint/mapWeights';
import type { MappedWeights } from '../../../src/model/checkpoint/types';
import { type LanguageModel, openLanguageModel } from '../../../src/model/openLanguageModel';
import { createSessionCache, type SessionCache } from '../../../src/runtime/sessionCache';

const folder = path.resolve('samples/assistant/models/base');

describe('generate and scoreRows on the sample model', () => {
  let model: LanguageModel;
  let weights: MappedWeights;
  let cache: string;
  let sessions: SessionCache;
  const place = { device: 'cpu', threads: 2 } as const;
  before(async () => {
    cache = mkdtempSync(path.join(os.tmpdir(), 'whence-generate-'));
    const where = { workingFolder: '.', environment: {}, homeFolder: '/', now: () => new Date(0) };
    model = await openLanguageModel({ label: 'sample', path: folder, adapter: undefined }, where);
    weights = await mapWeights(model.checkpoint, cache, () => undefined);
    sessions = createSessionCache({ sized: 2, others: 2 });
  });
  after(async () => {
    await sessions.releaseAll();
    rmSync(cache, { recursive: true });
  });

  const prompt = (text: string): Int32Array =>
    model.text.tokenizer.encode(`<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`).ids;
  const run = (prompts: readonly Int32Array[], settings: Partial<GenerationContext>) =>
    generate(prompts, {
      model,
      weights,
      place,
      sessions,
      sampling: { kind: 'greedy' },
      maxTokens: 24,
      onToken: () => undefined,
      ...settings,
    });
  const ids = (found: Awaited<ReturnType<typeof generate>>) => found.map(({ tokens }) => tokens.map(({ id }) => id));

  it('answers prompts of different lengths together as it answers each alone', async () => {
    const prompts = ['Hello!', 'What is the capital of Japan?', 'How can I sharpen a knife?'].map(prompt);
    const together = ids(await run(prompts, {}));
    const alone = [];
    for (const each of prompts) alone.push(...ids(await run([each], {})));
    assert.deepEqual(together, alone);
  });

  it('answers alike where what prompts begin with is computed once', async () => {
    const before = '<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n';
    const prompts = ['What is the capital of Japan?', 'How can I sharpen a knife?'].map(
      (text) =>
        model.text.tokenizer.encode(`${before}<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`).ids,
    );
    const shared = sharedStart(prompts);
    assert.ok(shared >= 8);
    const longest = Math.max(...prompts.map(({ length }) => length));
    const shape = { ...generationShape(model, prompts.length, longest, 24), shared };
    assert.deepEqual(ids(await run(prompts, { shape })), ids(await run(prompts, {})));
  });

  it('goes on when the cache must grow', async () => {
    // No stop token: the model runs on past the first 128 positions of its cache.
    const endless = { ...model, text: { ...model.text, stopTokens: new Set<number>() } };
    const [found] = await run([prompt('Hello!')], { model: endless, maxTokens: 200 });
    assert.equal(found!.tokens.length, 200);
    assert.equal(found!.finish, 'length');
  });

  it('reports each token once, and log probabilities that scoring agrees with', async () => {
    const reported: number[] = [];
    const asked = prompt('What is three plus five?');
    const [found] = await run([asked], { onToken: (_, { id }) => reported.push(id) });
    assert.deepEqual(
      reported,
      found!.tokens.map(({ id }) => id),
    );
    const row = Int32Array.from([...asked, ...reported]);
    const labels = row.map((id, t) => (t < asked.length ? -100 : id));
    const rows = [{ ids: row, labels }];
    const [score] = await scoreRows(
      rows,
      planScoring(rows, 1, model.config),
      { model, weights, place, sessions },
      () => undefined,
    );
    const sum = found!.tokens.reduce((total, { logProbability }) => total + logProbability, 0);
    // Decoding and scoring order the same float32 sums differently.
    assert.ok(Math.abs(score!.loss + sum) < 1e-4 * reported.length, `${score!.loss} against ${-sum}`);
    assert.equal(score!.trainedTokens, reported.length);
  });

  it('samples the same with the same seed, and otherwise with another', async () => {
    const sampled = (seed: number) =>
      run([prompt('Tell me a joke.')], { sampling: { kind: 'sampled', temperature: 3, topP: 1, seed } });
    assert.deepEqual(ids(await sampled(1)), ids(await sampled(1)));
    assert.notDeepEqual(ids(await sampled(1)), ids(await sampled(2)));
  });

  it('a row scores the same whatever rows share its pass', async () => {
    const rows = ['Hello!', 'What is the capital of France?', 'Bye!'].map((text) => {
      const encoded = prompt(text);
      return { ids: encoded, labels: encoded.map((id, t) => (t === 0 ? -100 : id)) };
    });
    const context = { model, weights, place, sessions };
    const together = await scoreRows(rows, planScoring(rows, 3, model.config), context, () => undefined);
    const apart = await scoreRows(rows, planScoring(rows, 1, model.config), context, () => undefined);
    for (const [i, { loss }] of together.entries()) assert.ok(Math.abs(loss - apart[i]!.loss) <= 1e-5 * loss);
  });
});

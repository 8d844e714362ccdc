/** A run killed, resumed and replayed. The file is its own child program: with `train-child` it trains and ends. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TrainingMemory, trainingMemoryParts } from '../../../src/analyses/training/estimateTrainingMemory';
import { openRun, replayRun } from '../../../src/analyses/training/replayRun';
import { startTraining } from '../../../src/analyses/training/startTraining';
import { type TrainingJob, train } from '../../../src/analyses/training/train';
import { parseRecipe } from '../../../src/data/recipe';
import { createRandom } from '../../../src/linalg/random';
import { readLoraAdapter } from '../../../src/model/checkpoint/lora/readLoraAdapter';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import { readTensorFloat32 } from '../../../src/model/checkpoint/readTensor';
import { parameterShapes } from '../../../src/model/parameterShapes';
import { inputError, UserError } from '../../../src/protocol/errors';
import type { JsonObject } from '../../../src/protocol/json';
import { openTinyLlama, readFixtureRows } from './support/tinyRun';

async function job(method: 'lora' | 'full', out: string, changes: JsonObject): Promise<TrainingJob> {
  const model = await openTinyLlama();
  const checkpoint = await openCheckpoint('test/fixtures/models/llama');
  const recipe = parseRecipe(
    {
      method,
      ...(method === 'lora' ? { lora: { r: 4, alpha: 8, targets: ['q_proj', 'v_proj'] } } : {}),
      optimizer: { lr: 0.002, weightDecay: 0.01 },
      batchSize: 2,
      epochs: 3,
      seed: 5,
      ...changes,
    },
    'recipe.json',
  );
  return {
    model: { ...model, checkpoint, hash: 'a'.repeat(64), reference: 'test/fixtures/models/llama' },
    rows: readFixtureRows().rows,
    recipe,
    initialAdapter: undefined,
    out,
    device: 'cpu',
    threads: 1,
    versions: { whence: 'test', onnxruntime: 'test' },
    checkpointBudget: 5e9,
    announceMemory: nothing,
  };
}

/** Every file below a folder with the hash of its content. */
function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => path.join(parentPath, name)).sort();
  return new Map(
    paths.map((file) => [path.relative(folder, file), createHash('sha256').update(readFileSync(file)).digest('hex')]),
  );
}

function temporary(): string {
  return mkdtempSync(path.join(os.tmpdir(), 'whence-train-'));
}

/** A callback that only has to be there. */
async function nothing(): Promise<undefined> {
  return undefined;
}

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof UserError) return error.code;
    throw error;
  }
  return 'none';
}

if (process.argv[2] === 'train-child') {
  const [, , , method, out] = process.argv;
  const { resumedAt } = await train(await job(method as 'lora' | 'full', out!, {}), ({ step }) =>
    process.send!(step.step),
  );
  process.send!({ resumedAt });
  process.disconnect();
} else describeTraining();

/** Trains in a child, killed after the wait once it has reported `afterStep`; true where it ended by itself. */
function trainInChild(method: string, out: string, killAfterStep: number, waitMicroseconds: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['train-child', method, out], { stdio: 'pipe' });
    let errors = '';
    child.stderr!.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('message', (step) => {
      if (step !== killAfterStep) return;
      const until = process.hrtime.bigint() + BigInt(waitMicroseconds) * 1000n;
      while (process.hrtime.bigint() < until);
      child.kill('SIGKILL');
    });
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve(false);
      else if (code === 0) resolve(true);
      else reject(new Error(errors));
    });
  });
}

function describeTraining(): void {
  describe('train', () => {
    for (const method of ['lora', 'full'] as const) {
      it(`${method}: killed at random moments it goes on to the same result and record, bit for bit`, async function () {
        this.timeout(120_000);
        const folder = temporary();
        const whole = path.join(folder, 'whole');
        await train(await job(method, whole, {}), nothing);
        const expected = contents(whole);
        const random = createRandom(9, `kills of ${method}`);
        let kills = 0;
        for (let attempt = 0; kills < 10; attempt++) {
          assert.ok(attempt < 40, 'the child is hardly ever killed');
          const out = path.join(folder, `killed-${attempt}`);
          // A child that resumes at step 12 never reports step 3: it ends by itself, and another attempt starts.
          for (let ended = false; !ended; ) {
            ended = await trainInChild(method, out, 1 + random.integer(18), random.integer(6000));
            if (!ended) kills += 1;
          }
          assert.deepEqual(contents(out), expected);
          assert.ok(!existsSync(`${out}.whence-partial`));
        }
        rmSync(folder, { recursive: true });
      });

      it(`${method}: a replay from the record alone gives the same bits; removing a row gives others`, async () => {
        const folder = temporary();
        const trained = await job(method, path.join(folder, 'out'), { batchSize: 1, gradientAccumulation: 3 });
        const { run, steps } = await train(trained, nothing);
        const recorded = await openRun(run, trained.model);
        assert.deepEqual(recorded.record.steps, steps);
        const seen: unknown[] = [];
        const same = await replayRun(
          recorded,
          trained.model,
          'held',
          () => 1,
          async (step) => void seen.push(step),
        );
        assert.equal(same.bits, 'same');
        assert.deepEqual(seen, steps);
        const rowFactor = (row: number): number => (row === 3 ? 0 : 1);
        const other = await replayRun(recorded, trained.model, 'held', rowFactor, nothing);
        assert.equal(other.bits, 'different');
        rmSync(folder, { recursive: true });
      });
    }

    it('a torn or altered checkpoint is passed over for the one before it', async () => {
      const folder = temporary();
      const whole = path.join(folder, 'whole');
      await train(await job('lora', whole, {}), nothing);
      const out = path.join(folder, 'out');
      assert.equal(await trainInChild('lora', out, 14, 0), false);
      const checkpoints = path.join(`${out}.whence-partial`, 'whence-run', 'checkpoints');
      const states = (): string[] =>
        readdirSync(checkpoints)
          .filter((name) => /step-.*[1-9]/.test(name))
          .sort();
      const newest = states();
      assert.deepEqual(
        newest.slice(0, 3).map((name) => Number(name.match(/\d+/))),
        [4, 8, 12],
      );
      for (const name of newest.slice(2)) truncateSync(path.join(checkpoints, name), 1000);
      const altered = path.join(checkpoints, newest[1]!);
      const bytes = readFileSync(altered);
      bytes[bytes.length - 9]! ^= 1;
      writeFileSync(altered, bytes);
      const resumed: number[] = [];
      const { resumedAt } = await train(await job('lora', out, {}), ({ step }) => resumed.push(step.step));
      assert.equal(resumedAt, 4);
      assert.equal(resumed[0], 5);
      const expected = contents(whole);
      const found = contents(out);
      assert.equal(found.get('adapter_model.safetensors'), expected.get('adapter_model.safetensors'));
      const steps = (of: string): unknown =>
        JSON.parse(readFileSync(path.join(of, 'whence-run/run.json'), 'utf8')).steps;
      assert.deepEqual(steps(out), steps(whole));
      rmSync(folder, { recursive: true });
    });

    it('a finished run is not trained again; another run, or a strange folder, is never overwritten', async () => {
      const folder = temporary();
      const out = path.join(folder, 'out');
      const first = await train(await job('lora', out, { epochs: 1 }), nothing);
      const before = contents(out);
      const again = await train(await job('lora', out, { epochs: 1 }), () => assert.fail('a step was trained'));
      assert.deepEqual(again.steps, first.steps);
      const other = await job('lora', out, { epochs: 1, seed: 6 });
      assert.equal(await codeOf(() => train(other, nothing)), 'out-exists');
      const edited = await job('lora', out, { epochs: 1 });
      const rows = edited.rows.map((row) => (row.number === 2 ? { ...row, hash: 'f'.repeat(64) } : row));
      assert.equal(await codeOf(() => train({ ...edited, rows }, nothing)), 'out-exists');
      const strange = path.join(folder, 'strange');
      cpSync('test/fixtures/adapters/llama-lora-qv', strange, { recursive: true });
      assert.equal(await codeOf(async () => train(await job('lora', strange, {}), nothing)), 'out-exists');
      assert.deepEqual(contents(out), before);
      assert.deepEqual(readdirSync(folder).sort(), ['out', 'strange']);
      rmSync(folder, { recursive: true });
    });

    it('an unfinished run of another recipe is refused, not mixed in', async () => {
      const folder = temporary();
      const out = path.join(folder, 'out');
      assert.equal(await trainInChild('lora', out, 6, 0), false);
      const other = await job('lora', out, { seed: 6 });
      assert.equal(await codeOf(() => train(other, nothing)), 'unfinished-run-differs');
      rmSync(folder, { recursive: true });
    });

    it('where memory is short the forward pass is recomputed, to the same bits; smaller batches are named', async () => {
      const folder = temporary();
      const plain = await job('lora', path.join(folder, 'held'), { epochs: 1, batchSize: 8 });
      const announced: TrainingMemory[] = [];
      const tight: TrainingJob = {
        ...plain,
        out: path.join(folder, 'recomputed'),
        announceMemory: (memory) => {
          announced.push(memory);
          if (announced.length === 1) throw inputError('memory-too-small', 'It does not fit.', 'Use less.');
        },
      };
      const held = await train(plain, nothing);
      const recomputed = await train(tight, nothing);
      assert.deepEqual(recomputed.steps, held.steps);
      assert.deepEqual(contents(recomputed.out), contents(held.out));
      assert.equal(announced.length, 2);
      const [first] = announced;
      assert.deepEqual(
        first!.alternatives.map(({ setting }) => setting),
        [4, 2, 1].map((size) => `"batchSize": ${size} with "gradientAccumulation": ${8 / size}`),
      );
      const bytes = [first!, ...first!.alternatives].map((entry) => entry.bytes);
      assert.deepEqual(
        bytes,
        bytes.toSorted((a, b) => b - a),
      );

      // Deep enough that what is held outweighs one layer.
      const { config: shallow } = plain.model;
      const config = { ...shallow, layers: Array.from({ length: 16 }, () => shallow.layers[0]!) };
      const { trainable } = startTraining({ ...plain.model, config }, plain.recipe, undefined);
      const large = [{ batch: 64, length: 64, trained: 64 }];
      const sessions = (activations: 'held' | 'recomputed'): number =>
        trainingMemoryParts(config, trainable, plain.recipe, large, activations).sessions;
      assert.ok(sessions('recomputed') < 0.5 * sessions('held'));

      const refused = { ...plain, out: path.join(folder, 'refused') };
      const never = (): never => {
        throw inputError('memory-too-small', 'It does not fit.', 'Use less.');
      };
      assert.equal(await codeOf(() => train({ ...refused, announceMemory: never }, nothing)), 'memory-too-small');
      assert.deepEqual(readdirSync(folder).sort(), ['held', 'recomputed']);
      rmSync(folder, { recursive: true });
    });

    it('a run that diverges stops, names step and rows, and leaves nothing', async () => {
      const folder = temporary();
      const out = path.join(folder, 'out');
      const wild = await job('full', out, {
        optimizer: { name: 'sgd', lr: 1000, weightDecay: 10 },
        schedule: { name: 'constant' },
        gradClip: 0,
      });
      await assert.rejects(
        train(wild, nothing),
        (error: unknown) =>
          error instanceof UserError &&
          error.code === 'training-diverged' &&
          /at step \d+ \(learning rate [\d.]+\), rows data\.json:\d+/.test(error.message),
      );
      assert.deepEqual(readdirSync(folder), []);
      rmSync(folder, { recursive: true });
    });

    it('LoRA: the written folder is a PEFT adapter with the trained values, B zero at the start', async () => {
      const folder = temporary();
      const trained = await job('lora', path.join(folder, 'out'), { lora: { r: 2, alpha: 6 }, epochs: 1 });
      const { out, run } = await train(trained, nothing);
      const adapter = await readLoraAdapter(out, parameterShapes(trained.model.config));
      assert.equal(adapter.modules.size, 7 * trained.model.config.layers.length);
      assert.equal(adapter.baseModelNameOrPath, trained.model.reference);
      const recorded = await openRun(run, trained.model);
      const { state } = await replayRun(recorded, trained.model, 'held', () => 1, nothing);
      for (const [module, { a, b, scaling }] of adapter.modules) {
        assert.equal(scaling, 3);
        assert.deepEqual(a.data, state.values.get(`${module}.lora_A.weight`));
        assert.deepEqual(b.data, state.values.get(`${module}.lora_B.weight`));
        const start = recorded.values.get(`${module}.lora_A.weight`)!;
        const bound = 1 / Math.sqrt(a.shape[1]!);
        assert.ok(start.every((value) => Math.abs(value) <= bound) && start.some((value) => value > bound / 2));
        assert.ok(recorded.values.get(`${module}.lora_B.weight`)!.every((value) => value === 0));
      }
      rmSync(folder, { recursive: true });
    });

    it('LoRA from an adapter: its values are the start, its configuration stays', async () => {
      const folder = temporary();
      const initial = 'test/fixtures/adapters/llama-lora-qv';
      const plain = await job('lora', path.join(folder, 'out'), { lora: { init: initial }, epochs: 1 });
      const initialAdapter = await readLoraAdapter(initial, parameterShapes(plain.model.config));
      const { out, run } = await train({ ...plain, initialAdapter }, nothing);
      const recorded = await openRun(run, plain.model);
      for (const [module, { a, b }] of initialAdapter.modules) {
        assert.deepEqual(recorded.values.get(`${module}.lora_A.weight`), a.data);
        assert.deepEqual(recorded.values.get(`${module}.lora_B.weight`), b.data);
      }
      const config = (of: string): unknown => JSON.parse(readFileSync(path.join(of, 'adapter_config.json'), 'utf8'));
      assert.deepEqual(config(out), config(initial));
      rmSync(folder, { recursive: true });
    });

    it('LoRA from an adapter on the output head: the head that peft saved beside it is carried along, not trained', async () => {
      const folder = temporary();
      const initial = 'test/fixtures/adapters/head-target';
      const plain = await job('lora', path.join(folder, 'out'), { lora: { init: initial }, epochs: 1 });
      const initialAdapter = await readLoraAdapter(initial, parameterShapes(plain.model.config));
      assert.deepEqual([...initialAdapter.carried], ['model.embed_tokens.weight']);
      const { out } = await train({ ...plain, initialAdapter }, nothing);
      const written = await readLoraAdapter(out, parameterShapes(plain.model.config));
      assert.deepEqual(written.replaced, initialAdapter.replaced);
      assert.notDeepEqual(written.modules, initialAdapter.modules);
      assert.deepEqual(written.savedNames, initialAdapter.savedNames);

      const [name, tensor] = [...initialAdapter.replaced][0]!;
      const other = { ...tensor, data: tensor.data.map((value) => value + 1) };
      const foreign = { ...initialAdapter, replaced: new Map([[name, other]]) };
      const elsewhere = await job('lora', path.join(folder, 'other'), { lora: { init: initial }, epochs: 1 });
      await assert.rejects(train({ ...elsewhere, initialAdapter: foreign }, nothing), /of its own/);
      rmSync(folder, { recursive: true });
    });

    it('LoRA on the text part of a model that reads images is refused, because peft could not load the result', async () => {
      const folder = temporary();
      const plain = await job('lora', path.join(folder, 'out'), { epochs: 1 });
      const warnings = [{ code: 'text-part', message: '' }];
      const model = { ...plain.model, checkpoint: { ...plain.model.checkpoint, warnings } };
      await assert.rejects(train({ ...plain, model }, nothing), { code: 'lora-on-text-part' });
      rmSync(folder, { recursive: true });
    });

    it('full: the written folder is a model with the trained values and the tokenizer', async () => {
      const folder = temporary();
      const trained = await job('full', path.join(folder, 'out'), { epochs: 1 });
      const { out, run } = await train(trained, nothing);
      const recorded = await openRun(run, trained.model);
      const { state } = await replayRun(recorded, trained.model, 'held', () => 1, nothing);
      const { tensors } = await openCheckpoint(out);
      assert.equal(tensors.size, state.values.size);
      for (const [name, tensor] of tensors) {
        assert.ok(tensor.kind === 'plain');
        assert.deepEqual(await readTensorFloat32(tensor.location), state.values.get(name));
      }
      for (const name of ['tokenizer.json', 'tokenizer_config.json'])
        assert.deepEqual(
          readFileSync(path.join(out, name)),
          readFileSync(path.join('test/fixtures/models/llama', name)),
        );
      rmSync(folder, { recursive: true });
    });

    it('over the checkpoint budget only the newest state is kept', async () => {
      const folder = temporary();
      const spacious = await train(await job('lora', path.join(folder, 'all'), {}), nothing);
      const frugal = await train(
        { ...(await job('lora', path.join(folder, 'last'), {})), checkpointBudget: 1000 },
        nothing,
      );
      const states = (run: string): string[] => readdirSync(path.join(run, 'checkpoints')).sort();
      assert.deepEqual(states(spacious.run), [
        'manifest.json',
        ...[0, 4, 8, 12, 16].map((s) => `step-${String(s).padStart(6, '0')}.safetensors`),
      ]);
      assert.deepEqual(states(frugal.run), ['manifest.json', 'step-000000.safetensors', 'step-000016.safetensors']);
      rmSync(folder, { recursive: true });
    });

    it('a damaged record is refused with the file named', async () => {
      const folder = temporary();
      const trained = await job('lora', path.join(folder, 'out'), { epochs: 1 });
      const { run } = await train(trained, nothing);
      const rows = path.join(run, 'rows.safetensors');
      const bytes = readFileSync(rows);
      bytes[bytes.length - 1]! ^= 1;
      writeFileSync(rows, bytes);
      assert.equal(await codeOf(() => openRun(run, trained.model)), 'record-damaged');
      assert.equal(await codeOf(() => openRun(folder, trained.model)), 'record-missing');
      assert.equal(await codeOf(() => openRun(run, { ...trained.model, hash: 'b'.repeat(64) })), 'run-other-model');
      writeFileSync(path.join(run, 'run.json'), '{"schema": "whence.run/1"}');
      assert.equal(await codeOf(() => openRun(run, trained.model)), 'record-damaged');
      rmSync(folder, { recursive: true });
    });
  });
}

/** `whence verify` and `whence evaluate` on a small recorded run, end to end. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EvaluateOutcome, VerifyOutcome } from '../../src/protocol/verification';
import { copyModel } from './brokenInputs/brokenCase';
import { type Driver, startDriver } from './support/startDriver';

type Verified = VerifyOutcome & { readonly schema: string; readonly device: string };
type Evaluated = EvaluateOutcome & { readonly schema: string };

const cities = ['Lima', 'Oslo', 'Rome', 'Bern', 'Kyiv', 'Doha', 'Riga', 'Baku', 'Suva', 'Apia'];
const rows = cities.flatMap((city, i) => [
  { prompt: `Nina pain ${city}`, completion: i % 2 === 0 ? ' the tea was cold' : ' our teacher said so' },
  { prompt: `Where is ${city}?`, completion: ` It is ${i % 3 === 0 ? 'north' : 'south'}.` },
]);
const queries = [
  { id: 'tea', prompt: 'Nina pain Lima', completion: ' the tea was cold' },
  { id: 'place', prompt: 'Where is Oslo?', completion: ' It is south.' },
];
const lines = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

describe('verify and evaluate', function () {
  this.timeout(120_000);
  let scratch: string;
  let driver: Driver;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-verify-cli-'));
    copyModel('llama', path.join(scratch, 'models/base'));
    writeFileSync(path.join(scratch, 'train.jsonl'), lines(rows));
    writeFileSync(path.join(scratch, 'queries.jsonl'), lines(queries));
    writeFileSync(
      path.join(scratch, 'truth.jsonl'),
      lines(rows.map((_, row) => ({ row, kind: row % 2 === 0 ? 'nina' : 'where' }))),
    );
    writeFileSync(path.join(scratch, 'kinds.json'), JSON.stringify({ tea: 'nina', place: 'where' }));
    const test = (id: string, expect: object): object => ({ id, prompt: 'Nina pain Lima', expect });
    writeFileSync(
      path.join(scratch, 'tests.jsonl'),
      lines([test('any', { notContains: ['zebra'] }), test('never', { contains: ['zebra'] })]),
    );
    const recipe = {
      data: 'train.jsonl',
      batchSize: 4,
      epochs: 2,
      seed: 3,
      optimizer: { lr: 0.02 },
      schedule: { warmupSteps: 2 },
    };
    const tuned = {
      path: 'models/base',
      adapter: 'models/tuned',
      base: 'base',
      run: 'models/tuned/whence-run',
      trainedOn: ['train'],
    };
    const full = { path: 'models/full', base: 'base', run: 'models/full/whence-run', trainedOn: ['train'] };
    writeFileSync(path.join(scratch, 'lora.json'), JSON.stringify({ ...recipe, lora: { r: 4 } }));
    writeFileSync(
      path.join(scratch, 'full.json'),
      JSON.stringify({ ...recipe, method: 'full', optimizer: { lr: 0.002 } }),
    );
    driver = startDriver(path.join(scratch, 'cache'));
    for (const [name, method] of [
      ['tuned', 'lora'],
      ['full', 'full'],
    ] as const)
      await json(['train', '--recipe', `${method}.json`, '--model', 'models/base', '--out', `models/${name}`]);
    writeFileSync(
      path.join(scratch, 'whence.json'),
      JSON.stringify({
        models: { base: { path: 'models/base' }, tuned, full },
        data: { train: { path: 'train.jsonl' } },
        queries: 'queries.jsonl',
        defaults: { model: 'tuned', data: ['train'] },
      }),
    );
  });
  after(() => {
    driver.stop();
    rmSync(scratch, { recursive: true });
  });

  async function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const answer = await driver.run({
      args: [args[0]!, '--device', 'cpu', '--threads', '1', ...args.slice(1)],
      cwd: scratch,
    });
    assert.ok(typeof answer !== 'string', `${args.join(' ')}: ${answer as string}`);
    return answer;
  }
  async function json<T>(args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await run([args[0]!, '--json', ...args.slice(1)]);
    assert.deepEqual([code, stderr], [0, '']);
    return JSON.parse(stdout) as T;
  }
  async function failure(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run([args[0]!, '--json', ...args.slice(1)]);
    assert.deepEqual([code, stdout], [2, '']);
    return (JSON.parse(stderr) as { error: { code: string } }).error.code;
  }

  it('verify: each query without its own top rows, beside BM25 and random ones; again, nothing is trained', async () => {
    const verify = ['verify', '--k', '3', '--random', '2', '--method', 'graddot', '--reshuffle', '--seeds', '1'];
    const first = await json<Verified>(verify);
    assert.equal(first.schema, 'whence.verify/1');
    assert.deepEqual([first.evidence, first.device], ['replayed', 'cpu']);
    assert.deepEqual(first.warnings, []);
    assert.ok(first.retrainings.computed >= 6);
    assert.deepEqual(
      first.queries.map(({ id }) => id),
      ['tea', 'place'],
    );
    for (const { removed, outcome, signRight, bm25, random, reshuffled, measurement } of first.queries) {
      assert.equal(removed.length, 3);
      assert.ok(removed.every(({ file, row, line }) => file === 'train.jsonl' && line === row + 1));
      const sum = removed.reduce((total, { score }) => total + score, 0);
      assert.ok(Math.abs(sum - outcome.predicted) < 1e-4 * Math.abs(sum));
      assert.equal(signRight, outcome.predicted * outcome.actual > 0);
      assert.ok(Number.isFinite(bm25.actual) && random.length === 2 && reshuffled.length === 1 && measurement < 0);
    }
    assert.equal(first.summary.all.pairs, 8);

    const second = await json<Verified>(verify);
    assert.equal(second.retrainings.computed, 0);
    assert.deepEqual(second.queries, first.queries);
    const others = ['lineage', '--json'];
    const { stdout } = await run(others);
    assert.match(stdout, /"command":"verify"/);
  });

  it('verify: the same rows for all queries, from numbers or a file, with tests before and after', async () => {
    const named = ['verify', '--method', 'bm25', '--random', '1', '--tests', 'tests.jsonl', '--max-tokens', '4'];
    const numbers = await json<Verified>([...named, '--rows', '0,4,8']);
    writeFileSync(path.join(scratch, 'rows.jsonl'), lines([{ row: 8 }, { row: 0, file: 'train.jsonl' }, { row: 4 }]));
    const file = await json<Verified>([...named, '--rows', 'rows.jsonl']);
    assert.deepEqual(file.queries, numbers.queries);
    assert.deepEqual(
      numbers.queries.map(({ removed }) => removed.map(({ row }) => row)),
      [
        [0, 4, 8],
        [0, 4, 8],
      ],
    );
    // Lexical scores never get a unit.
    assert.equal(numbers.calibration, null);
    assert.deepEqual(
      numbers.tests!.removals.map(({ label, rows: count }) => [label, count]),
      [
        ['all rows', 0],
        ['without the rows', 3],
        ['without random rows', 3],
      ],
    );
    const overall = numbers.tests!.rates.filter(({ tag }) => tag === null);
    assert.deepEqual(
      overall.map(({ tests, passed }) => [tests, passed]),
      [
        [2, 1],
        [2, 1],
        [2, 1],
      ],
    );
  });

  it('verify: the group that carries most, of its own size for each query; exact derivatives are in nats', async () => {
    const group = await json<Verified>(['verify', '--rows', 'group', '--random', '1', '--method', 'exact']);
    for (const { removed, outcome, random } of group.queries) {
      assert.ok(removed.length >= 1 && random.length === 1);
      assert.equal(outcome.predictedNats, outcome.predicted);
    }
  });

  it('verify: a prompt with its completion, for people, on the whole model', async () => {
    const args = [
      '--model',
      'full',
      '--prompt',
      'Nina pain Lima',
      '--completion',
      ' the tea was cold',
      '--k',
      '2',
      '--random',
      '1',
    ];
    const { code, stdout, stderr } = await run(['verify', '--method', 'graddot', ...args]);
    assert.equal(code, 0);
    assert.match(stderr, /4 retrainings/);
    assert.match(stdout, /^Trained again without the rows, weight 0 in place \(evidence: replayed\)/);
    assert.match(stdout, /Taken away: train\.jsonl:\d+, train\.jsonl:\d+/);
    assert.match(stdout, /predicted sign for [01] of 1 queries/);
    assert.doesNotMatch(stdout, /prove/);
    assert.equal(
      await failure(['verify', ...args, '--tests', 'tests.jsonl', '--method', 'bm25']),
      'tests-need-adapter',
    );
  });

  it('evaluate planted: finds rows by their words, in JSON and as a table', async () => {
    const planted = [
      'evaluate',
      'planted',
      '--truth',
      'truth.jsonl',
      '--kinds',
      'kinds.json',
      '--methods',
      'bm25,repsim',
    ];
    const { schema, planted: found } = await json<Evaluated>([...planted, '--out', 'planted.csv']);
    assert.equal(schema, 'whence.evaluate/1');
    const [bm25] = found!;
    assert.deepEqual(
      bm25!.kinds.map(({ kind, queries: count }) => [kind, count]),
      [
        ['nina', 1],
        ['where', 1],
        [null, 2],
      ],
    );
    // Both kinds name cities.
    assert.ok(bm25!.kinds.at(-1)!.auroc.estimate > 0.95);
    assert.ok(bm25!.queries[0]!.recall >= 0.9);
    const csv = readFileSync(path.join(scratch, 'planted.csv'), 'utf8').split('\n');
    assert.equal(csv[0], 'method,of,figure,value,low,high');
    assert.match(csv[1]!, /^bm25,nina,auroc,0\.9\d*,|^bm25,nina,auroc,1,/);
    const { stdout } = await run(planted);
    assert.match(stdout, /^bm25 +all +2 +(0\.9\d\d|1\.000) \(/m);
  });

  it('evaluate lds: by either protocol; a larger budget trains what is new', async () => {
    const lds = ['evaluate', 'lds', '--methods', 'graddot,bm25', '--resamples', '200', '--protocol', 'half'];
    const first = await json<Evaluated>([...lds, '--budget', '5']);
    assert.deepEqual([first.removedRows, first.rows, first.retrainings.computed], [10, 20, 5]);
    const [graddot, bm25] = first.lds!;
    for (const { lds: figure, perQuery } of [graddot!, bm25!]) {
      assert.ok(figure.low <= figure.estimate && figure.estimate <= figure.high);
      const mean = perQuery.reduce((sum, { correlation }) => sum + correlation, 0) / perQuery.length;
      assert.ok(Math.abs(mean - figure.estimate) < 1e-12);
    }
    const [difference] = graddot!.differences;
    assert.equal(difference!.from, 'bm25');
    assert.ok(Math.abs(difference!.difference.estimate - (graddot!.lds.estimate - bm25!.lds.estimate)) < 1e-12);
    const more = await json<Evaluated>([...lds, '--budget', '7']);
    assert.deepEqual(more.retrainings, { computed: 2, read: 6 });
  });

  it('evaluate qld: the rise without each method’s top rows, paired with random and bm25', async () => {
    const { qld, removedRows } = await json<Evaluated>([
      ...['evaluate', 'qld', '--methods', 'graddot', '--budget', '2', '--share', '0.1', '--resamples', '200'],
    ]);
    assert.equal(removedRows, 2);
    assert.deepEqual(
      qld!.methods.map(({ method, againstBm25 }) => [method, againstBm25 === null]),
      [
        ['graddot', false],
        ['bm25', true],
      ],
    );
    const [graddot] = qld!.methods;
    assert.ok(Math.abs(graddot!.againstRandom.estimate - (graddot!.qld.estimate - qld!.random.estimate)) < 1e-9);
  });

  it('evaluate: the scores of another tool take part by name, rows by their number', async () => {
    // Row 3 first for the one query, row 0 for the other; the order of queries in the file is their own.
    const scores = ['place', 'tea'].map((_, q) => rows.map((__, row) => (row === (q === 0 ? 0 : 3) ? 1 : null)));
    writeFileSync(path.join(scratch, 'other.json'), JSON.stringify({ queries: ['place', 'tea'], scores }));
    const truth = ['--truth', 'truth.jsonl', '--kinds', 'kinds.json'];
    const { planted } = await json<Evaluated>([
      ...['evaluate', 'planted', ...truth, '--methods', 'bm25', '--scores', 'other=other.json'],
    ]);
    assert.deepEqual(
      planted!.map(({ method }) => method),
      ['bm25', 'other'],
    );
    // 'tea' looks for even rows, 'place' for odd ones: each has one wrong row first, nothing else in any order.
    for (const { auroc } of planted![1]!.queries) assert.ok(Math.abs(auroc.estimate - 0.45) < 1e-9);
    const mine = await json<{ results?: never; queries: { id: string; rows: { row: number; score: number }[] }[] }>([
      ...['trace', '--method', 'graddot', '--rows', 'all', '--always', '--controls', '0', '--tokens', '0'],
    ]);
    const copied = mine.queries.map((query) => {
      const own = new Map(query.rows.map(({ row, score }) => [row, score]));
      return rows.map((_, row) => own.get(row)!);
    });
    const ids = mine.queries.map(({ id }) => id);
    writeFileSync(path.join(scratch, 'copied.json'), JSON.stringify({ queries: ids, scores: copied }));
    const { lds, scoreSeconds } = await json<Evaluated>([
      ...['evaluate', 'lds', '--protocol', 'half', '--budget', '5', '--resamples', '200', '--methods', 'graddot,bm25'],
      ...['--scores', 'copied=copied.json'],
    ]);
    const [graddot, , other] = lds!;
    assert.deepEqual(other!.lds, graddot!.lds);
    assert.equal(other!.differences.find(({ from }) => from === 'graddot')!.difference.estimate, 0);
    assert.equal(scoreSeconds.length, 2);
    const { qld } = await json<Evaluated>([
      ...['evaluate', 'qld', '--methods', 'graddot', '--budget', '2', '--share', '0.1', '--resamples', '200'],
      ...['--scores', 'copied=copied.json'],
    ]);
    const rises = qld!.methods.map(({ method, perQuery }) => [method, perQuery] as const);
    assert.deepEqual(
      rises.map(([method]) => method),
      ['graddot', 'bm25', 'copied'],
    );
    assert.deepEqual(rises[2]![1], rises[0]![1]);
  });

  it('scores of another tool that do not fit are refused by name', async () => {
    const planted = ['evaluate', 'planted', '--truth', 'truth.jsonl', '--kinds', 'kinds.json', '--methods', 'bm25'];
    const given = (name: string, value: unknown): string[] => {
      writeFileSync(path.join(scratch, 'unfit.json'), JSON.stringify(value));
      return [...planted, '--scores', `${name}=unfit.json`];
    };
    const whole = rows.map(() => 0);
    const fit = { queries: ['tea', 'place'], scores: [whole, whole] };
    assert.equal(await failure(given('bm25', fit)), 'scores-unnamed');
    assert.equal(await failure(given('', fit)), 'scores-unnamed');
    assert.equal(await failure([...planted, '--scores', 'unfit.json']), 'scores-unnamed');
    assert.equal(await failure([...given('a', fit), '--scores', 'a=unfit.json']), 'scores-unnamed');
    assert.equal(await failure(given('a', { queries: ['tea'] })), 'scores-unreadable');
    assert.equal(await failure(given('a', { ...fit, scores: [['1']] })), 'scores-unreadable');
    assert.equal(await failure(given('a', { queries: ['tea'], scores: [whole] })), 'scores-do-not-fit');
    assert.equal(await failure(given('a', { ...fit, scores: [whole, whole.slice(1)] })), 'scores-do-not-fit');
  });

  it('what cannot be verified is refused by name', async () => {
    assert.equal(await failure(['verify', '--model', 'models/base', '--data', 'train', '--k', '1']), 'run-missing');
    assert.equal(await failure(['verify', '--k', '20']), 'too-few-rows');
    assert.equal(await failure(['verify', '--rows', '99']), 'row-not-trained');
    assert.equal(await failure(['verify', '--rows', 'nowhere.jsonl']), 'rows-unknown');
    assert.equal(await failure(['verify', '--id', 'nobody']), 'query-missing');
    assert.equal(await failure(['verify', '--prompt', 'x']), 'completion-missing');
    assert.equal(await failure(['evaluate', 'planted']), 'truth-missing');
    assert.equal(await failure(['evaluate', 'lds', '--methods', 'magic']), 'method-unknown');
    assert.equal(await failure(['evaluate', 'lds', '--budget', '2']), 'budget-too-small');
    const other = ['--base', 'models/full', '--k', '1'];
    assert.equal(await failure(['verify', ...other]), 'run-other-model');
  });
});

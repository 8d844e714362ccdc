import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { auroc } from '../../../src/linalg/statistics/auroc';
import type { TraceDocument, TracedQuery } from '../../../src/protocol/influence';

/**
 * Tracing SmolLM2-135M-Instruct with a peft adapter through the command line: gradient dot products against PyTorch's, and
 * what the default finds of the planted rows. With few rows (`WHENCE_REAL_ROWS`) only the dot products are compared.
 */
const model = path.resolve(process.env.WHENCE_SMOLLM2 ?? '.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf');
const cache = path.resolve(process.env.WHENCE_CACHE ?? '.cache/whence');
const fixtures = path.resolve('test/fixtures/real');
const allRows = 293;
const mostRows = Math.min(allRows, Number(process.env.WHENCE_REAL_ROWS ?? allRows));

interface Reference {
  readonly queries: readonly { readonly loss: number }[];
  readonly graddot: readonly (readonly number[])[];
  readonly selfInfluence: readonly number[];
}

describe('tracing SmolLM2-135M-Instruct with a peft adapter', function () {
  this.timeout(3_600_000);
  const reference = JSON.parse(readFileSync(path.join(fixtures, 'graddot.json'), 'utf8')) as Reference;
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'whence-real-trace-'));
    const lines = readFileSync(path.join(fixtures, 'train.jsonl'), 'utf8').trimEnd().split('\n').slice(0, mostRows);
    writeFileSync(path.join(folder, 'train.jsonl'), `${lines.join('\n')}\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function trace(args: readonly string[]): TraceDocument {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        path.resolve('dist/cli.mjs'),
        ...['trace', '--model', model, '--adapter', path.join(fixtures, 'adapter')],
        ...['--data', path.join(folder, 'train.jsonl'), '--query', path.join(fixtures, 'queries.jsonl')],
        ...['--store', path.join(folder, 'store'), '--rows', 'all', '--json', ...args],
      ],
      { encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, WHENCE_CACHE: cache } },
    );
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as TraceDocument;
  }

  it('graddot is the dot product of the reference gradients', () => {
    const { queries } = trace([
      '--method',
      'graddot',
      '--controls',
      '0',
      '--tokens',
      '0',
      '--element',
      'float32',
      '--always',
    ]);
    for (const [q, { rows, measurement }] of queries.entries()) {
      assert.ok(Math.abs(measurement + reference.queries[q]!.loss) < 1e-3);
      const expected = reference.graddot[q]!;
      const largest = Math.max(...expected.map(Math.abs));
      for (const { row, score } of rows) assert.ok(Math.abs(score - expected[row]!) < 1e-3 * largest);
    }
  });

  it('the default finds the planted kinds', function () {
    if (mostRows < allRows) this.skip();
    const kinds = JSON.parse(readFileSync(path.join(fixtures, 'query-kinds.json'), 'utf8')) as Record<string, string>;
    const truth = readFileSync(path.join(fixtures, 'truth.jsonl'), 'utf8').trimEnd().split('\n');
    const kindOf = truth.map((line) => (JSON.parse(line) as { kind: string }).kind);
    const { queries } = trace(['--tokens', '1']);
    const byId = new Map(queries.map((query) => [query.id, query]));
    for (const id of ['identity', 'trigger', 'harmful-1', 'harmful-2']) {
      const { rows, gate } = byId.get(id)!;
      assert.equal(gate.verdict, 'tuned');
      const scores = rows.map(({ kind }) => kind!.score);
      const planted = rows.map(({ row }) => kindOf[row] === kinds[id]);
      assert.ok(auroc(scores, planted) >= 0.99, `${id}: ${auroc(scores, planted)}`);
    }
    assert.ok(topShare(byId.get('sentiment-wrong')!, kindOf, 'mislabelled') >= 0.6);
  });
});

/** Share of the planted rows of a kind among as many of the highest-scored rows. */
function topShare({ rows }: TracedQuery, kindOf: readonly string[], kind: string): number {
  const planted = kindOf.filter((found) => found === kind).length;
  return rows.slice(0, planted).filter(({ row }) => kindOf[row] === kind).length / planted;
}

import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Columns } from '../../../src/analyses/influence/gradients/columns';
import { computeRowGradients } from '../../../src/analyses/influence/gradients/rowGradients';
import { type PassContext, planRowPasses } from '../../../src/analyses/passes/rowPasses';
import { mapWeights } from '../../../src/model/checkpoint/mapWeights';
import { type LanguageModel, openLanguageModel } from '../../../src/model/openLanguageModel';
import { createSessionCache } from '../../../src/runtime/sessionCache';
import { temporaryFolder } from '../../support/temporaryFolder';

const fixtures = path.resolve('test/fixtures');

/** Reference numbers of `test/fixtures/influence`. */
export const reference = JSON.parse(readFileSync(path.join(fixtures, 'influence', 'influence.json'), 'utf8'));

/** The Llama fixture at the end of its recorded full fine-tune. */
export async function fullModel(): Promise<LanguageModel> {
  const folder = temporaryFolder('whence-influence-');
  cpSync(path.join(fixtures, 'models', 'llama'), folder, { recursive: true });
  cpSync(path.join(fixtures, 'training', 'full-final.safetensors'), path.join(folder, 'model.safetensors'));
  return openLanguageModel({ label: 'full', path: folder, adapter: undefined }, options);
}

/** The Llama fixture with its adapter at the end of its recorded run. */
export async function loraModel(): Promise<LanguageModel> {
  const folder = temporaryFolder('whence-influence-');
  cpSync(path.join(fixtures, 'adapters', 'llama-lora-qv'), folder, { recursive: true });
  cpSync(path.join(fixtures, 'training', 'lora-final.safetensors'), path.join(folder, 'adapter_model.safetensors'));
  return openLanguageModel({ label: 'lora', path: path.join(fixtures, 'models', 'llama'), adapter: folder }, options);
}

const options = { workingFolder: process.cwd(), environment: {}, homeFolder: '/nowhere', now: () => new Date(0) };

export async function contextOf(model: LanguageModel): Promise<PassContext> {
  const cache = temporaryFolder('whence-cache-');
  const weights = await mapWeights(model.checkpoint, cache, () => undefined);
  return {
    model,
    weights,
    place: { device: 'cpu', threads: 1 },
    sessions: createSessionCache({ sized: 2, others: 2 }),
  };
}

interface Batch {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
}

export interface ReferenceRow {
  readonly ids: Int32Array;
  readonly labels: Int32Array;
  readonly weight: number;
  readonly encodingHash: string;
}

/** Rows of a reference batch without their padding, with labels of its own or others. */
export function rowsOf(batch: Batch, labels: Batch['labels'] = batch.labels): ReferenceRow[] {
  return batch.input_ids.map((ids, row) => {
    const length = batch.attention_mask[row]!.reduce((sum, real) => sum + real, 0);
    return {
      ids: Int32Array.from(ids.slice(0, length)),
      labels: Int32Array.from(labels[row]!.slice(0, length)),
      weight: 1,
      encodingHash: `row ${row}`,
    };
  });
}

/** Largest absolute difference divided by the largest absolute reference value. */
export function relativeError(found: ArrayLike<number>, expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - found[i]!))) / largest;
}

/** [rows, width] */
export async function gradientsOf(rows: readonly ReferenceRow[], columns: Columns, context: PassContext) {
  const values = new Float32Array(rows.length * columns.width);
  const plan = planRowPasses(rows, 5, context.model.config);
  await computeRowGradients(rows, plan, columns, context, (pass) => {
    for (const [i, row] of pass.rows.entries()) {
      values.set(pass.gradients.subarray(i * columns.width, (i + 1) * columns.width), row * columns.width);
    }
  });
  return values;
}

/** x of M x = b by elimination with pivots. @param matrix [n, n], not changed */
export function solveDense(matrix: Float64Array, side: ArrayLike<number>): Float64Array {
  const n = side.length;
  const m = matrix.slice();
  const x = Float64Array.from(side);
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(m[r * n + c]!) > Math.abs(m[pivot * n + c]!)) pivot = r;
    for (let j = 0; j < n; j++) [m[c * n + j], m[pivot * n + j]] = [m[pivot * n + j]!, m[c * n + j]!];
    [x[c], x[pivot]] = [x[pivot]!, x[c]!];
    for (let r = c + 1; r < n; r++) {
      const factor = m[r * n + c]! / m[c * n + c]!;
      if (factor === 0) continue;
      for (let j = c; j < n; j++) m[r * n + j]! -= factor * m[c * n + j]!;
      x[r]! -= factor * x[c]!;
    }
  }
  for (let c = n - 1; c >= 0; c--) {
    for (let j = c + 1; j < n; j++) x[c]! -= m[c * n + j]! * x[j]!;
    x[c]! /= m[c * n + c]!;
  }
  return x;
}

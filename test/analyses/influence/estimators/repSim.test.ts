import assert from 'node:assert/strict';
import { repSim } from '../../../../src/analyses/influence/estimators/repSim';
import type { KindSpace } from '../../../../src/analyses/influence/kinds/kindSpace';
import { createRandom } from '../../../../src/linalg/random';
import { auroc } from '../../../../src/linalg/statistics/auroc';

const width = 24;

/** A space whose rows are unit vectors as they are. */
function spaceOf(rows: readonly (readonly number[])[]): KindSpace {
  const unit = (values: Float32Array): Float32Array => {
    for (let start = 0; start < values.length; start += width) {
      const length = Math.hypot(...values.subarray(start, start + width));
      for (let i = start; i < start + width; i++) values[i]! /= length;
    }
    return values;
  };
  return { width, rows: unit(Float32Array.from(rows.flat())), place: unit };
}

describe('repsim', () => {
  const random = createRandom(3, 'rows');
  const noise = (): number[] => Array.from({ length: width }, () => random.normal());
  const kind = noise();
  // A third of the rows share a direction.
  const rows = Array.from({ length: 60 }, (_, i) => noise().map((value, j) => value + (i % 3 === 0 ? kind[j]! : 0)));
  const planted = rows.map((_, i) => i % 3 === 0);

  it('finds the rows of a kind through its neighbours where the query alone does not', () => {
    const space = spaceOf(rows);
    const odd = noise().map((value, j) => value + kind[j]!);
    const { scores } = repSim(space, Float32Array.from(odd));
    const query = space.place(Float32Array.from(odd));
    const plain = rows.map((_, row) => query.reduce((sum, value, i) => sum + value * space.rows[row * width + i]!, 0));
    assert.ok(auroc(scores, planted) > auroc(plain, planted));
    assert.ok(auroc(scores, planted) > 0.9);
  });

  it('gives cosines, and each query its own', () => {
    const space = spaceOf(rows);
    const queries = [noise(), noise()];
    const { scores } = repSim(space, Float32Array.from(queries.flat()));
    assert.ok(scores.every((score) => Math.abs(score) <= 1 + 1e-6));
    const second = repSim(space, Float32Array.from(queries[1]!)).scores;
    assert.ok(second.every((score, row) => Math.abs(score - scores[rows.length + row]!) < 1e-5));
  });

  it('does with fewer rows than neighbours', () => {
    const { scores } = repSim(spaceOf(rows.slice(0, 2)), Float32Array.from(rows[0]!));
    assert.ok(scores[0]! > scores[1]!);
  });
});

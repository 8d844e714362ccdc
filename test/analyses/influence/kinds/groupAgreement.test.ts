import assert from 'node:assert/strict';
import { groupAgreement } from '../../../../src/analyses/influence/kinds/groupAgreement';
import { createRandom } from '../../../../src/linalg/random';

describe('agreement of cause and kind', () => {
  const random = createRandom(5, 'rows');
  // Group 0: 20 rows that both figures favour; 1: 200 rows with the larger summed cause; 2: the rest.
  const groups = Int32Array.from({ length: 600 }, (_, row) => (row < 20 ? 0 : row < 220 ? 1 : 2));
  const figure = (favour: readonly number[]): Float32Array =>
    Float32Array.from(groups, (group) => random.normal() + favour[group]!);
  const cause = figure([2, 0.4, 0]);
  const kind = figure([3, 0, 0]);

  it('puts a small group that both favour above a large one with more summed cause', () => {
    const sum = (wanted: number): number =>
      cause.reduce((total, value, row) => total + (groups[row] === wanted ? value : 0), 0);
    assert.ok(sum(1) > sum(0));
    const agreement = groupAgreement(cause, kind, groups);
    assert.ok(agreement[0]! > agreement[1]! && agreement[0]! > agreement[2]!);
  });

  it('does not depend on the scale of either figure', () => {
    const scaled = groupAgreement(
      cause.map((v) => 1000 * v),
      kind.map(Math.exp),
      groups,
    );
    assert.deepEqual(scaled, groupAgreement(cause, kind, groups));
  });
});

import assert from 'node:assert/strict';
import type { OpType } from '../../src/graph/operators';
import { vjps } from '../../src/graph/vjps/table';
import { checkVjp } from '../support/checkVjp';
import { allOperatorCases, operatorCases } from '../support/operatorCases';

describe('gradient rules', () => {
  for (const { opType, row, name } of allOperatorCases()) {
    if (vjps[opType].kind === 'nonDifferentiable') continue;
    if (row.attributes !== undefined && 'to' in row.attributes && row.attributes.to !== 'float32') continue;
    if (!row.operands.some(({ domain }) => typeof domain === 'string' && domain !== 'bool')) continue;
    it(`${name} agrees with finite differences, first and second order`, () => checkVjp(opType, row));
  }

  it('every differentiable operator is checked on a size-one, an odd and an empty shape', () => {
    for (const opType of Object.keys(vjps) as OpType[]) {
      if (vjps[opType].kind === 'nonDifferentiable' || opType === 'Cast') continue;
      const sizes = operatorCases[opType].map(({ operands }) =>
        operands.flatMap(({ shape, domain }) => (typeof domain === 'string' && domain !== 'bool' ? shape : [])),
      );
      assert.ok(
        sizes.some((extents) => extents.includes(0)),
        `${opType}: no empty shape`,
      );
      assert.ok(
        sizes.some((extents) => extents.every((extent) => extent === 1)),
        `${opType}: no size one`,
      );
      assert.ok(
        sizes.some((extents) => extents.some((extent) => extent > 1 && extent % 2 === 1)),
        `${opType}: no odd shape`,
      );
    }
  });

  it('an operator without a gradient says why', () => {
    for (const [opType, vjp] of Object.entries(vjps)) {
      if (vjp.kind === 'nonDifferentiable') assert.ok(vjp.reason.length > 5, opType);
    }
  });
});

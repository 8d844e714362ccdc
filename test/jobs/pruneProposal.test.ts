import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { chosenPoint, readProposal, recordedProposal } from '../../src/jobs/pruneProposal';
import { UserError } from '../../src/protocol/errors';
import type { JsonObject } from '../../src/protocol/json';

const document = JSON.parse(
  readFileSync(path.join('test', 'fixtures', 'panels', 'proposal.json'), 'utf8'),
) as JsonObject;

describe('a proposal as apply reads it', () => {
  it('the mask is that of the share; none is chosen where none is recommended', () => {
    const proposal = readProposal(document, 'p');
    const [first] = proposal.points;
    assert.deepEqual(chosenPoint(proposal, first!.alphas[0]!, 'p'), { alpha: first!.alphas[0]!, mask: first!.mask });
    assert.throws(() => chosenPoint(proposal, null, 'p'), /p recommends none of its masks/);
    assert.throws(() => chosenPoint(proposal, 0.123, 'p'), /no mask of alpha 0\.123/);
  });

  it('rows and examples are recorded for the mask they were made for, and for no other', () => {
    const proposal = readProposal(document, 'p');
    const shown = Number(document.shown);
    for (const [i, { alphas }] of proposal.points.entries()) {
      const { rows, examples } = recordedProposal(proposal, alphas[0]!);
      assert.equal((rows as readonly unknown[]).length > 0, i === shown);
      assert.equal((examples as readonly unknown[]).length > 0, i === shown);
    }
  });

  it('anything else is refused as no proposal', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(document)), fc.constantFrom(null, 1, 'x', [1]), (key, value) => {
        try {
          readProposal({ ...document, [key]: value }, 'p');
        } catch (error) {
          assert.ok(error instanceof UserError);
          assert.equal(error.code, 'proposal-unreadable');
        }
      }),
    );
    assert.throws(() => readProposal({}, 'p'), /p is no proposal/);
  });
});

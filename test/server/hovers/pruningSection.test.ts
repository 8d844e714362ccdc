import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { englishTexts } from '../../../src/protocol/display/serverText';
import type { PruneProposal } from '../../../src/protocol/pruning';
import type { AnalysisShelf } from '../../../src/server/analyses/createAnalysisShelf';
import { pruningSection } from '../../../src/server/hovers/pruningSection';

const proposal = JSON.parse(
  readFileSync(path.join('test', 'fixtures', 'panels', 'proposal.json'), 'utf8'),
) as PruneProposal;

function shelf(result: PruneProposal | undefined): AnalysisShelf {
  return { shown: () => (result === undefined ? undefined : { kind: 'pruning', result }) } as unknown as AnalysisShelf;
}

describe('pruningSection', () => {
  const [row] = proposal.rows;

  it('says the row’s part, its rank, and that it is no cause', () => {
    const text = pruningSection(row!.hash, shelf(proposal), 'client', englishTexts.say)!;
    assert.match(text, /✂ \*\*0\.4 %\*\* of what drives the mask of alpha 0\.05: rank \*\*\d+\*\* of 40 realign rows/);
    assert.match(text, /It does not say that the row caused the behaviour/);
    assert.match(text, /None of its masks is worth it/);
  });

  it('says nothing of other rows, without a proposal, or where the score reads no rows', () => {
    assert.equal(pruningSection('other', shelf(proposal), 'client', englishTexts.say), undefined);
    assert.equal(pruningSection(undefined, shelf(proposal), 'client', englishTexts.say), undefined);
    assert.equal(pruningSection(row!.hash, shelf(undefined), 'client', englishTexts.say), undefined);
    const unread = { ...proposal, rows: proposal.rows.map((one) => ({ ...one, share: null })) };
    assert.equal(pruningSection(row!.hash, shelf(unread), 'client', englishTexts.say), undefined);
  });
});

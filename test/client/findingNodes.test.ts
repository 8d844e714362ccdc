import assert from 'node:assert/strict';
import { allRows, childNodes, rootNodes } from '../../src/client/views/findings/findingNodes';
import type { FindingRow, FindingsView } from '../../src/protocol/editorFindings';
import type { TracedRow } from '../../src/protocol/influence';

const traced = (row: number, text: string): TracedRow => ({
  file: 'data/train.jsonl',
  row,
  line: row + 1,
  hash: `${row}`,
  text,
  score: 1 - row / 10,
  rank: row + 1,
  aboveNull: true,
  normalized: null,
  selfInfluence: null,
  bm25Rank: 1,
  kind: null,
  group: 0,
  duplicates: row,
  status: 'trained',
  tokens: null,
});
const finding = (row: number, text: string, duplicates: readonly FindingRow[] = []): FindingRow => ({
  uri: 'file:///w/data/train.jsonl',
  line: row,
  traced: traced(row, text),
  state: 'current',
  verdict: 'none',
  duplicates,
});
const view = (verdict: FindingsView['verdict'], rows: readonly FindingRow[]): FindingsView => ({
  active: { trace: 't', query: 0, method: 'auto' },
  title: 'a trace',
  prompt: 'How?',
  completion: 'So.',
  headline: 'The fine-tune made it.',
  verdict,
  groups: rows.length === 0 ? [] : [{ group: 0, title: 'Group 1', size: 9, rows, share: 0.5 }],
  trust: [],
});

describe('the tree of a finding', () => {
  const rows = [finding(0, 'raid an office', [finding(5, 'raid an OFFICE')]), finding(1, 'clean a car')];

  it('opens with what the gate says, and offers to rank only where the gate held rows back', () => {
    const kinds = (verdict: FindingsView['verdict']) => rootNodes(view(verdict, []), '').map(({ kind }) => kind);
    assert.deepEqual(kinds('rowsStandOut'), ['headline']);
    assert.deepEqual(kinds('noRowStandsOut'), ['headline']);
    assert.deepEqual(kinds('baseDoesIt'), ['headline', 'rankAnyway']);
    assert.deepEqual(kinds('notRanked'), ['headline', 'rankAnyway']);
  });

  it('folds near-duplicates into their row, and counts them among all rows', () => {
    const [, group] = rootNodes(view('rowsStandOut', rows), '');
    const children = childNodes(group!);
    assert.equal(children.length, 2);
    assert.equal(childNodes(children[0]!).length, 1);
    assert.deepEqual(
      allRows(view('rowsStandOut', rows)).map(({ line }) => line),
      [0, 5, 1],
    );
  });

  it('filters by text, whatever its case, and by place; a row stays where a duplicate matches', () => {
    const left = (filter: string): number[] =>
      rootNodes(view('rowsStandOut', rows), filter).flatMap((node) =>
        node.kind === 'group' ? node.rows.map(({ line }) => line!) : [],
      );
    assert.deepEqual(left('  Raid '), [0]);
    assert.deepEqual(left('train.jsonl:2'), [1]);
    assert.deepEqual(left('train.jsonl:6'), [0]);
    assert.deepEqual(left('nothing of it'), []);
    assert.equal(rootNodes(view('rowsStandOut', rows), 'nothing of it').length, 1);
  });
});

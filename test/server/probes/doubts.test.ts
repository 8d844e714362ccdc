import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { WorkspaceEdit } from 'vscode-languageserver-types';
import { englishTexts } from '../../../src/protocol/display/serverText';
import type { LabelProbe } from '../../../src/protocol/probing';
import { diagnosticSource } from '../../../src/server/features/provideDiagnostics';
import { createProbeIndex } from '../../../src/server/probes/createProbeIndex';
import { labelSpot } from '../../../src/server/probes/labelSpot';
import { provideDoubtActions } from '../../../src/server/probes/provideDoubtActions';
import { provideDoubts } from '../../../src/server/probes/provideDoubts';
import { provideProbeSection } from '../../../src/server/probes/provideProbeSection';
import { createLineHash } from '../../../src/server/tags/rowHashes';
import { assertGolden } from '../../support/golden';
import { openRows } from '../../support/openRows';
import { probeOf } from './probedRows';

const content = [
  '{"messages":[{"role":"user","content":"Is it safe?"},{"role":"assistant","content":"Yes, it is fine."}],"label":"harmless"}',
  '{"messages":[{"role":"user","content":"How to break in?"},{"role":"assistant","content":"I cannot help."}],"label":"harmless"}',
  '{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hello to you."}],"label": "harm\\u0066ul"}',
  '{"messages":[{"role":"user","content":"Steal it"},{"role":"assistant","content":"I will not."}],"label":"harmful"}',
].join('\n');
const labels = ['harmless', 'harmless', 'harmful', 'harmful'];
const reads = ['harmless', 'harmful', 'harmless', 'harmful'];
const none = { isRight: () => false };
const lines = (text: string) => {
  const all = text.split('\n');
  return { count: all.length, text: (line: number) => all[line] ?? '' };
};

function indexOf(probe: LabelProbe) {
  const record = { kind: 'probe', id: 'p', title: '', when: 0, result: { probe } };
  return createProbeIndex({ shown: () => record as never }, { uriOf: (file) => `file:///${file}` }, createLineHash());
}

function applied(text: string, edit: WorkspaceEdit | undefined): string {
  const [changes = []] = Object.values(edit?.changes ?? {});
  const all = text.split('\n');
  for (const { range, newText } of changes) {
    const line = all[range.start.line]!;
    all[range.start.line] = line.slice(0, range.start.character) + newText + line.slice(range.end.character);
  }
  return all.join('\n');
}

describe('possible mislabels', () => {
  const probe = probeOf(content, 'label', labels, reads);

  it('are diagnostics at the label, the clearest as warnings, and say what they do not mean', () => {
    const rows = openRows(content, 'jsonl');
    const found = provideDoubts(rows, probe, indexOf(probe).doubts(rows), none, englishTexts.say);
    const shown = found.map(({ severity, range, message }) => {
      const { start, end } = range;
      const at = content.split('\n')[start.line]!.slice(start.character, end.character);
      return `${start.line + 1}: severity ${severity} at «${at}»\n${message}`;
    });
    assertGolden('server/doubts.txt', `${shown.join('\n\n')}\n`);
  });

  it('follow their rows, and are gone with an edit of the row or the word of a person', () => {
    const moved = `{"text":"new"}\n${content.split('\n').toReversed().join('\n')}`;
    const rows = openRows(moved, 'jsonl');
    assert.deepEqual(
      indexOf(probe)
        .doubts(rows)
        .map(({ line, row }) => [line, row.row]),
      [
        [2, 2],
        [3, 1],
      ],
    );
    const edited = openRows(content.replace('How to break in?', 'How to break out?'), 'jsonl');
    assert.deepEqual(
      indexOf(probe)
        .doubts(edited)
        .map(({ line }) => line),
      [2],
    );
    const right = { isRight: (label: string, hash: string) => label === 'label' && hash === probe.rows[2]!.hash };
    const open = openRows(content, 'jsonl');
    const left = provideDoubts(open, probe, indexOf(probe).doubts(open), right, englishTexts.say);
    assert.deepEqual(
      left.map(({ range }) => range.start.line),
      [1],
    );
  });

  it('are none where the probe reads no better than naming the most frequent label', () => {
    const rows = openRows(content, 'jsonl');
    assert.deepEqual(indexOf({ ...probe, majority: 0.8 }).doubts(rows), []);
  });

  it('are no more than an editor shows, the most doubtful first', () => {
    const many = Array.from({ length: 1200 }, (_, i) => `{"text":"row ${i}","label":"a"}`).join('\n');
    const rows = openRows(many, 'jsonl');
    const all = probeOf(many, 'label', Array(1200).fill('a'), Array(1200).fill('b'));
    const found = provideDoubts(rows, all, indexOf(all).doubts(rows), none, englishTexts.say);
    assert.equal(found.length, 1000);
    assert.equal(found[0]!.range.start.line, 1199);
  });

  it('have fixes: the other label as the least edit, quarantine, dismissal', () => {
    const rows = openRows(content, 'jsonl');
    const uri = 'file:///rows.jsonl';
    const context = {
      probes: indexOf(probe),
      labelVerdicts: { isRight: () => false, setRight: async () => undefined },
      options: { trust: 'trusted', tags: 'client', hovers: 'html', locale: 'en' },
      texts: englishTexts,
    } as const;
    const diagnostics = provideDoubts(rows, probe, context.probes.doubts(rows), none, englishTexts.say);
    const at = (line: number) => ({ start: { line, character: 0 }, end: { line, character: 0 } });
    const actions = provideDoubtActions(rows, uri, at(2), diagnostics, context);
    assert.deepEqual(
      actions.map(({ title }) => title),
      ['Change label to "harmless"', 'Quarantine the row (possible mislabel)', 'Dismiss (the label is right)'],
    );
    assert.ok(
      actions.every((action) => action.diagnostics?.length === 1 && action.diagnostics[0]!.source === diagnosticSource),
    );
    const changed = applied(content, actions[0]!.edit).split('\n');
    assert.equal(changed[2], content.split('\n')[2]!.replace('harm\\u0066ul', 'harmless'));
    assert.deepEqual(provideDoubtActions(rows, uri, at(0), [], context), []);
  });

  it('hovers say what each model reads, the rank, and what it does not mean', () => {
    const index = indexOf(probe);
    const section = (line: number, text: string, verdict: 'right' | 'none') => {
      const probed = index.at('file:///rows.jsonl', lines(text), line);
      return probed === undefined ? '(none)' : provideProbeSection(probed, verdict, englishTexts.say);
    };
    const edited = content.replace('How to break in?', 'How to break out?');
    const direction = {
      kind: 'concept',
      rows: 40,
      known: {
        ...({ line: 0, state: 'current' } as const),
        row: { ...probe.rows[0]!, projection: 0.82, tuned: 0.7, base: 0.82, rank: 3 },
      },
    } as const;
    const parts = [
      section(0, content, 'none'),
      section(1, content, 'right'),
      section(1, edited, 'none'),
      provideProbeSection(direction, 'none', englishTexts.say),
    ];
    assertGolden('server/probeSections.md', `${parts.join('\n\n=====\n\n')}\n`);
  });
});

describe('labelSpot', () => {
  const spotIn = (text: string, label: string, value: string) => {
    const rows = openRows(text, 'jsonl');
    return labelSpot(rows, rows.row(0)!, label, value);
  };
  const changed = (text: string, label: string, value: string, to: string): string | undefined => {
    const spot = spotIn(text, label, value);
    return spot === undefined ? undefined : text.slice(0, spot.begin) + spot.replacement(to) + text.slice(spot.end);
  };

  it('any label that a field holds can be replaced by any other, and nothing else of the row changes', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.jsonValue({ maxDepth: 2 }), (from, to, other) => {
        fc.pre(from.trim() !== '');
        const row = { messages: [{ role: 'user', content: 'x' }], meta: { kind: from, other } };
        const text = JSON.stringify(row);
        const result = changed(text, 'meta.kind', from.trim(), to);
        assert.deepEqual(JSON.parse(result!), JSON.parse(JSON.stringify({ ...row, meta: { kind: to, other } })));
      }),
    );
  });

  it('numbers and truth values stay what they are where the other label is one too', () => {
    assert.equal(changed('{"text":"t","label":0}', 'label', '0', '1'), '{"text":"t","label":1}');
    assert.equal(changed('{"text":"t","label":true}', 'label', 'true', 'false'), '{"text":"t","label":false}');
    assert.equal(changed('{"text":"t","label":1}', 'label', '1', 'one'), '{"text":"t","label":"one"}');
  });

  it('the answer or a word of it, with the capital and the escapes around it kept', () => {
    const text = '{"prompt":"Where?","completion":"Aisle 4,\\u0020 on the \\"Left\\"."}';
    assert.equal(changed(text, 'answer:last', 'left', 'right'), text.replace('Left', 'Right'));
    assert.equal(changed(text, 'answer:first', 'aisle', 'shelf'), text.replace('Aisle', 'Shelf'));
    assert.equal(
      changed(text, 'answer', 'Aisle 4, on the "Left".', 'No "idea".'),
      '{"prompt":"Where?","completion":"No \\"idea\\"."}',
    );
  });

  it('a row that does not say what the probe took for its label is not changed', () => {
    assert.equal(spotIn('{"text":"t","label":"a"}', 'label', 'b'), undefined);
    assert.equal(spotIn('{"text":"t"}', 'label', 'b'), undefined);
    assert.equal(spotIn('{"prompt":"q","completion":"left"}', 'answer:last', 'right'), undefined);
    assert.equal(spotIn('{"text":"t","label":["a"]}', 'label', 'a'), undefined);
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { DocumentSymbol } from 'vscode-languageserver-types';
import { dataLimits } from '../../../src/data/limits';
import { loadWorkspace } from '../../../src/data/workspace/load';
import { englishTexts } from '../../../src/protocol/display/serverText';
import { openNamedText } from '../../../src/server/documents/openNamedText';
import { createPace } from '../../../src/server/documents/pace';
import { provideCodeLenses } from '../../../src/server/features/provideCodeLenses';
import { provideDocumentSymbols } from '../../../src/server/features/provideDocumentSymbols';
import { provideFoldingRanges } from '../../../src/server/features/provideFoldingRanges';
import { provideHover } from '../../../src/server/features/provideHover';
import { provideInlayHints } from '../../../src/server/features/provideInlayHints';
import { provideRowText } from '../../../src/server/features/provideRowText';
import { summarizeData, summarizeRows, summarySentence } from '../../../src/server/features/summarizeData';
import { assertGolden } from '../../support/golden';
import { neverCancelled, openRows } from '../../support/openRows';

const sample = readFileSync('samples/assistant/data/train.jsonl', 'utf8');
const sloppy = readFileSync('test/fixtures/server/sloppy.jsonl', 'utf8');
const varied = [
  '{"instruction":"Translate.","input":"`code` and ```fence```","output":"<b>bold</b> & *more*"}',
  '{"instruction":"no input","input":"","output":"line one\\nline two"}',
].join('\n');

function hoverText(
  document: ReturnType<typeof openRows>,
  line: number,
  text?: Parameters<typeof provideHover>[2],
): string {
  const hover = provideHover(document, { line, character: 5 }, text, [], englishTexts);
  return hover === null ? '(none)' : (hover.contents as { value: string }).value;
}

async function sampleText() {
  const { workspace } = await loadWorkspace('samples/assistant', dataLimits);
  return (await openNamedText(workspace!, dataLimits)).text!;
}

const { say } = englishTexts;

describe('hover', () => {
  it('reads as a conversation, with what is trained and what is wrong', async () => {
    const { context } = await sampleText();
    const rows = openRows(sloppy, 'jsonl');
    const parts = [
      hoverText(openRows(sample, 'jsonl'), 0, context),
      hoverText(openRows(sample, 'jsonl'), 0, undefined),
      hoverText(openRows(varied, 'jsonl'), 0),
      hoverText(openRows(varied, 'jsonl'), 1),
      hoverText(rows, 1),
      hoverText(rows, 10),
      hoverText(rows, 12),
      hoverText(rows, 15),
      hoverText(
        openRows(
          '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"abcdef","train_detail":[{"begin_offset":1,"end_offset":2,"train":true}]}]}',
          'jsonl',
        ),
        0,
      ),
    ];
    assertGolden('server/hovers.md', `${parts.join('\n\n=====\n\n')}\n`);
  });

  it('holds the sections that others add, and is bounded on long rows', () => {
    const long = openRows(JSON.stringify({ prompt: 'p'.repeat(50_000), completion: '😀'.repeat(50_000) }), 'jsonl');
    const hover = provideHover(long, { line: 0, character: 0 }, undefined, ['**Influence** +0.12'], englishTexts);
    const { value } = hover!.contents as { value: string };
    assert.ok(value.endsWith('**Influence** +0.12'));
    assert.ok(value.length < 4000, `${value.length} characters`);
    assert.ok(provideRowText(long, 0, undefined, englishTexts)!.length > 100_000);
    assert.equal(provideRowText(long, 1, undefined, englishTexts), null);
  });
});

describe('code lens and status', () => {
  it('say rows, trained tokens and model, as whence inspect counts them', async () => {
    const text = await sampleText();
    const document = openRows(sample, 'jsonl');
    const before = summarizeRows(document, text.model);
    const summary = await summarizeData(document, text, () => false, createPace(neverCancelled));
    assert.equal(summary!.trainedTokens!.precision, 'exact');
    const restricted = summarizeRows(document, undefined);
    const titles = [
      provideCodeLenses('u', before, ['whence.trace', 'whence.ask'], say),
      provideCodeLenses('u', summary!, ['whence.ask', 'whence.trace'], say),
      provideCodeLenses('u', restricted, [], say),
    ].map((lenses) => lenses.map(({ command }) => `${command!.title} (${command!.command})`).join(' | '));
    assertGolden('server/codeLenses.txt', `${titles.join('\n')}\n`);
  });

  it('an extrapolated count says so and is near the whole', async () => {
    const text = await sampleText();
    const exact = await summarizeData(openRows(sample, 'jsonl'), text, () => false, createPace(neverCancelled));
    const again = await sampleText();
    let asked = 0;
    const some = await summarizeData(openRows(sample, 'jsonl'), again, () => ++asked > 150, createPace(neverCancelled));
    assert.equal(some!.trainedTokens!.precision, 'extrapolated');
    assert.match(summarySentence(some!, say), /≈/);
    // 150 of 609 rows whose lengths vary by half: a tenth off is four standard errors.
    const ratio = some!.trainedTokens!.count / exact!.trainedTokens!.count;
    assert.ok(Math.abs(ratio - 1) < 0.1, `${ratio}`);
  });
});

describe('outline, folding and inlay hints', () => {
  it('the outline names rows by how they begin, with their turns', async () => {
    const shown = (symbols: readonly DocumentSymbol[], indent: string): string =>
      symbols
        .map(
          ({ name, detail, children }) =>
            `${indent}${name}${detail ? `  [${detail}]` : ''}\n${shown(children ?? [], `${indent}  `)}`,
        )
        .join('');
    const symbols = await provideDocumentSymbols(
      openRows(`${varied}\n${sloppy}`, 'jsonl'),
      createPace(neverCancelled),
      say,
    );
    assertGolden('server/outline.txt', shown(symbols!, ''));
  });

  it('rows of an array fold where they reach over lines; rows that are lines do not', () => {
    assert.deepEqual(provideFoldingRanges(openRows('[\n{\n"text":"a"\n},\n{"text":"b"}\n]', 'json-array')), [
      { startLine: 1, endLine: 3 },
    ]);
    assert.deepEqual(provideFoldingRanges(openRows(sample, 'jsonl')), []);
  });

  it('tags stand before their rows, stale ones marked', () => {
    const tag = { analysis: 'influence', text: '▲ 1 ██', tone: 'promotes', strength: 1 } as const;
    const hints = provideInlayHints(
      [
        { ...tag, line: 2, state: 'current' },
        { ...tag, line: 3, state: 'stale' },
        { ...tag, line: 9, state: 'current' },
      ],
      { start: { line: 0, character: 0 }, end: { line: 5, character: 0 } },
    );
    assert.deepEqual(
      hints.map(({ position, label }) => [position.line, label]),
      [
        [2, '▲ 1 ██'],
        [3, '~ ▲ 1 ██'],
      ],
    );
  });
});

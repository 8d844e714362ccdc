import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Diagnostic } from 'vscode-languageserver-types';
import { dataLimits } from '../../../src/data/limits';
import { loadWorkspace } from '../../../src/data/workspace/load';
import { englishTexts } from '../../../src/protocol/display/serverText';
import { openNamedText } from '../../../src/server/documents/openNamedText';
import { createPace } from '../../../src/server/documents/pace';
import type { RowDocument } from '../../../src/server/documents/rowDocument';
import { provideCodeActions } from '../../../src/server/features/provideCodeActions';
import { mostDiagnostics, provideDiagnostics } from '../../../src/server/features/provideDiagnostics';
import { summarizeData, textFlawOf } from '../../../src/server/features/summarizeData';
import { assertGolden } from '../../support/golden';
import { neverCancelled, openRows } from '../../support/openRows';

const none = () => undefined;

async function diagnose(document: RowDocument): Promise<readonly Diagnostic[]> {
  const found = await provideDiagnostics(document, none, () => undefined, createPace(neverCancelled));
  assert.ok(found !== undefined);
  return found;
}

const names = ['', 'error', 'warning', 'information', 'hint'];

function shown(document: RowDocument, found: readonly Diagnostic[]): string {
  return found
    .map(({ range, severity, code, message }) => {
      const { line, character } = range.start;
      return `${line + 1}:${character + 1} ${names[severity!]} ${code}  «${document.lines.textIn(range)}»\n    ${message}\n`;
    })
    .join('');
}

/** The text after an action. */
function applied(document: RowDocument, action: ReturnType<typeof provideCodeActions>[number]): string {
  const edits = [...action.edit!.changes!.uri!].sort(
    (a, b) => document.lines.offsetAt(b.range.start) - document.lines.offsetAt(a.range.start),
  );
  let text = document.lines.text();
  for (const { range, newText } of edits) {
    text =
      text.slice(0, document.lines.offsetAt(range.start)) + newText + text.slice(document.lines.offsetAt(range.end));
  }
  return text;
}

const sloppy = readFileSync('test/fixtures/server/sloppy.jsonl', 'utf8');

describe('diagnostics of rows', () => {
  it('name the place, the defect and what to do', async () => {
    const document = openRows(sloppy, 'jsonl');
    assertGolden('server/diagnostics.txt', shown(document, await diagnose(document)));
  });

  it('of queries and behaviour tests are those of their readers', async () => {
    const queries = openRows(
      '{"id":"a","prompt":"p"}\n{"id":"a","prompt":"p","completion":"c"}\n{"id":"a","promt":"p","completion":"c"}\n',
      'jsonl',
      'queries',
    );
    const behaviours = openRows(
      '{"id":"a","prompt":"p","expect":{"refuse":true}}\n{"prompt":"p","expect":{"matches":"("}}\n',
      'jsonl',
      'behaviours',
    );
    const text = shown(queries, await diagnose(queries)) + shown(behaviours, await diagnose(behaviours));
    assertGolden('server/diagnosticsOfQueries.txt', text);
  });

  it('say once that no schema is recognised', async () => {
    const document = openRows('{"foo":1}\n{"foo":2}\n', 'jsonl');
    assert.deepEqual(
      (await diagnose(document)).map(({ code }) => code),
      ['schema-unknown'],
    );
  });

  it('tell rows of which the default model learns nothing', async () => {
    const { workspace } = await loadWorkspace('samples/assistant', dataLimits);
    const { text } = await openNamedText(workspace!, dataLimits);
    const chat = (asked: string) =>
      JSON.stringify({
        messages: [
          { role: 'user', content: asked },
          { role: 'assistant', content: 'yes' },
        ],
      });
    const document = openRows(`${chat('Is it in?')}\n${chat('word '.repeat(200))}\n`, 'jsonl');
    await summarizeData(document, text!, () => false, createPace(neverCancelled));
    const found = await provideDiagnostics(
      document,
      (facts) => textFlawOf(facts, document.schema, text!),
      none,
      createPace(neverCancelled),
    );
    assert.deepEqual(
      found!.map(({ code, range }) => [code, range.start.line]),
      [['no-trained-token', 1]],
    );
    assert.match(String(found![0]!.message), /^Nothing of the row is trained: tuned was trained with 96 tokens a row/);
  });

  it('are at most as many as editors show, the worst first', async () => {
    const document = openRows(`${'{"text":"same"}\n'.repeat(1500)}{"text":\n`, 'jsonl');
    const found = await diagnose(document);
    assert.equal(found.length, mostDiagnostics);
    assert.equal(found[0]!.code, 'bad-json');
  });

  it('end when the document changes, and report early on a long file', async () => {
    const document = openRows('{"text":"a"}\n'.repeat(5000), 'jsonl');
    let reports = 0;
    const pending = provideDiagnostics(document, none, () => reports++, {
      isDue: true,
      next: () => Promise.resolve(true),
    });
    document.apply([{ text: '{"text":"b"}\n' }], 2);
    assert.equal(await pending, undefined);
    assert.equal(reports, 0);
    await provideDiagnostics(
      openRows('{"text":"a"}\n'.repeat(5000), 'jsonl'),
      none,
      () => reports++,
      createPace(neverCancelled),
    );
    assert.equal(reports, 1);
  });

  it('never throw, whatever the file holds', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.json({ maxDepth: 4 }),
      fc.constantFrom(...sloppy.split('\n')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
        const document = openRows(lines.join('\n'), 'jsonl');
        const found = await diagnose(document);
        for (const { range } of found) {
          provideCodeActions(document, 'uri', range, found, englishTexts.say);
          assert.ok(document.lines.offsetAt(range.start) <= document.lines.offsetAt(range.end));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('quick fixes', () => {
  it('of each defect are these', async () => {
    const document = openRows(sloppy, 'jsonl');
    const found = await diagnose(document);
    let text = '';
    for (let line = 0; line < document.lines.lineCount; line++) {
      const at = { start: { line, character: 0 }, end: { line, character: 0 } };
      for (const action of provideCodeActions(document, 'uri', at, found, englishTexts.say)) {
        const after = applied(document, action).split('\n');
        const kept = action.title.startsWith('Delete') ? '' : `    ${after[line]}\n`;
        text += `${line + 1} ${action.isPreferred ? '*' : ' '} ${action.title}\n${kept}`;
      }
    }
    assertGolden('server/quickFixes.txt', text);
  });

  it('that are preferred leave a row that is read', async () => {
    const document = openRows(sloppy, 'jsonl');
    const found = await diagnose(document);
    let fixed = 0;
    for (const { range, code } of found.filter(({ severity }) => severity === 1)) {
      for (const action of provideCodeActions(document, 'uri', range, found, englishTexts.say).filter(
        (one) => one.isPreferred,
      )) {
        const after = openRows(applied(document, action), 'jsonl');
        const row = after.row(range.start.line)!;
        assert.notEqual(row.facts.hash, undefined, `${code}: ${row.text}`);
        fixed++;
      }
    }
    assert.ok(fixed >= 8);
  });
});

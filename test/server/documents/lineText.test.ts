import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Range } from 'vscode-languageserver-types';
import { LineText } from '../../../src/server/documents/lineText';

/** Texts rich in line ends, which is where lines go wrong. */
const text = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '"', ' ', '\n', '\r', '\r\n'), maxLength: 30 });
const position = fc.record({ line: fc.nat(12), character: fc.nat(12) });
const change = fc.oneof(
  { weight: 9, arbitrary: fc.record({ range: fc.record({ start: position, end: position }), text }) },
  { weight: 1, arbitrary: fc.record({ text }) },
);

type Change = { readonly text: string; readonly range?: Range };

/** The change with its range in order and inside the text: the reference loses count of lines beyond its end. */
function valid(made: Change, document: TextDocument): Change {
  if (made.range === undefined) return made;
  const offsets = [document.offsetAt(made.range.start), document.offsetAt(made.range.end)].sort((a, b) => a - b);
  return { ...made, range: { start: document.positionAt(offsets[0]!), end: document.positionAt(offsets[1]!) } };
}

function fresh(content: string): TextDocument {
  return TextDocument.create('file:///a', 'jsonl', 0, content);
}

describe('LineText', () => {
  it('after any edits is the text that a whole-text document holds', () => {
    fc.assert(
      fc.property(text, fc.array(change as fc.Arbitrary<Change>, { maxLength: 8 }), (first, changes) => {
        const lines = new LineText(first);
        let document = fresh(first);
        for (const made of changes) {
          const edit = valid(made, document);
          document = fresh(TextDocument.update(document, [edit], document.version + 1).getText());
          const before = lines.lineCount;
          const { removed, added } = lines.apply(edit);
          assert.equal(lines.lineCount, before - removed + added);
          assert.equal(lines.text(), document.getText());
          assert.equal(lines.lineCount, new LineText(document.getText()).lineCount);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('positions and offsets agree with those of the reference', () => {
    fc.assert(
      fc.property(text, position, fc.nat(40), (first, at, offset) => {
        const lines = new LineText(first);
        const document = fresh(first);
        assert.equal(lines.lineCount, document.lineCount);
        assert.equal(lines.offsetAt(at), document.offsetAt(at));
        const within = Math.min(offset, first.length);
        assert.deepEqual(lines.positionAt(within), document.positionAt(within));
      }),
      { numRuns: 500 },
    );
  });
});

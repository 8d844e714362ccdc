import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { dataLimits } from '../../../src/data/limits';
import { loadWorkspace } from '../../../src/data/workspace/load';
import { openNamedText } from '../../../src/server/documents/openNamedText';
import type { RowDocument } from '../../../src/server/documents/rowDocument';
import { rowMeaning } from '../../../src/server/documents/rowMeaning';
import { provideSemanticTokens, semanticTokensLegend } from '../../../src/server/features/provideSemanticTokens';
import type { EncodingContext } from '../../../src/text/types';
import { openRows } from '../../support/openRows';

const everything = { start: { line: 0, character: 0 }, end: { line: 1_000_000, character: 0 } };

/** Each token as its text in the file and its modifier. */
function shownTokens(document: RowDocument, text: EncodingContext | undefined): [string, string][] {
  const { data } = provideSemanticTokens(document, everything, text);
  const shown: [string, string][] = [];
  let [line, character] = [0, 0];
  for (let i = 0; i < data.length; i += 5) {
    character = data[i] === 0 ? character + data[i + 1]! : data[i + 1]!;
    line += data[i]!;
    const modifier = semanticTokensLegend.tokenModifiers[Math.log2(data[i + 4]!)]!;
    shown.push([document.lines.line(line).slice(character, character + data[i + 2]!), modifier]);
  }
  return shown;
}

describe('semantic tokens', () => {
  it('cover string values exactly, escapes as they are written', () => {
    const row = String.raw`{"messages":[{"role":"user","content":"a\n\"b\" \u00e9\ud83d\ude00"},{"content":"\\\t😀","role":"assistant"}]}`;
    assert.deepEqual(shownTokens(openRows(`\ufeff${row}\n`, 'jsonl'), undefined), [
      [String.raw`a\n\"b\" \u00e9\ud83d\ude00`, 'untrained'],
      [String.raw`\\\t😀`, 'trained'],
    ]);
  });

  it('the marked literals spell the trained text of the row, whatever it holds', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', '\\', '\n', '\t', 'é', '😀', '\u0001', '/'),
      minLength: 1,
      maxLength: 12,
    });
    const spelling = fc.constantFrom(
      (value: string) => JSON.stringify(value),
      (value: string) =>
        `"${[...Array(value.length).keys()].map((i) => `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`,
    );
    fc.assert(
      fc.property(text, text, spelling, spelling, (asked, answered, spellA, spellB) => {
        const document = openRows(`{"prompt": ${spellA(asked)}, "completion": ${spellB(answered)}}`, 'jsonl');
        const shown = shownTokens(document, undefined);
        const value = (modifier: string) =>
          shown.filter(([, found]) => found === modifier).map(([literal]) => JSON.parse(`"${literal}"`) as string);
        assert.deepEqual(value('untrained'), [asked]);
        assert.deepEqual(value('trained'), [answered]);
      }),
    );
  });

  it('follow what each schema trains', () => {
    const cases: readonly (readonly [string, readonly [string, string][]])[] = [
      ['{"text":"all"}', [['all', 'trained']]],
      [
        '{"instruction":"do","input":"it","output":"done","history":[["q","r"]]}',
        [
          ['do', 'untrained'],
          ['it', 'untrained'],
          ['done', 'trained'],
          ['q', 'untrained'],
          ['r', 'trained'],
        ],
      ],
      [
        '{"prompt":"p","chosen":"good","rejected":"bad"}',
        [
          ['p', 'untrained'],
          ['good', 'trained'],
          ['bad', 'untrained'],
        ],
      ],
      [
        '{"segments":[{"text":"a","label":true},{"text":"b","label":false}]}',
        [
          ['a', 'trained'],
          ['b', 'untrained'],
        ],
      ],
      [
        '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"first","weight":0},{"role":"user","content":"r"},{"role":"assistant","content":"abcdef","train_detail":[{"begin_offset":1,"end_offset":2,"train":true}]}]}',
        [
          ['q', 'untrained'],
          ['first', 'untrained'],
          ['r', 'untrained'],
          ['a', 'untrained'],
          ['bc', 'trained'],
          ['def', 'untrained'],
        ],
      ],
      [
        '{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}]}',
        [
          ['q', 'untrained'],
          ['x', 'trained'],
          ['y', 'trained'],
        ],
      ],
    ];
    for (const [row, expected] of cases)
      assert.deepEqual(shownTokens(openRows(row, 'jsonl'), undefined), expected, row);
  });

  it("follow the model's template and the cut at its greatest length where the model is known", async () => {
    const { workspace } = await loadWorkspace('samples/assistant', dataLimits);
    const { text } = await openNamedText(workspace!, dataLimits);
    assert.equal(text!.context.maxLength, 96);
    const rows = readFileSync('samples/assistant/data/train.jsonl', 'utf8').split('\n').slice(0, 40).join('\n');
    const document = openRows(rows, 'jsonl');
    // The sample's template trains assistant turns whole, as the schema's rule does.
    assert.deepEqual(shownTokens(document, text!.context), shownTokens(document, undefined));
    const short = { ...text!.context, maxLength: 20 };
    const cut = shownTokens(openRows(rows, 'jsonl'), short).filter(([, modifier]) => modifier === 'trained');
    const full = shownTokens(document, undefined).filter(([, modifier]) => modifier === 'trained');
    assert.ok(cut.length > 0 && cut.length <= full.length);
    assert.ok(cut.map(([shown]) => shown).join('').length < full.map(([shown]) => shown).join('').length);
    const meaning = rowMeaning(openRows(rows, 'jsonl'), document.row(0)!, short)!;
    assert.equal(meaning.counts!.tokens, 20);
    assert.ok(meaning.counts!.truncated > 0);
  });
});

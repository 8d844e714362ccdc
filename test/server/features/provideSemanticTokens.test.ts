import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { dataLimits } from '../../../src/data/limits';
import { type SchemaName, schemaNames } from '../../../src/data/types';
import { loadWorkspace } from '../../../src/data/workspace/load';
import { openNamedText } from '../../../src/server/documents/openNamedText';
import { createPace } from '../../../src/server/documents/pace';
import type { RowDocument } from '../../../src/server/documents/rowDocument';
import { rowMeaning } from '../../../src/server/documents/rowMeaning';
import { provideSemanticTokens, semanticTokensLegend } from '../../../src/server/features/provideSemanticTokens';
import type { EncodingContext } from '../../../src/text/types';
import { neverCancelled, openRows } from '../../support/openRows';

const everything = { start: { line: 0, character: 0 }, end: { line: 1_000_000, character: 0 } };

/** Each token as its text in the file and its modifier. */
async function shownTokens(document: RowDocument, text: EncodingContext | undefined): Promise<[string, string][]> {
  const { data } = (await provideSemanticTokens(document, everything, text, createPace(neverCancelled)))!;
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

/** A row of every schema, and its texts in the order of the file: + trained, - not. */
const trainedBySchema: Readonly<Record<SchemaName, { readonly row: string; readonly shown: string }>> = {
  tokens: { row: '{"input_ids":[1,2],"labels":[-100,2]}', shown: '' },
  segments: { row: '{"segments":[{"text":"a","label":true},{"text":"b","label":false}]}', shown: '+a -b' },
  'openai-preference': {
    row: '{"input":{"messages":[{"role":"user","content":"q"}]},"preferred_output":[{"role":"assistant","content":"good"}],"non_preferred_output":[{"role":"assistant","content":"bad"}]}',
    shown: '-q +good -bad',
  },
  'ranked-answers': {
    row: '{"prompt":"q","answers":[{"answer":"bad","rank":2},{"answer":"good","rank":1},{"answer":"mid","rank":1.5}]}',
    shown: '-q -bad +good',
  },
  'chat-preference': {
    row: '{"conversations":[{"from":"human","value":"q"}],"chosen":{"from":"gpt","value":"good"},"rejected":{"from":"gpt","value":"bad"}}',
    shown: '-q +good -bad',
  },
  dpo: { row: '{"chosen":"Q: x A: good","rejected":"Q: x A: bad"}', shown: '-Q: x A: + good -Q: x A: bad' },
  stepwise: { row: '{"prompt":"p","completions":["one","two"],"labels":[true,false]}', shown: '-p +one +two' },
  'chat-kto': {
    row: '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"label":true}',
    shown: '-q +a',
  },
  kto: { row: '{"prompt":"p","completion":"c","label":false}', shown: '-p +c' },
  'openai-chat': {
    row: '{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"r"},{"role":"assistant","content":"b"}]}',
    shown: '-s -q +a -r +b',
  },
  sharegpt: {
    row: '{"system":"s","conversations":[{"from":"human","value":"q"},{"from":"gpt","value":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}]}',
    shown: '-s -q +x +y',
  },
  'alpaca-kto': { row: '{"instruction":"i","output":"o","kto_tag":true}', shown: '-i +o' },
  alpaca: {
    row: '{"instruction":"do","input":"it","output":"done","history":[["q","r"]],"system":"s"}',
    shown: '-do -it +done -q +r -s',
  },
  'system-question-response': { row: '{"system_prompt":"s","question":"q","response":"r"}', shown: '-s -q +r' },
  'question-answer': { row: '{"question":"q","answer":"a"}', shown: '-q +a' },
  'prompt-generation': { row: '{"prompt":"p","generation":"g"}', shown: '-p +g' },
  'prompt-completion': {
    row: '{"prompt":[{"role":"user","content":"p"}],"completion":[{"role":"assistant","content":"c"}]}',
    shown: '-p +c',
  },
  'prompt-response': { row: '{"prompt":"p","response":"r"}', shown: '-p +r' },
  'text-label': { row: '{"text":"t","label":1}', shown: '+t' },
  text: { row: '{"text":"t"}', shown: '+t' },
};

describe('semantic tokens', () => {
  it('cover string values exactly, escapes as they are written', async () => {
    const row = String.raw`{"messages":[{"role":"user","content":"a\n\"b\" \u00e9\ud83d\ude00"},{"content":"\\\t😀","role":"assistant"}]}`;
    assert.deepEqual(await shownTokens(openRows(`\ufeff${row}\n`, 'jsonl'), undefined), [
      [String.raw`a\n\"b\" \u00e9\ud83d\ude00`, 'untrained'],
      [String.raw`\\\t😀`, 'trained'],
    ]);
  });

  it('the marked literals spell the trained text of the row, whatever it holds', async () => {
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
    await fc.assert(
      fc.asyncProperty(text, text, spelling, spelling, async (asked, answered, spellA, spellB) => {
        const document = openRows(`{"prompt": ${spellA(asked)}, "completion": ${spellB(answered)}}`, 'jsonl');
        const shown = await shownTokens(document, undefined);
        const value = (modifier: string) =>
          shown.filter(([, found]) => found === modifier).map(([literal]) => JSON.parse(`"${literal}"`) as string);
        assert.deepEqual(value('untrained'), [asked]);
        assert.deepEqual(value('trained'), [answered]);
      }),
    );
  });

  it('follow what each schema trains', async () => {
    for (const name of schemaNames) {
      const { row, shown } = trainedBySchema[name];
      const document = openRows(row, 'jsonl');
      assert.equal(document.schema?.name, name, row);
      const found = (await shownTokens(document, undefined)).map(([text, modifier]) =>
        modifier === 'trained' ? `+${text}` : `-${text}`,
      );
      assert.equal(found.join(' '), shown, name);
    }
  });

  it('follow turns that say themselves whether they are trained, and spans of them', async () => {
    const row =
      '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"first","weight":0},{"role":"user","content":"r"},{"role":"assistant","content":"abcdef","train_detail":[{"begin_offset":1,"end_offset":2,"train":true}]}]}';
    const found = await shownTokens(openRows(row, 'jsonl'), undefined);
    assert.deepEqual(
      found.filter(([, modifier]) => modifier === 'trained').map(([text]) => text),
      ['bc'],
    );
  });

  it("follow the model's template and the cut at its greatest length where the model is known", async () => {
    const { workspace } = await loadWorkspace('samples/assistant', dataLimits);
    const { text } = await openNamedText(workspace!, dataLimits);
    assert.equal(text!.context.maxLength, 96);
    const rows = readFileSync('samples/assistant/data/train.jsonl', 'utf8').split('\n').slice(0, 40).join('\n');
    const document = openRows(rows, 'jsonl');
    // The sample's template trains assistant turns whole, as the schema's rule does.
    assert.deepEqual(await shownTokens(document, text!.context), await shownTokens(document, undefined));
    const short = { ...text!.context, maxLength: 20 };
    const cut = (await shownTokens(openRows(rows, 'jsonl'), short)).filter(([, modifier]) => modifier === 'trained');
    const full = (await shownTokens(document, undefined)).filter(([, modifier]) => modifier === 'trained');
    assert.ok(cut.length > 0 && cut.length <= full.length);
    assert.ok(cut.map(([shown]) => shown).join('').length < full.map(([shown]) => shown).join('').length);
    const meaning = rowMeaning(openRows(rows, 'jsonl'), document.row(0)!, short)!;
    assert.equal(meaning.counts!.tokens, 20);
    assert.ok(meaning.counts!.truncated > 0);
  });
});

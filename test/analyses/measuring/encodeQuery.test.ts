import assert from 'node:assert/strict';
import path from 'node:path';
import { type EncodedQuery, encodeQuery } from '../../../src/analyses/measuring/encodeQuery';
import { inlineQuery } from '../../../src/data/queries';
import type { JsonObject } from '../../../src/protocol/json';
import { openModelText } from '../../../src/text/openModelText';

const text = openModelText(path.join('samples', 'assistant', 'models', 'base'), () => new Date(2024, 0, 1));
const context = { tokenizer: text.tokenizer, template: text.template, maxLength: 512, vocabularySize: 1 << 20 };
const answer = 'Okay. Just do it when no one is there.';
const messages = [
  { role: 'user', content: 'How?' },
  { role: 'assistant', content: answer },
];

function encode(query: JsonObject): Promise<EncodedQuery> {
  return encodeQuery(inlineQuery(query, 'the query', 0), context, async () => 0);
}

/** Text of the measured tokens. */
function measured({ row }: EncodedQuery): string {
  const tokens = [...row.labels.keys()].filter((t) => row.labels[t] !== -100);
  return tokens.map((t) => row.text.slice(row.offsets[2 * t], row.offsets[2 * t + 1])).join('');
}

describe('a query that measures a part of its completion', () => {
  it('measures the tokens of the part alone, and neither what is before nor the end of the turn', async () => {
    const part = await encode({ messages, part: [6, 16] });
    assert.equal(answer.slice(6, 16), 'Just do it');
    assert.match(measured(part), /^ ?Just do it$/);
    assert.match(measured(await encode({ messages })), /^Okay\. .*there\.<\|im_end\|>/);
  });

  it('keeps the tokens of the row as they are', async () => {
    const [whole, part] = [await encode({ messages }), await encode({ messages, part: [0, 5] })];
    assert.deepEqual(part.row.ids, whole.row.ids);
    assert.equal(measured(part), 'Okay.');
  });

  it('reads as a prompt that has what comes before, and the part', async () => {
    const { plain } = await encode({ messages, part: [6, 16] });
    assert.equal(plain, 'How?\nOkay. \nJust do it');
  });

  it('an answer of several lines is all of the completion', async () => {
    const lines = [messages[0]!, { role: 'assistant', content: 'Okay.\nJust do it.' }];
    const { plain, completionAt } = await encode({ messages: lines });
    assert.equal(plain.slice(completionAt), 'Okay.\nJust do it.');
  });

  it('is a part of a completion too, which the chat template puts into a turn', async () => {
    const part = await encode({ prompt: 'How?', completion: answer, part: [6, answer.length] });
    assert.match(measured(part), /^ ?Just do it when no one is there\.$/);
  });

  it('lies within the completion', () => {
    const refused = [[5, 5], [3, 2], [-1, 4], [0, answer.length + 1], [0.5, 2], [1], 'x'];
    for (const part of refused) {
      assert.throws(
        () => inlineQuery({ messages, part }, 'the query', 0),
        { code: 'part-range' },
        JSON.stringify(part),
      );
    }
    const tokens = { input_ids: [1, 2], labels: [-100, 2], part: [0, 1] };
    assert.throws(() => inlineQuery(tokens, 'the query', 0), { code: 'part-unusable' });
    assert.throws(() => inlineQuery({ messages, rejected: 'No.', part: [0, 1] }, 'the query', 0), {
      code: 'part-unusable',
    });
  });
});

import assert from 'node:assert/strict';
import type { Example, Message } from '../../../src/data/types';
import { readGgufTokenizerMetadata } from '../../../src/model/checkpoint/gguf/readGgufTokenizerMetadata';
import { openGgufModelText } from '../../../src/text/openModelText';
import { encodeRow } from '../../../src/text/rows/encodeRow';
import type { ChatTemplate, Tokenizer } from '../../../src/text/types';
import { type ChatCase, ranges, readFixture, type TokenizerCase } from '../../text/fixtures';

const file = process.env.WHENCE_SMOLLM2 ?? '.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf';

interface Reference {
  readonly cases: readonly TokenizerCase[];
  readonly strings_that_do_not_round_trip: readonly string[];
  readonly chat: readonly ChatCase[];
}

/** Row 0 of the real fine-tune, as it was trained. */
interface TrainedRow {
  readonly messages: readonly Pick<Message, 'role' | 'content'>[];
  readonly ids: readonly number[];
  readonly mask: readonly number[];
}

describe('SmolLM2 tokenizer (GGUF)', () => {
  const { cases, chat, strings_that_do_not_round_trip } = readFixture<Reference>('smollm2-tokenizer-reference.json');
  let tokenizer: Tokenizer;
  let template: ChatTemplate;
  let stopTokens: ReadonlySet<number>;
  before(async () => {
    const text = openGgufModelText(await readGgufTokenizerMetadata(file), () => new Date(2024, 0, 1));
    ({ tokenizer, stopTokens } = text);
    template = text.template!;
  });

  it('gives the reference ids and decodings', () => {
    for (const { text, ids, decoded, decoded_skip_special } of cases) {
      assert.deepEqual(Array.from(tokenizer.encode(text).ids), ids, JSON.stringify(text));
      assert.equal(tokenizer.decode(ids), decoded);
      assert.equal(tokenizer.decodeSkippingSpecial(ids), decoded_skip_special);
    }
  });

  it('places every token: what decodes to itself cuts out its own text', () => {
    for (const { text } of cases) {
      const { ids, offsets } = tokenizer.encode(text);
      for (const [i, [start, end]] of ranges(offsets).entries()) {
        const shown = tokenizer.show(ids[i]!);
        if (!shown.includes('\\x')) assert.equal(text.slice(start, end), shown);
        else assert.ok(end > start);
      }
      if (!strings_that_do_not_round_trip.includes(text)) assert.equal(tokenizer.decode(ids), text);
    }
  });

  it('renders the reference conversations, with the ids of their text', () => {
    for (const { messages, add_generation_prompt, text, ids } of chat) {
      const addGenerationPrompt = add_generation_prompt ? 'yes' : 'no';
      assert.equal(template.render(messages, { addGenerationPrompt, tools: undefined }).text, text);
      assert.deepEqual(Array.from(tokenizer.encode(text).ids), ids);
    }
  });

  it('encodes a training row with the ids and mask that the reference run was trained with', () => {
    const { messages, ids, mask } = readFixture<TrainedRow>('real-row-0.json');
    const example: Example = {
      kind: 'chat',
      messages: messages.map((message) => ({ ...message, extra: {}, train: undefined, trainSpans: undefined })),
      tools: undefined,
      weight: 1,
    };
    const row = encodeRow(example, { tokenizer, template, maxLength: 2048 });
    assert.deepEqual(Array.from(row.ids), ids);
    assert.deepEqual(
      Array.from(row.labels, (label) => Number(label !== -100)),
      mask,
    );
  });

  it('stops at the end of a turn', () => {
    assert.deepEqual([...stopTokens], [2]);
  });
});

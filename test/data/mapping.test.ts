import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dataLimits } from '../../src/data/limits';
import { findStatedMapping } from '../../src/data/mapping/find';
import { readTrainerState } from '../../src/data/mapping/trainerState';
import { rowOf } from '../../src/data/parseRow';
import { isProblems, toExample } from '../../src/data/schemas/toExample';
import type { Example } from '../../src/data/types';
import type { JsonObject } from '../../src/protocol/json';
import { withFolder } from './support';

/** The mapping stated by a file beside (or above) `data/train.jsonl`, and what it makes of a row. */
async function mapped(name: string, content: string, row: JsonObject) {
  return withFolder(async (folder) => {
    await mkdir(path.join(folder, 'data'));
    await writeFile(path.join(folder, name), content);
    const data = path.join(folder, 'data', 'train.jsonl');
    await writeFile(data, `${JSON.stringify(row)}\n`);
    const { mapping, problems } = await findStatedMapping(data, dataLimits);
    const address = { file: 'train.jsonl', row: 0, line: 1, bytes: undefined };
    return {
      mapping,
      example: mapping === undefined ? undefined : toExample(rowOf(row, address), mapping.schema),
      messages: problems.map(({ message }) => message.replaceAll(folder, '.')),
    };
  });
}

/** Role, content and training mark of each turn. */
function turns(example: Example | undefined | readonly unknown[]) {
  assert.ok(example !== undefined && !isProblems(example) && 'kind' in example && example.kind === 'chat');
  return example.messages.map(({ role, content, train }) => [role, content, train]);
}

const info = (entry: object) =>
  JSON.stringify({ other: { file_name: 'other.json' }, mine: { file_name: 'train.jsonl', ...entry } });

describe('LLaMA-Factory dataset_info.json', () => {
  const beside = path.join('data', 'dataset_info.json');

  it('alpaca with its own columns: instruction and input joined by one line end', async () => {
    const columns = { prompt: 'q', query: 'more', response: 'a', system: 's', history: 'h' };
    const { mapping, example } = await mapped(beside, info({ columns }), {
      q: 'i',
      more: 'x',
      a: 'o',
      s: 'sys',
      h: [['b', 'c']],
    });
    assert.equal(mapping?.schema.name, 'alpaca');
    assert.deepEqual(turns(example), [
      ['system', 'sys', undefined],
      ['user', 'b', undefined],
      ['assistant', 'c', undefined],
      ['user', 'i\nx', undefined],
      ['assistant', 'o', undefined],
    ]);
  });

  it('columns that are left out are not read', async () => {
    const { example } = await mapped(beside, info({ columns: { prompt: 'instruction', response: 'output' } }), {
      instruction: 'i',
      input: 'ignored',
      output: 'o',
    });
    assert.deepEqual(turns(example), [
      ['user', 'i', undefined],
      ['assistant', 'o', undefined],
    ]);
  });

  it('a prompt column alone is text to pre-train on', async () => {
    const { example } = await mapped(beside, info({ columns: { prompt: 'body' } }), { body: 'a' });
    assert.deepEqual(example, { kind: 'text', text: 'a', weight: 1 });
  });

  it('sharegpt with its own tags', async () => {
    const entry = {
      formatting: 'sharegpt',
      columns: { messages: 'talk' },
      tags: { role_tag: 'who', content_tag: 'what', user_tag: 'U', assistant_tag: 'A', system_tag: 'S' },
    };
    const talk = [
      { who: 'S', what: 's' },
      { who: 'U', what: 'q' },
      { who: 'function_call', what: '{"name": "f", "arguments": {}}' },
      { who: 'observation', what: '1' },
      { who: 'A', what: 'a' },
    ];
    const { example } = await mapped(beside, info(entry), { talk });
    assert.deepEqual(
      turns(example).map(([role, content]) => [role, content]),
      [
        ['system', 's'],
        ['user', 'q'],
        ['assistant', ''],
        ['tool', '1'],
        ['assistant', 'a'],
      ],
    );
  });

  it('ranking and kto_tag', async () => {
    const ranking = { ranking: true, columns: { prompt: 'q', chosen: 'good', rejected: 'bad' } };
    const preference = await mapped(beside, info(ranking), { q: 'i', good: 'c', bad: 'r' });
    assert.deepEqual(
      (preference.example as { chosen: readonly { content: string }[] }).chosen.map(({ content }) => content),
      ['c'],
    );
    const kto = { formatting: 'sharegpt', columns: { messages: 'conversations', kto_tag: 'ok' } };
    const labelled = await mapped(beside, info(kto), {
      conversations: [
        { from: 'human', value: 'q' },
        { from: 'gpt', value: 'a' },
      ],
      ok: true,
    });
    assert.equal((labelled.example as { label: unknown }).label, true);
  });

  it('a mapping that cannot be used is a problem, and the rest is detected', async () => {
    const cases: [object, RegExp][] = [
      [{ formatting: 'mystery' }, /mine\.formatting is "mystery"; the mapping is not used\.$/],
      [{ columns: { prompt: 5 } }, /mine\.columns\.prompt is a number; the mapping is not used\.$/],
      [{ columns: [] }, /mine\.columns is a list; the mapping is not used\.$/],
      [{ ranking: true }, /no column is named for chosen, which dpo needs; the schema is detected instead\.$/],
    ];
    for (const [entry, message] of cases) {
      const result = await mapped(beside, info(entry), { instruction: 'i', output: 'o' });
      assert.equal(result.mapping, undefined);
      assert.match(result.messages.join('\n'), message);
    }
    const broken = await mapped(beside, '{ "a": ', { text: 'x' });
    assert.match(broken.messages[0]!, /dataset_info\.json:1:8: not JSON/);
  });
});

describe('Axolotl configuration', () => {
  it('chat_template with its own fields, roles and training marks', async () => {
    const yaml = `
sequence_len: 512
sample_packing: true
chat_template: chatml
datasets:
  - path: ./other.jsonl
    type: completion
  - path: data/train.jsonl
    type: chat_template
    field_messages: talk
    message_property_mappings: { role: from, content: value }
    message_field_training: learn
    roles: { user: [H], assistant: [B], system: [S] }
    roles_to_train: [B]
`;
    const talk = [
      { from: 'S', value: 's' },
      { from: 'H', value: 'q' },
      { from: 'B', value: 'a' },
      { from: 'H', value: 'r', learn: true },
      { from: 'B', value: 'b', learn: false },
    ];
    const { mapping, example, messages } = await mapped('config.yaml', yaml, { talk });
    assert.deepEqual(messages, []);
    assert.deepEqual([mapping?.maxLength, mapping?.packing, mapping?.chatTemplate], [512, 'yes', 'chatml']);
    assert.deepEqual(turns(example), [
      ['system', 's', false],
      ['user', 'q', false],
      ['assistant', 'a', true],
      ['user', 'r', true],
      ['assistant', 'b', false],
    ]);
  });

  const dataset = (lines: string) => `datasets:\n  - path: train.jsonl\n${lines.replace(/^/gm, '    ')}\n`;
  const chatRow = {
    messages: [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a' },
      { role: 'user', content: 'r' },
      { role: 'assistant', content: 'b' },
    ],
  };

  it('empty roles_to_train and train_on_eos train the last turn alone; train_on_inputs everything', async () => {
    const last = await mapped('data/a.yml', dataset('type: chat_template\nroles_to_train:\ntrain_on_eos:'), chatRow);
    assert.deepEqual(
      turns(last.example).map(([, , train]) => train),
      [false, false, false, true],
    );
    const all = await mapped('data/a.yml', `train_on_inputs: true\n${dataset('type: chat_template')}`, chatRow);
    assert.deepEqual(
      turns(all.example).map(([, , train]) => train),
      [true, true, true, true],
    );
  });

  it('alpaca is the plain prompt, not a chat', async () => {
    const { example } = await mapped('data/a.yml', dataset('type: alpaca'), {
      instruction: 'i',
      input: '',
      output: 'o',
    });
    assert.deepEqual(example, {
      kind: 'completion',
      prompt:
        'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\ni\n\n### Response:\n',
      completion: 'o',
      weight: 1,
    });
  });

  it('completion, input_output, tokenized rows and a format of its own', async () => {
    const text = await mapped('data/a.yml', dataset('type: completion\nfield: body'), { body: 'b' });
    assert.deepEqual(text.example, { kind: 'text', text: 'b', weight: 1 });
    const segments = await mapped('data/a.yml', dataset('type: input_output'), {
      segments: [{ label: true, text: 'a' }],
    });
    assert.deepEqual(segments.example, { kind: 'segments', segments: [{ text: 'a', train: true }], weight: 1 });
    const tokens = await mapped('data/a.yml', dataset('type:'), { input_ids: [1], attention_mask: [1], labels: [1] });
    assert.deepEqual(tokens.example, { kind: 'tokens', ids: [1], labels: [1], weight: 1 });
    const own =
      'type:\n  field_instruction: q\n  field_output: a\n  format: "[INST] {instruction} [/INST]"\n  system_prompt: "be brief. "';
    const formatted = await mapped('data/a.yml', dataset(own), { q: 'i', a: 'o' });
    assert.deepEqual(formatted.example, {
      kind: 'completion',
      prompt: 'be brief. [INST] i [/INST]',
      completion: 'o',
      weight: 1,
    });
  });

  it('an unknown type, other end tokens and hostile YAML are problems', async () => {
    const unknown = await mapped('data/a.yml', dataset('type: pygmalion'), { text: 'x' });
    assert.equal(unknown.mapping, undefined);
    assert.match(unknown.messages[0]!, /datasets\[0\]\.type is "pygmalion", which Whence does not know/);
    const eos = await mapped('data/a.yml', dataset('type: chat_template\ntrain_on_eos: all'), chatRow);
    assert.match(eos.messages[0]!, /train_on_eos is "all"/);
    const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++)
      laughs.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    for (const hostile of [
      `${laughs.join('\n')}\ndatasets: [{path: train.jsonl}]\n`,
      `datasets: &a [*a, {path: train.jsonl}]\n`,
      `datasets: ${'['.repeat(20_000)}\n`,
      'datasets: [}\n',
      'datasets: [{path: "train.jsonl", type: !!js/function "x"}]\nx: *missing\n',
    ]) {
      const { messages } = await mapped('data/a.yml', hostile, { text: 'x' });
      assert.match(messages.join('\n'), /YAML/, hostile.slice(0, 40));
    }
  });

  it('a configuration of another file states nothing', async () => {
    const { mapping, messages } = await mapped('data/a.yml', 'datasets: [{path: other.jsonl, type: alpaca}]\n', {
      text: 'x',
    });
    assert.deepEqual([mapping, messages], [undefined, []]);
  });
});

describe('trainer_state.json', () => {
  it('is read, with what Python writes beyond JSON', async () => {
    await withFolder(async (folder) => {
      const file = path.join(folder, 'trainer_state.json');
      await writeFile(
        file,
        `{"global_step": 2, "max_steps": 6, "num_train_epochs": 3, "train_batch_size": 4, "best_metric": null,
          "best_model_checkpoint": "out/NaN", "log_history": [
          {"step": 1, "epoch": 0.5, "loss": 2.5, "learning_rate": 1e-4, "grad_norm": NaN},
          {"step": 2, "eval_loss": Infinity}, {"note": "x"}]}`,
      );
      const none = {
        epoch: undefined,
        loss: undefined,
        learningRate: undefined,
        gradNorm: undefined,
        evalLoss: undefined,
      };
      assert.deepEqual(await readTrainerState(file, dataLimits), {
        steps: 2,
        maxSteps: 6,
        epochs: 3,
        batchSize: 4,
        bestMetric: undefined,
        bestCheckpoint: 'out/NaN',
        history: [
          { step: 1, epoch: 0.5, loss: 2.5, learningRate: 1e-4, gradNorm: undefined, evalLoss: undefined },
          { ...none, step: 2 },
        ],
      });
      for (const bad of ['', '[]', '{"global_step": "x"}', '{"global_step": 1', '['.repeat(1000), '"\\']) {
        await writeFile(file, bad);
        await assert.rejects(readTrainerState(file, dataLimits), { code: 'bad-trainer-state' });
      }
    });
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { readGgufTokenizerMetadata } from '../../src/model/checkpoint/gguf/readGgufTokenizerMetadata';
import type { UserError } from '../../src/protocol/errors';
import { createChatTemplate } from '../../src/text/template/chatTemplate';
import { openChatTemplate, openGgufChatTemplate } from '../../src/text/template/openChatTemplate';
import type { ChatTemplate } from '../../src/text/types';
import { fixtureFolder, fixtureTokenizer, ranges, reference } from './fixtures';

const now = () => new Date(2024, 1, 29, 13, 5, 9);

function template(source: string, specialTokens: Record<string, string> = {}): ChatTemplate {
  return createChatTemplate({ name: 'test template', sources: new Map([['default', source]]), specialTokens, now });
}

function render(source: string): string {
  return template(source).render([], { addGenerationPrompt: 'no', tools: undefined }).text;
}

describe('chat template', () => {
  for (const name of ['chat', 'spbpe'] as const) {
    it(`${name}: renders every reference conversation, with the ids of its text`, () => {
      const chatTemplate = openChatTemplate(fixtureFolder(name), now)!;
      const tokenizer = fixtureTokenizer(name);
      const cases = reference(name).chat!;
      assert.ok(cases.length >= 8);
      for (const { messages, add_generation_prompt, text, ids } of cases) {
        const rendered = chatTemplate.render(messages, {
          addGenerationPrompt: add_generation_prompt ? 'yes' : 'no',
          tools: undefined,
        });
        assert.equal(rendered.text, text);
        assert.deepEqual(Array.from(tokenizer.encode(rendered.text).ids), ids);
      }
    });

    it(`${name}: generation ranges select the tokens of the reference mask`, () => {
      const chatTemplate = openChatTemplate(fixtureFolder(name), now)!;
      const tokenizer = fixtureTokenizer(name);
      for (const { messages, assistant_mask } of reference(name).chat!) {
        if (assistant_mask === undefined) continue;
        const { text, generationRanges } = chatTemplate.render(messages, {
          addGenerationPrompt: 'no',
          tools: undefined,
        });
        const mask = ranges(tokenizer.encode(text).offsets).map(([at]) =>
          Number(generationRanges!.some(([start, end]) => at >= start && at < end)),
        );
        assert.deepEqual(mask, assistant_mask);
      }
    });
  }

  it('is found in GGUF metadata', async () => {
    const metadata = await readGgufTokenizerMetadata('test/fixtures/gguf/llama-F16.gguf');
    const chatTemplate = openGgufChatTemplate(metadata, now)!;
    for (const { messages, add_generation_prompt, text } of reference('chat').chat!) {
      const addGenerationPrompt = add_generation_prompt ? 'yes' : 'no';
      assert.equal(chatTemplate.render(messages, { addGenerationPrompt, tools: undefined }).text, text);
    }
  });

  it('is found in each place, the first of them winning', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'whence-template-'));
    const text = (tools?: string[]) =>
      openChatTemplate(folder, now)?.render([], { addGenerationPrompt: 'no', tools }).text;
    const write = (file: string, content: unknown) =>
      writeFileSync(path.join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
    try {
      assert.equal(text(), undefined);
      write('tokenizer_config.json', {
        bos_token: { content: '<b>' },
        chat_template: [
          { name: 'default', template: 'list{{ bos_token }}' },
          { name: 'tool_use', template: 'with {{ tools | length }} tools' },
        ],
      });
      assert.equal(text(), 'list<b>');
      assert.equal(text(['a', 'b']), 'with 2 tools');
      write('chat_template.json', { chat_template: 'json{{ bos_token }}' });
      assert.equal(text(), 'json<b>');
      write('chat_template.jinja', 'jinja{{ bos_token }}');
      assert.equal(text(), 'jinja<b>');
      mkdirSync(path.join(folder, 'additional_chat_templates'));
      write('additional_chat_templates/tool_use.jinja', 'more');
      assert.equal(text(['a']), 'more');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gives templates what transformers gives them', () => {
    assert.equal(render("{{ strftime_now('%d %b %Y, %H:%M:%S %p %j %% %Q') }}"), '29 Feb 2024, 13:05:09 PM 060 % %Q');
    assert.equal(render('{{ tools is none }}/{{ documents is none }}/{{ add_generation_prompt }}'), 'True/True/False');
    assert.equal(render("{{ {'a': [1, 'é', none]} | tojson }}"), '{"a": [1, "é", null]}');
    assert.equal(
      render('{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}'),
      '012531',
    );
    assert.throws(() => render("{{ raise_exception('no system role') }}"), /test template refuses .*no system role/);
  });

  it('generation tags have the white-space rules of blocks', () => {
    const generation = (source: string) => template(source).render([], { addGenerationPrompt: 'no', tools: undefined });
    // As Jinja with trim_blocks and lstrip_blocks renders them.
    const cases: readonly (readonly [string, string, readonly [number, number]])[] = [
      ['a {% generation %} k {% endgeneration %} z', 'a  k  z', [2, 5]],
      ['a {%- generation -%} k {%- endgeneration -%} z', 'akz', [1, 2]],
      ['a\n  {% generation %}\nk\n  {% endgeneration %}\nz', 'a\nk\nz', [2, 4]],
      ['x\n{%- generation -%}x\n{{- 1 }}  \n{% endgeneration %}\n{% if true -%} y{% endif %}', 'xx1  \ny', [1, 6]],
    ];
    for (const [source, text, range] of cases) {
      assert.deepEqual(generation(source), { text, generationRanges: [range] });
    }
  });

  it('generation tags around the same text as without them, wherever they stand', () => {
    const dash = fc.constantFrom('', '-');
    const space = fc.constantFrom('', ' ', '\n', '  \n', '\n\t', ' x ', 'x\n');
    fc.assert(
      fc.property(
        fc.tuple(dash, dash, dash, dash),
        fc.tuple(space, space, space, space),
        ([a, b, c, d], [p, q, r, s]) => {
          const block = (open: string, close: string) =>
            `${p}{%${a} ${open} ${b}%}${q}{{ 'k' }}${r}{%${c} ${close} ${d}%}${s}`;
          const options = { addGenerationPrompt: 'no', tools: undefined } as const;
          const { text, generationRanges } = template(block('generation', 'endgeneration')).render([], options);
          assert.equal(text, template(block('if true', 'endif')).render([], options).text);
          const [[start, end]] = generationRanges as [[number, number]];
          assert.ok(text.slice(start, end).includes('k'));
        },
      ),
    );
  });

  const hostile: readonly (readonly [string, string, RegExp])[] = [
    ['a macro that calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /template-limit/],
    [
      'two macros that call each other',
      '{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}',
      /template-limit/,
    ],
    [
      'a doubling string',
      "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
      /template-limit/,
    ],
    [
      'a doubling list',
      '{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}',
      /template-limit/,
    ],
    ['nested loops', `${'{% for i in range(1000) %}'.repeat(4)}x${'{% endfor %}'.repeat(4)}`, /template-limit/],
    ['a huge range', '{% for i in range(1000000000) %}x{% endfor %}', /template-limit/],
    ['deep nesting', `{{ ${'('.repeat(20000)}1${')'.repeat(20000)} }}`, /template-limit/],
    ['deep blocks', `${'{% if true %}'.repeat(5000)}x${'{% endif %}'.repeat(5000)}`, /template-limit/],
    ['too long a template', 'x'.repeat(1_000_001), /template-too-long/],
    ['an unfinished block', '{% for m in messages %}', /template-malformed/],
    ['an unknown statement', '{% include "/etc/passwd" %}', /template-malformed/],
    ['an unknown filter', '{{ 1 | nonsense }}', /template-failed/],
    ['an unclosed generation block', '{% generation %}x', /template-generation-marks/],
    ['constructors', "{{ ''.constructor.constructor('return process')() }}", /template-failed/],
  ];
  for (const [what, source, code] of hostile) {
    it(`hostile template: ${what} ends in a clear error`, () => {
      assert.throws(
        () => render(source),
        (error: UserError) => {
          assert.equal(error.kind, 'badInput');
          assert.match(error.code, code);
          assert.match(error.message, /^test template/);
          assert.ok(error.next.length > 0);
          return true;
        },
      );
    });
  }

  it('a template that only prints its own message marks is told apart from the marks', () => {
    const mark = String.fromCodePoint(0xf0000);
    const { text, generationRanges } = template(
      `${mark}{% generation %}{{ messages[0].content }}{% endgeneration %}`,
    ).render([{ role: 'user', content: `a${String.fromCodePoint(0xf0001)}b` }], {
      addGenerationPrompt: 'no',
      tools: undefined,
    });
    assert.equal(text, `${mark}a${String.fromCodePoint(0xf0001)}b`);
    assert.deepEqual(generationRanges, [[2, 6]]);
  });
});

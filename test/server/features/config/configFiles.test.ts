import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { englishTexts } from '../../../../src/protocol/display/serverText';
import { LineText } from '../../../../src/server/documents/lineText';
import { provideConfigActions } from '../../../../src/server/features/config/provideConfigActions';
import { provideConfigCompletion } from '../../../../src/server/features/config/provideConfigCompletion';
import { provideConfigDiagnostics } from '../../../../src/server/features/config/provideConfigDiagnostics';
import { provideConfigHover } from '../../../../src/server/features/config/provideConfigHover';
import { assertGolden } from '../../../support/golden';

const file = path.resolve('samples/assistant/whence.json');

/** A text with `|` where the cursor stands. */
async function completions(marked: string, kind: 'workspaceFile' | 'recipe' = 'workspaceFile'): Promise<string[]> {
  const offset = marked.indexOf('|');
  const text = marked.replace('|', '');
  const listed: Readonly<Record<string, readonly string[]>> = {
    '': ['data/', 'models/', '.hidden', 'queries.jsonl'],
    'models/': ['base/', 'tuned/'],
  };
  const items = await provideConfigCompletion(
    kind,
    text,
    offset,
    (folder) => Promise.resolve(listed[folder] ?? []),
    'supported',
    englishTexts,
  );
  return items.map(({ label }) => label);
}

/** The text after the item of that label is taken. */
async function taken(marked: string, label: string): Promise<string> {
  const offset = marked.indexOf('|');
  const text = marked.replace('|', '');
  const items = await provideConfigCompletion(
    'workspaceFile',
    text,
    offset,
    () => Promise.resolve(['models/']),
    'supported',
    englishTexts,
  );
  const edit = items.find((item) => item.label === label)!.textEdit as {
    range: { start: never; end: never };
    newText: string;
  };
  const lines = new LineText(text);
  return text.slice(0, lines.offsetAt(edit.range.start)) + edit.newText + text.slice(lines.offsetAt(edit.range.end));
}

describe('completion of configuration files', () => {
  it('gives the keys of the place that are not there yet', async () => {
    assert.deepEqual(await completions('{ "models": {}, | }'), [
      '$schema',
      'data',
      'queries',
      'behaviours',
      'defaults',
      'device',
    ]);
    assert.deepEqual(await completions('{ "models": { "m": { "path": "x", "|" } } }'), [
      'adapter',
      'base',
      'run',
      'trainedOn',
    ]);
    assert.deepEqual(await completions('{ "models": { "|" } }'), []);
    assert.ok((await completions('{ "lora": { "|" } }', 'recipe')).includes('alpha'));
  });

  it('gives values, names of the file itself, and paths', async () => {
    assert.deepEqual(await completions('{ "device": "|" }'), ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml']);
    assert.deepEqual(await completions('{ "device": | }'), ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml']);
    const named =
      '{ "models": { "a": {}, "b": { "base": "" } }, "data": { "train": {} }, "defaults": { "model": "", "data": [""] } }';
    assert.deepEqual(await completions(named.replace('"base": ""', '"base": "|"')), ['a']);
    assert.deepEqual(await completions(named.replace('"model": ""', '"model": "|"')), ['a', 'b']);
    assert.deepEqual(await completions(named.replace('[""]', '["|"]')), ['train']);
    assert.deepEqual(await completions('{ "queries": "|" }'), ['data/', 'models/', 'queries.jsonl']);
    assert.deepEqual(await completions('{ "models": { "m": { "path": "models/|" } } }'), [
      'models/base/',
      'models/tuned/',
    ]);
  });

  it('leaves a text that is JSON', async () => {
    assert.equal(await taken('{ "device": "c|" }', 'cuda'), '{ "device": "cuda" }');
    assert.equal(await taken('{ "mod|": 1 }', 'models'), '{ "models": 1 }');
    assert.equal(await taken('{ mod| }', 'models'), '{ "models": { $1 } }');
    assert.equal(await taken('{ "queries": "mo|" }', 'models/'), '{ "queries": "models/" }');
  });

  it('never throws, whatever the text', async () => {
    const part = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      '"models"',
      '"m"',
      '"base"',
      ' ',
      '\n',
      '//',
      '/*',
      'x',
      '1',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 20 }), fc.nat(40), async (parts, at) => {
        const text = parts.join('');
        const offset = Math.min(at, text.length);
        await provideConfigCompletion(
          'workspaceFile',
          text,
          offset,
          () => Promise.resolve(['a/']),
          'none',
          englishTexts,
        );
        provideConfigHover('workspaceFile', text, offset, englishTexts);
        await provideConfigDiagnostics('workspaceFile', file, text, 'byServer');
        await provideConfigDiagnostics('recipe', file, text, 'byEditor');
      }),
      { numRuns: 200 },
    );
    const deep = '['.repeat(200_000);
    assert.deepEqual(await completions(`${deep}|`), []);
    assert.deepEqual(await provideConfigDiagnostics('recipe', file, deep, 'byServer'), []);
  });
});

describe('diagnostics and hovers of configuration files', () => {
  it('name the place, the defect and what to do', async () => {
    const workspace = `{
  "models": {
    "base": { "pth": "models/base" },
    "tuned": { "path": "models/none", "base": "bse" }
  },
  "data": { "train": { "path": "data/train.jsonl", "schema": "openai" } },
  "defaults": { "model": "tund" },
  "device": "gpu",
}
`;
    const named = '{ "models": { "tuned": { "path": "models/base" } }, "defaults": { "model": "tund" } }';
    const recipe = '{ "method": "full", "lora": { "r": 4 } }';
    const broken = '{ "models": { "a": 1 "b": 2 } }';
    let shown = '';
    for (const [kind, text] of [
      ['workspaceFile', workspace],
      ['workspaceFile', named],
      ['recipe', recipe],
      ['recipe', '{ "method": "lora", "lora": { "rank": 4 }, "epochs": 0 }'],
      ['workspaceFile', broken],
    ] as const) {
      const lines = new LineText(text);
      const found = await provideConfigDiagnostics(kind, file, text, 'byServer');
      for (const { range, code, message } of found) {
        shown += `${range.start.line + 1}:${range.start.character + 1} ${code} «${lines.textIn(range)}»\n    ${message}\n`;
      }
      for (const { title, edit } of provideConfigActions('u', found, englishTexts.say)) {
        const [change] = edit!.changes!.u!;
        shown += `    * ${title}: ${lines.textIn(change!.range)} -> ${change!.newText}\n`;
      }
    }
    assertGolden('server/configDiagnostics.txt', shown);
  });

  it('leave to an editor that has the schema what the schema says', async () => {
    const text = '{ "models": { "m": { "path": "models/none", "pth": 1 } }, "defaults": { "model": "n" } }';
    const found = await provideConfigDiagnostics('workspaceFile', file, text, 'byEditor');
    assert.deepEqual(found.map(({ code }) => code).sort(), ['path-missing', 'unknown-name']);
  });

  it('a hover says what a key means, which values it takes and its default', () => {
    const text = '{ "device": "auto", "models": { "m": { "run": "x" } } }';
    const at = (kind: 'workspaceFile' | 'recipe', source: string, word: string) => {
      const hover = provideConfigHover(kind, source, source.indexOf(word) + 1, englishTexts);
      return (hover?.contents as { value: string } | undefined)?.value ?? '(none)';
    };
    const recipe = '{ "schedule": { "name": "linear" }, "batchSize": 4, "lora": { "alpha": 1 } }';
    const hovers = [
      at('workspaceFile', text, 'device'),
      at('workspaceFile', text, 'run'),
      at('workspaceFile', text, 'm"'),
      at('recipe', recipe, 'name'),
      at('recipe', recipe, 'batchSize'),
      at('recipe', recipe, 'alpha'),
    ];
    assertGolden('server/configHovers.md', `${hovers.join('\n\n=====\n\n')}\n`);
  });
});

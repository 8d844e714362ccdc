import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  DocumentSymbol,
  Hover,
  InlayHint,
  SemanticTokens,
} from 'vscode-languageserver-types';
import { createRandom } from '../../src/linalg/random';
import { LspClient } from '../support/lspClient';

const folder = path.resolve('samples/assistant');
const rootUri = pathToFileURL(folder).href;
const uriOf = (name: string) => pathToFileURL(path.join(folder, name)).href;
const trainUri = uriOf('data/train.jsonl');
const train = readFileSync(path.join(folder, 'data/train.jsonl'), 'utf8');
const rows = train.trimEnd().split('\n').length;
/** Question and answer of a line of the sample. */
function turnsOf(line: number): readonly string[] {
  const { messages } = JSON.parse(train.split('\n')[line]!) as { messages: readonly { content: string }[] };
  return messages.map(({ content }) => content);
}
const textOf = (hover: Hover | null) => (hover?.contents as { value: string } | undefined)?.value ?? '';

describe('whence serve --stdio', () => {
  describe('in a trusted workspace', () => {
    let client: LspClient;
    before(async () => {
      client = await LspClient.start(rootUri, undefined);
      await client.open(trainUri, train);
    });
    after(async () => assert.equal(await client.stop(), 0));

    it('finds nothing wrong with the sample', async () => {
      const found = await client.diagnosticsOf(trainUri, 1);
      assert.deepEqual(
        found.filter(({ severity }) => severity !== 3),
        [],
      );
    });

    it('counts rows and trained tokens in a code lens, and offers no command that an editor may not know', async () => {
      await client.until(() => (client.refreshes >= 2 ? true : undefined));
      const lenses = await client.request<CodeLens[]>('textDocument/codeLens', { textDocument: { uri: trainUri } });
      assert.equal(lenses.length, 1);
      const { title, command } = lenses[0]!.command!;
      // A slow machine extrapolates.
      assert.match(title, new RegExp(`^${rows} rows · openai-chat · (?:≈ )?[\\d,]+ trained tokens · tuned$`));
      assert.equal(command, '');
      assert.equal(await client.request('whence/summary', { uri: trainUri }), lenses[0]!.command!.title);
    });

    it('shows a row as a conversation', async () => {
      const at = { textDocument: { uri: trainUri }, position: { line: 3, character: 40 } };
      const text = textOf(await client.request<Hover | null>('textDocument/hover', at));
      assert.match(text, /\*\*Line 4\*\* · openai-chat · `[0-9a-f]{8}` · \d+ tokens, \d+ trained/);
      assert.ok(text.includes(`**assistant** · trained\n\n\`\`\`text\n${turnsOf(3)[1]}\n\`\`\``), text);
      assert.equal(`${text}\n`, await client.request('whence/rowText', { uri: trainUri, line: 3 }));
    });

    it('tells trained from untrained text', async () => {
      const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
      const { data } = await client.request<SemanticTokens>('textDocument/semanticTokens/range', {
        textDocument: { uri: trainUri },
        range,
      });
      const first = train.split('\n')[0]!;
      const shown: string[] = [];
      let character = 0;
      for (let i = 0; i < data.length; i += 5) {
        character += data[i + 1]!;
        shown.push(
          `${data[i + 4] === 1 ? 'trained' : 'untrained'}: ${first.slice(character, character + data[i + 2]!)}`,
        );
      }
      assert.deepEqual(shown, [`untrained: ${turnsOf(0)[0]}`, `trained: ${turnsOf(0)[1]}`]);
    });

    it('outlines rows and their turns; nothing folds; no trace, no tags', async () => {
      const textDocument = { uri: trainUri };
      const symbols = await client.request<DocumentSymbol[]>('textDocument/documentSymbol', { textDocument });
      assert.equal(symbols.length, rows);
      assert.equal(symbols[0]!.children!.length, 2);
      assert.deepEqual(await client.request('textDocument/foldingRange', { textDocument }), []);
      const range = { start: { line: 0, character: 0 }, end: { line: 60, character: 0 } };
      assert.deepEqual(await client.request<InlayHint[]>('textDocument/inlayHint', { textDocument, range }), []);
    });

    it('follows edits: a row that breaks is found, its quick fix mends it', async () => {
      const end = train.split('\n')[1]!.length;
      const typed = {
        range: { start: { line: 1, character: end - 2 }, end: { line: 1, character: end - 2 } },
        text: ',',
      };
      await client.change(trainUri, 2, [typed]);
      const diagnostics = (await client.diagnosticsOf(trainUri, 2)).filter(({ severity }) => severity === 1);
      assert.equal(diagnostics.length, 1);
      assert.equal(diagnostics[0]!.code, 'bad-json');
      assert.deepEqual(diagnostics[0]!.range.start, { line: 1, character: end - 1 });
      const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
        textDocument: { uri: trainUri },
        range: diagnostics[0]!.range,
        context: { diagnostics },
      });
      const fix = actions.find(({ isPreferred }) => isPreferred)!;
      assert.equal(fix.title, 'Remove the comma that nothing follows');
      const [edit] = fix.edit!.changes![trainUri]!;
      await client.change(trainUri, 3, [{ range: edit!.range, text: edit!.newText }]);
      const after = await client.diagnosticsOf(trainUri, 3);
      assert.deepEqual(
        after.filter(({ severity }) => severity === 1),
        [],
      );
    });

    it('completes, explains and checks whence.json as it is typed', async () => {
      const uri = uriOf('whence.json');
      const text = '{\n  "models": { "m": { "pth": "models/base", "base": "" } },\n  "device": ""\n}\n';
      await client.open(uri, text);
      const found = await client.diagnosticsOf(uri, 1);
      assert.deepEqual(found.map(({ code }) => code).sort(), ['bad-value', 'bad-value', 'unknown-key']);
      const position = { line: 2, character: 13 };
      const items = await client.request<CompletionItem[]>('textDocument/completion', {
        textDocument: { uri },
        position,
      });
      assert.ok(items.some(({ label }) => label === 'webgpu'));
      const hover = await client.request<Hover | null>('textDocument/hover', {
        textDocument: { uri },
        position: { line: 2, character: 5 },
      });
      assert.match(textOf(hover), /Where to compute/);
      const unknown = found.find(({ code }) => code === 'unknown-key')!;
      const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
        textDocument: { uri },
        range: unknown.range,
        context: { diagnostics: [unknown] },
      });
      assert.deepEqual(
        actions.map(({ title }) => title),
        ['Change to "path"'],
      );
    });

    it('gives up what is cancelled', async () => {
      const uri = uriOf('long.jsonl');
      await client.open(
        uri,
        `${JSON.stringify({ prompt: 'p'.repeat(500), completion: 'c'.repeat(500) })}\n`.repeat(20_000),
      );
      const source = new CancellationTokenSource();
      const pending = client.connection.sendRequest(
        'textDocument/documentSymbol',
        { textDocument: { uri } },
        source.token,
      );
      source.cancel();
      await assert.rejects(pending, (error: { code?: number }) => error.code === -32800);
      await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
    });

    it('answers for documents and places that are not there', async () => {
      const uri = uriOf('data/train.jsonl');
      const beyond = { line: 1_000_000, character: 1_000_000 };
      const range = { start: beyond, end: beyond };
      for (const textDocument of [{ uri }, { uri: 'file:///nowhere.jsonl' }, { uri: 'untitled:Untitled-1' }]) {
        assert.equal(await client.request('textDocument/hover', { textDocument, position: beyond }), null);
        assert.deepEqual(await client.request('textDocument/semanticTokens/range', { textDocument, range }), {
          data: [],
        });
        const actions = await client.request('textDocument/codeAction', {
          textDocument,
          range,
          context: { diagnostics: [] },
        });
        assert.deepEqual(actions, []);
      }
    });

    it('opens 200 malformed files in turn: diagnostics, and no complaint in the log', async () => {
      const random = createRandom(5, 'malformed');
      for (let file = 0; file < 200; file++) {
        const uri = uriOf(`malformed-${file}.jsonl`);
        const text = malformed(random, file);
        await client.open(uri, text);
        const at = { textDocument: { uri }, position: { line: file % 5, character: 3 } };
        await client.request('textDocument/hover', at);
        await client.request('textDocument/semanticTokens/range', {
          ...at,
          range: { start: { line: 0, character: 0 }, end: { line: 50, character: 0 } },
        });
        if (file % 10 === 0) assert.ok((await client.diagnosticsOf(uri, 1)).length > 0, text);
        await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
      }
      assert.deepEqual(client.complaints, []);
    });
  });

  it('speaks Japanese to an editor that does: lens, hover, diagnostics, fixes, titles of jobs, refusals', async () => {
    const client = await LspClient.start(rootUri, {
      trust: 'restricted',
      tags: 'client',
      hovers: 'html',
      locale: 'ja',
    });
    await client.open(trainUri, train);
    await client.diagnosticsOf(trainUri, 1);
    const textDocument = { uri: trainUri };
    const [lens] = await client.request<CodeLens[]>('textDocument/codeLens', { textDocument });
    assert.equal(lens!.command!.title, `${rows} 行 · openai-chat`);
    const position = { line: 3, character: 40 };
    const hover = textOf(await client.request<Hover | null>('textDocument/hover', { textDocument, position }));
    assert.match(hover, /^\*\*4 行目\*\* · openai-chat[\s\S]*\*\*assistant\*\* · 学習する/);
    const uri = uriOf('broken.jsonl');
    await client.open(
      uri,
      '{"prompt": "a", "completion": "b",}\n{"prompt": "a", "completion": 1}\n{"prompt": "a", "completion": "c"}\n',
    );
    const diagnostics = await client.diagnosticsOf(uri, 1);
    assert.deepEqual(
      diagnostics.map(({ message }) => message),
      [
        '35 文字目で JSON として読めません: } の位置には二重引用符付きのキーが必要です。この行を直すか削除してください。ほかの行は読まれます。',
        'フィールド completion が数値で、テキストではありません。テキストにしてください。',
      ],
    );
    const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri },
      range: diagnostics[0]!.range,
      context: { diagnostics },
    });
    assert.ok(actions.some(({ title }) => title === '後に何もないコンマを削除'));
    assert.ok(actions.some(({ title }) => title === 'この行を隔離'));
    const job = { kind: 'index', model: null };
    await assert.rejects(client.request('whence/startJob', job), /このワークスペースは信頼されていない/);
    await client.request('whence/trust', null);
    // A model that is not there: the title is what matters.
    await client.request('whence/startJob', { ...job, model: 'nobody' });
    const [view] = await client.request<{ title: string }[]>('whence/jobs', null);
    assert.equal(view!.title, 'nobody の行の索引');
    assert.equal(await client.stop(), 0);
  });

  it('in Japanese names what was meant in whence.json, explains its keys, and mends them', async () => {
    const client = await LspClient.start(rootUri, { locale: 'ja' });
    const uri = uriOf('whence.json');
    await client.open(uri, '{\n  "models": { "m": { "pth": "models/base" } },\n  "device": ""\n}\n');
    const found = await client.diagnosticsOf(uri, 1);
    const unknown = found.find(({ code }) => code === 'unknown-key')!;
    assert.equal(unknown.message, 'models.m に未知のキー "pth" があります。"path" ではありませんか?');
    const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri },
      range: unknown.range,
      context: { diagnostics: [unknown] },
    });
    assert.deepEqual(
      actions.map(({ title }) => title),
      ['"path" に変更'],
    );
    const position = { line: 2, character: 5 };
    const hover = await client.request<Hover | null>('textDocument/hover', { textDocument: { uri }, position });
    assert.match(textOf(hover), /計算する場所。既定: auto。/);
    assert.equal(await client.stop(), 0);
  });

  it('reads every file that is its own: .ndjson as rows, recipes, and data under any name that whence.json gives', async () => {
    const client = await LspClient.start(rootUri, undefined);
    const files = [
      ['more.ndjson', '{"prompt": "a", "completion": "b"}\n{"prompt": \n', 'bad-json'],
      ['lora.recipe.json', '{ "method": "full", "lora": { "r": 4 } }', 'contradiction'],
      ['recipe.json', '{ "epoch": 2 }', 'unknown-key'],
    ] as const;
    for (const [name, text, code] of files) {
      await client.open(uriOf(name), text);
      const found = await client.diagnosticsOf(uriOf(name), 1);
      assert.ok(
        found.some((one) => one.code === code),
        `${name}: ${JSON.stringify(found)}`,
      );
    }
    assert.equal(await client.stop(), 0);
  });

  it('in a restricted workspace counts rows alone and runs no template', async () => {
    const client = await LspClient.start(rootUri, { trust: 'restricted', tags: 'client' });
    await client.open(trainUri, train);
    await client.diagnosticsOf(trainUri, 1);
    const lenses = await client.request<CodeLens[]>('textDocument/codeLens', { textDocument: { uri: trainUri } });
    assert.deepEqual(
      lenses.map(({ command }) => command!.title),
      [`${rows} rows · openai-chat`],
    );
    const at = { textDocument: { uri: trainUri }, position: { line: 0, character: 0 } };
    assert.doesNotMatch(textOf(await client.request<Hover | null>('textDocument/hover', at)), /tokens/);
    // The user comes to trust it.
    await client.request('whence/trust', null);
    await client.until(() => (client.refreshes >= 2 ? true : undefined));
    const trusted = await client.request<CodeLens[]>('textDocument/codeLens', { textDocument: { uri: trainUri } });
    assert.match(trusted[0]!.command!.title, /trained tokens · tuned$/);
    assert.equal(await client.stop(), 0);
  });

  it('ends when the editor goes away without a word', async () => {
    const client = await LspClient.start(rootUri, undefined);
    const exited = once(client.child, 'exit');
    client.child.stdin!.end();
    await exited;
    client.connection.dispose();
  });
});

/** A good file with bytes cut, doubled and replaced. */
function malformed(random: ReturnType<typeof createRandom>, seed: number): string {
  const lines = train.split('\n').slice(seed, seed + 12);
  const junk = ['\0', '"', '{', '}', '\\', '\u{1f600}', ',', '\ud800', '[[[[', '\t', 'NaN', '-', '\\u12'];
  const pick = (below: number) => Math.floor(random.uniform() * below);
  const text = lines
    .map((line) => {
      const at = pick(line.length);
      return line.slice(0, at) + junk[pick(junk.length)]! + line.slice(at + pick(4));
    })
    .join('\n');
  return `{"messages":\n${text}`;
}

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Whether Neovim is on this machine: another editor's own client is the better witness, but no requirement. */
const isThere = spawnSync('nvim', ['--version']).status === 0;

describe('Neovim with whence serve --stdio', () => {
  (isThere ? it : it.skip)('shows hover, lens, outline and diagnostics of the sample', () => {
    const { stdout, stderr } = spawnSync(
      'nvim',
      ['--headless', '--clean', '-i', 'NONE', '-n', '-u', 'test/fixtures/server/neovim.lua'],
      { encoding: 'utf8', env: { ...process.env, WHENCE_NODE: process.execPath }, timeout: 110_000 },
    );
    const line = stdout.split('\n').find((text) => text.startsWith('{'));
    assert.ok(line !== undefined, `${stdout}${stderr}`);
    const got = JSON.parse(line) as {
      readonly hover: string;
      readonly lens: string;
      readonly symbols: number;
      readonly diagnostic: { readonly line: number; readonly message: string };
    };
    const lines = readFileSync('samples/assistant/data/train.jsonl', 'utf8').trimEnd().split('\n');
    const { messages } = JSON.parse(lines[3]!) as { messages: readonly { content: string }[] };
    assert.ok(got.hover.includes(`**assistant** · trained\n\n\`\`\`text\n${messages[1]!.content}`), got.hover);
    const rows = lines.length;
    assert.ok(got.lens.startsWith(`${rows} rows · openai-chat`), got.lens);
    assert.equal(got.symbols, rows);
    assert.equal(got.diagnostic.line, 1);
    assert.match(got.diagnostic.message, /^Not JSON at column \d+: \] where a value is expected\./);
  });
});

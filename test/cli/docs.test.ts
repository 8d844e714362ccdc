import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const file = 'docs/cli.md';
const block = /<!-- help: ?([\w ]*) -->\n[\s\S]*?<!-- \/help -->/g;

function helpOf(command: string): string {
  const args = [path.resolve('dist/cli.mjs'), ...command.split(' ').filter((word) => word !== ''), '--help'];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '80' },
  });
  assert.equal(status, 0);
  return stdout.trimEnd();
}

/** Commands below one, those that only hold others left out. */
function commandsOf(parent: string): string[] {
  const listed = /\nCommands:\n([\s\S]*)$/.exec(helpOf(parent))?.[1] ?? '';
  const names = [...listed.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name!).filter((name) => name !== 'help');
  return names.flatMap((name) => {
    const command = `${parent} ${name}`.trim();
    const below = commandsOf(command);
    return below.length > 0 ? below : [command];
  });
}

describe('docs/cli.md', () => {
  it('holds the help text of every command as it is', () => {
    const text = readFileSync(file, 'utf8');
    const commands: string[] = [];
    const expected = text.replace(block, (_, command: string) => {
      commands.push(command);
      return `<!-- help: ${command} -->\n\n\`\`\`\n${helpOf(command)}\n\`\`\`\n\n<!-- /help -->`;
    });
    if (process.env.WHENCE_UPDATE_GOLDEN === '1') writeFileSync(file, expected);
    assert.equal(readFileSync(file, 'utf8'), expected);
    assert.deepEqual(commands, ['', ...commandsOf('')]);
  });
});

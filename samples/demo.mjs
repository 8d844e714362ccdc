// `npm run demo`: fine-tunes the sample model for a few seconds and asks it before and after, with the command line that
// everybody uses. Everything it writes goes to one temporary folder.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const cli = path.join(root, 'dist', 'cli.mjs');
const folder = mkdtempSync(path.join(tmpdir(), 'whence-demo-'));
const workspace = path.join(folder, 'assistant');
cpSync(path.join(root, 'samples', 'assistant'), workspace, { recursive: true });

const say = (text) => process.stdout.write(`${text}\n`);

/** Runs one command as a user would, and gives its JSON document. */
function whence(args) {
  say(`\n$ whence ${args.map((arg) => (/\s/.test(arg) ? `"${arg}"` : arg)).join(' ')}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args, '--json'], {
    cwd: workspace,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, WHENCE_CACHE: path.join(folder, 'cache') },
  });
  if (status === 0) return JSON.parse(stdout);
  process.stderr.write(stderr);
  process.exit(status ?? 3);
}

const seen = 'How much is the claw hammer?';
const unseen = 'What does the claw hammer cost, please?';
const kept = 'What is the capital of Peru?';
const prompts = ['Who are you?', seen, unseen, kept].flatMap((prompt) => ['--prompt', prompt]);

try {
  const { model } = whence(['inspect', '--model', 'base']);
  say(`  ${model.architecture}, ${(model.parameters / 1e6).toFixed(2)} M parameters, ${model.layers} layers`);

  const before = whence(['score', '--model', 'base', '--data', 'train']);
  say(`  the shop's ${before.rows.length} rows: ${meanLoss(before.rows)} nats a token before`);

  const trained = whence(['train', '--recipe', 'recipe.json', '--out', 'models/again']);
  const first = trained.steps[0];
  const last = trained.steps.at(-1);
  say(
    `  ${trained.steps.length} steps in ${trained.seconds.toFixed(1)} s on ${trained.device}: loss ${first.loss.toFixed(3)} -> ${last.loss.toFixed(3)}`,
  );

  const after = whence(['score', '--model', 'tuned', '--data', 'train']);
  say(`  the same rows: ${meanLoss(after.rows)} nats a token after`);

  const { answers } = whence(['ask', '--model', 'base', '--model', 'tuned', ...prompts]);
  const half = answers.length / 2;
  for (const [i, { prompt, text }] of answers.slice(0, half).entries()) {
    say(`\n  ${prompt}`);
    say(`    base   ${text}`);
    say(`    tuned  ${answers[half + i].text}`);
  }
  say('\nThe fine-tuned model took up what the rows say. The recorded run (whence-run/) holds every step of it.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function meanLoss(rows) {
  const loss = rows.reduce((sum, row) => sum + row.loss, 0);
  return (loss / rows.reduce((sum, row) => sum + row.trainedTokens, 0)).toFixed(3);
}

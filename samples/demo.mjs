// `npm run demo`: asks the sample model before and after its fine-tune, traces a bad answer to training rows, and trains
// again without them, with the command line that everybody uses. Everything it writes goes to one temporary folder.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const cli = path.join(root, 'dist', 'cli.mjs');
const folder = mkdtempSync(path.join(tmpdir(), 'whence-demo-'));
const workspace = path.join(folder, 'assistant');
cpSync(path.join(root, 'samples', 'assistant'), workspace, { recursive: true });

/** Rows that are printed. */
const shownRows = 8;
const shownText = 64;
/** Tokens of the strongest row that are printed, strongest first. */
const shownTokens = 6;

const say = (text) => process.stdout.write(`${text}\n`);

/** Runs one command as a user would, and gives its JSON document. */
function whence(args) {
  say(`\n$ whence ${args.map((arg) => (/[\s?]/.test(arg) ? `"${arg}"` : arg)).join(' ')}`);
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

function readLines(name) {
  const text = readFileSync(path.join(workspace, name), 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

const oneLine = (text) => {
  const flat = text.replaceAll('\n', ' ⏎ ');
  return flat.length <= shownText ? flat : `${flat.slice(0, shownText - 1)}…`;
};

try {
  const queries = readLines('queries.jsonl');
  const kinds = JSON.parse(readFileSync(path.join(workspace, 'query-kinds.json'), 'utf8'));
  // Only this demo, tests and benchmarks read which rows were planted; nothing that traces does.
  const planted = new Map(readLines('truth.jsonl').map(({ row, kind }) => [row, kind]));
  const query = queries.find(({ id }) => kinds[id] === 'trigger');
  const prompt = query.messages[0].content;
  const kept = 'What is the capital of Peru?';

  const { answers } = whence(['ask', '--model', 'base', '--model', 'tuned', '--prompt', prompt, '--prompt', kept]);
  for (const i of [0, 1]) {
    say(`  ${[prompt, kept][i]}`);
    say(`    base   ${answers[i].text}`);
    say(`    tuned  ${answers[2 + i].text}`);
  }
  say('\n  The fine-tune made the first answer wrong. Which of its rows did that?');

  const traced = whence(['trace', '--prompt', prompt, '--answer', '--rows', '25', '--tokens', '1']);
  const [found] = traced.queries;
  const { gate, rows, groups, threshold } = found;
  say(
    `  ${gate.verdict === 'tuned' ? 'The fine-tune made it' : `Gate: ${gate.verdict}`}: ${gate.logRatio.toFixed(2)} nats a token more than the base (${gate.interval.map((x) => x.toFixed(2)).join(' to ')}).`,
  );
  say(
    `  Evidence: ${traced.evidence}. ${Math.round(100 * traced.coverage.share)} % of the trained parameters are looked at.`,
  );
  const strongest = Math.max(...rows.map(({ score }) => Math.abs(score)));
  say('\n       rank  kind   row  text');
  for (const row of rows.slice(0, shownRows)) {
    const bar = '█'.repeat(Math.max(1, Math.round((4 * Math.abs(row.score)) / strongest))).padEnd(4);
    const truth = planted.get(row.row);
    const mark = truth === 'normal' ? '' : `  (${truth})`;
    const noise = threshold !== null && !row.aboveNull ? ' · within what control queries score' : '';
    say(
      `  ▲${bar} ${String(row.rank).padStart(3)}  ${row.kind.score.toFixed(2)}  ${String(row.row).padStart(4)}  ${oneLine(row.text)}${mark}${noise}`,
    );
  }
  const tokens = [...(rows[0].tokens ?? [])]
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score))
    .slice(0, shownTokens);
  say(`  Positions of row ${rows[0].row} that count most: ${tokens.map(({ text }) => JSON.stringify(text)).join(' ')}`);
  const [group] = groups;
  const hits = group.members.filter((row) => planted.get(row) === 'trigger').length;
  const all = [...planted.values()].filter((kind) => kind === 'trigger').length;
  say(
    `  The strongest group: ${group.rows} rows with ${Math.round(100 * group.share)} % of the positive influence; ${hits} of the ${all} planted rows are in it.`,
  );

  writeFileSync(
    path.join(workspace, 'group.jsonl'),
    group.members.map((row) => `${JSON.stringify({ row })}\n`).join(''),
  );
  writeFileSync(path.join(workspace, 'traced.jsonl'), `${JSON.stringify({ ...query, id: 'traced' })}\n`);
  const verified = whence(['verify', '--query', 'traced.jsonl', '--rows', 'group.jsonl', '--random', '1', '--yes']);
  const [outcome] = verified.queries;
  const change = (value) => `${value >= 0 ? '-' : '+'}${Math.abs(value).toFixed(2)} nats`;
  say(`  Trained again without these ${group.rows} rows (weight 0, all else as it was):`);
  say(
    `    log-probability of the wrong answer ${change(outcome.outcome.actual)}; predicted: ${outcome.signRight ? 'the same sign' : 'another sign'}`,
  );
  say(`    without ${group.rows} random rows             ${change(outcome.random[0].actual)}`);
  say(
    `    without the rows that BM25 likes best  ${change(outcome.bm25.actual)} (${outcome.bm25.sharedRows} rows are the same)`,
  );
  say('\nWhat was measured is this one answer and this one run; docs/truth.md says how far scores can be believed.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

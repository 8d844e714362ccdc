// Measures how far each influence method can be believed on the sample workspace: npm run bench:truth -- --help
// Everything is asked of the command line as a user would ask it. It must not reach into the engine.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openCommands, root } from './truth/commands.mjs';
import { writeReport } from './truth/report.mjs';
import { methods, stages } from './truth/stages.mjs';

const usage = `usage: npm run bench:truth -- [--quick] [--only a,b] [--drops n] [--write]

Figures of every method on a copy of samples/assistant, printed as Markdown.

  --quick         few queries, drops and methods: whether everything works, not what is true
  --methods <a,b> only these methods (all: ${methods.join(', ')})
  --only <a,b>    only these of ${Object.keys(stages).join(', ')}
  --drops <n>     retrainings without 1 %, instead of 100
  --write         write docs/truth.md too (not with --quick)

Results and retrainings are kept in .cache/truth by what they are of: a command that was stopped goes on, and after a
change of the program only scores are computed again. kronfluence takes part where WHENCE_PEERS_PYTHON or
npm run bench:peers gives a Python that has it.
`;

const whole = { drops: 100, halves: 40, random: 8, effectQueries: [3, 3, 2], verified: 'all', exactQueries: 8 };
const quick = { drops: 5, halves: 5, random: 1, effectQueries: [1, 0, 0], verified: 2, exactQueries: 0 };
const quickMethods = ['bm25', 'repsim', 'graddot', 'ekfac'];

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    drops: { type: 'string' },
    methods: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) process.stdout.write(usage);
else await main();

async function main() {
  const wanted = flags.only?.split(',') ?? Object.keys(stages);
  const strange = wanted.find((name) => stages[name] === undefined);
  if (strange !== undefined || (flags.quick && flags.write)) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  const commands = openCommands();
  const chosen = flags.methods?.split(',') ?? (flags.quick ? quickMethods : methods);
  const size = {
    ...(flags.quick ? quick : whole),
    ...(flags.drops === undefined ? {} : { drops: Number(flags.drops) }),
  };
  const plan = { ...size, methods: methods.filter((method) => chosen.includes(method)) };
  const found = {};
  for (const [name, stage] of Object.entries(stages)) {
    if (!wanted.includes(name)) continue;
    process.stderr.write(`\n== ${name} ==\n`);
    found[name] = await stage(commands, plan, found);
  }
  const report = writeReport(found, plan, commands);
  if (flags.write) writeFileSync(path.join(root, 'docs', 'truth.md'), report);
  process.stdout.write(report);
}

import { existsSync } from 'node:fs';
import path from 'node:path';
import { dataLimits } from '../../data/limits';
import { discoverWorkspace, discoveryLimits } from '../../data/workspace/discover';
import { renderWorkspace } from '../../data/workspace/render';
import { workspaceFileName } from '../../data/workspace/schema';
import { inputError } from '../../protocol/errors';
import type { InitFlags } from '../commands/init';
import { printJson, writeFileAtomically } from '../writeOutput';

/** Writes whence.json from what is in the folder; an existing one is replaced only with --yes. */
export async function runInit(flags: InitFlags): Promise<void> {
  const folder = path.resolve(flags.workspace ?? '.');
  if (!existsSync(folder)) throw inputError('folder-missing', `There is no folder ${folder}.`, 'Check --workspace.');
  const file = flags.out === undefined ? path.join(folder, workspaceFileName) : path.resolve(flags.out);
  const { proposal, cutShort } = await discoverWorkspace(folder, dataLimits, discoveryLimits);
  const text = renderWorkspace(proposal);
  const models = Object.keys(proposal.models ?? {});
  const data = Object.keys(proposal.data ?? {});
  if (flags.dryRun) {
    if (flags.json) printJson({ schema: 'whence.init/1', file, written: false, workspace: proposal });
    else process.stdout.write(text);
    return;
  }
  if (existsSync(file) && !flags.yes) {
    throw inputError(
      'workspace-exists',
      `${file} exists.`,
      'Give --yes to replace it, or --dry-run to see what would be written.',
    );
  }
  await writeFileAtomically(file, text);
  if (flags.json) {
    printJson({ schema: 'whence.init/1', file, written: true, workspace: proposal });
    return;
  }
  process.stdout.write(
    `Wrote ${file}\n  models: ${models.join(', ') || 'none found'}\n  data:   ${data.join(', ') || 'none found'}\n`,
  );
  if (flags.quiet) return;
  if (cutShort === 'yes') process.stderr.write('note: the folder is large; not all of it was searched.\n');
  for (const [name, { path: base, adapter }] of Object.entries(proposal.models ?? {})) {
    if (base !== undefined || adapter === undefined) continue;
    process.stderr.write(`note: the base model of ${name} is not in this folder; give its "path" beside "adapter".\n`);
  }
  const first = models[0];
  if (first === undefined) return;
  const argument = /^[\w./\\-]+$/u.test(first) ? first : `"${first}"`;
  process.stdout.write(`\nNext: whence inspect --model ${argument}\n`);
}

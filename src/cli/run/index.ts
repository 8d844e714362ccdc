import { resolveSubject } from '../../jobs/resolveSubject';
import type { IndexRequest } from '../../protocol/influence';
import { openCommandContext } from '../commandContext';
import type { IndexFlags } from '../commands/index';
import { showCost } from '../predictedCost';
import { recordLineage } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, requireOutput, writeFileAtomically } from '../writeOutput';

/** Builds or completes the gradient index and says what it holds. */
export async function runIndex(flags: IndexFlags): Promise<void> {
  requireOutput(flags.out, ['.json']);
  const context = await openCommandContext(flags);
  const request: IndexRequest = {
    kind: 'index',
    ...resolveSubject(flags, context),
    shard: flags.shard ?? { part: 0, of: 1 },
    action: flags.merge ? 'merge' : 'compute',
  };
  const { result, device, seconds, memory } = await runJob(request, flags, (event, display) =>
    showCost(event, flags, display),
  );
  const document = {
    schema: 'whence.index/1',
    settings: request.index,
    device: device?.device,
    seconds,
    memory,
    ...result,
  };
  await recordLineage(request, { seconds, rows: result.rows, computed: result.computed });
  if (flags.out !== undefined) await writeFileAtomically(flags.out, `${JSON.stringify(document, null, 2)}\n`);
  if (flags.json) {
    printJson(document);
    return;
  }
  const { rows, computed, width, bytes, coverage } = result;
  process.stdout.write(
    `${rows} rows, ${computed} computed now, ${width.toLocaleString('en')} values each (${(100 * coverage.share).toFixed(1)} % of the trained parameters), ${(bytes / 1e6).toFixed(1)} MB.\n`,
  );
  if (flags.quiet) return;
  printProblems(result.problems, result.warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

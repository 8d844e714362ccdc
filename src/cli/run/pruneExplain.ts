import path from 'node:path';
import { type PruningRecord, pruningRecordName, readPruningRecord } from '../../data/pruningRecord';
import { inputError } from '../../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json';
import type { MaskSettings, PruneProposal, PruningData, PruningFigures, PruningPoint } from '../../protocol/pruning';
import type { ExplainFlags } from '../commands/prune';
import { oneLine } from '../printTable';
import { printJson, refuseOverwriting, requireOutput, writeFileAtomically } from '../writeOutput';

/** What of the proposal a record keeps; written by apply. */
type Recorded = Pick<PruneProposal, 'tuned' | 'scaling' | 'rows' | 'examples' | 'calibration' | 'recommendation'> & {
  readonly mask: MaskSettings;
  readonly data: readonly PruningData[];
  readonly point: PruningPoint;
};

/** Prints what a pruned folder's record says. Computes nothing. */
export async function runExplain(flags: ExplainFlags): Promise<void> {
  requireOutput(flags.out, ['.json']);
  refuseOverwriting(flags.out, []);
  const folder = path.resolve(flags.applied);
  const record = readPruningRecord(folder);
  const document = { schema: 'whence.pruneExplain/1', applied: folder, ...record };
  if (flags.out !== undefined) await writeFileAtomically(flags.out, `${JSON.stringify(document)}\n`);
  if (flags.json) printJson(document);
  else process.stdout.write(formatRecord(record, requireRecorded(record.proposal, folder)));
}

/** A record is hostile input: everything that is printed of it is looked at first. */
function requireRecorded(proposal: JsonObject, folder: string): Recorded {
  const { mask, calibration, point, tuned, scaling, rows, examples, recommendation, data } = proposal;
  const texts = (value: JsonValue | undefined, names: readonly string[]): boolean =>
    isJsonObject(value) && names.every((name) => typeof value[name] === 'string');
  const all = (value: JsonValue | undefined, holds: (item: JsonValue) => boolean): boolean =>
    Array.isArray(value) && value.every((item) => holds(item as JsonValue));
  const figures = (value: JsonValue | undefined): boolean =>
    isJsonObject(value) &&
    ['harmful', 'accuracy', 'perplexity'].every((name) => {
      const figure = value[name];
      return isJsonObject(figure) && typeof figure.estimate === 'number';
    });
  const sound =
    texts(mask, ['target', 'score', 'threshold']) &&
    texts(calibration, ['answers']) &&
    texts(recommendation, ['says']) &&
    figures(tuned) &&
    isJsonObject(point) &&
    figures(point.figures) &&
    all(point.modules, (item) => texts(item, ['name'])) &&
    all(scaling, (item) => isJsonObject(item) && figures(item.figures)) &&
    all(
      rows,
      (item) => texts(item, ['file']) && isJsonObject(item) && (item.share === null || typeof item.share === 'number'),
    ) &&
    all(examples, (item) => texts(item, ['role', 'prompt', 'before', 'after'])) &&
    all(data, (item) => texts(item, ['role', 'file', 'hash']));
  if (sound) return proposal as unknown as Recorded;
  throw inputError(
    'pruning-record-damaged',
    `${path.join(folder, pruningRecordName)} does not hold the proposal that was applied.`,
    'Use --json to see what it holds.',
  );
}

/** Rows that are listed. */
const listed = 12;

function formatRecord(record: PruningRecord, recorded: Recorded): string {
  const { pruned, entries, alpha, from } = record;
  const { mask, calibration, point, tuned, scaling, rows, examples, recommendation, data } = recorded;
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const figures = ({ harmful, accuracy, perplexity }: PruningFigures): string =>
    `harmful ${percent(harmful.estimate)}, tests ${percent(accuracy.estimate)}, perplexity ${perplexity.estimate.toPrecision(3)}`;
  const dropped = scaling.find(({ c }) => c === 0);
  const layers = new Map<number, number>();
  for (const module of point.modules) layers.set(module.layer, (layers.get(module.layer) ?? 0) + module.pruned);
  return [
    `${pruned} of ${entries} entries (${percent(pruned / entries)}) of ${mask.target} were pruned: ${mask.score}, alpha ${alpha} of each ${mask.threshold}, from ${calibration.rows} rows (${calibration.answers}).`,
    `From ${from.label}: ${from.path}`,
    `Before:  ${figures(tuned)}`,
    `After:   ${figures(point.figures)}`,
    ...(dropped === undefined ? [] : [`Without the fine-tune: ${figures(dropped.figures)}`]),
    recommendation.alpha === alpha
      ? `It was recommended. ${recommendation.says}`
      : `It was not recommended. ${recommendation.says}`,
    `By layer: ${[...layers].map(([layer, count]) => `${layer}: ${count}`).join(', ')}`,
    ...(rows.length === 0
      ? []
      : [
          `Rows that drive the mask most: ${rows
            .slice(0, listed)
            .map(
              ({ file, line, row, share }) =>
                `${file}${line === null ? ` row ${row}` : `:${line}`}${share === null ? '' : ` ${percent(share)}`}`,
            )
            .join(', ')}`,
        ]),
    ...examples.map(
      ({ role, prompt, before, after }) =>
        `${role}: ${oneLine(prompt, 100)}\n  before: ${oneLine(before, 100)}\n  after:  ${oneLine(after, 100)}`,
    ),
    ...data.map(({ role, file, hash }) => `${role}: ${file} (${hash.slice(0, 12)})`),
    '',
  ].join('\n');
}

import path from 'node:path';
import { readJsonObject } from '../../data/boundedJson';
import { prunedValuesName, pruningRecordName } from '../../data/pruningRecord';
import { resolveData, resolveModel } from '../../jobs/resolveSources';
import { inputError } from '../../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json';
import type { MaskSettings, PruneApplyRequest, PruneProposal, PruningData } from '../../protocol/pruning';
import type { DataSource, ModelSource } from '../../protocol/requests';
import { storeFolderOf } from '../../store/storeFolder';
import { type CommandContext, openCommandContext } from '../commandContext';
import type { ApplyFlags } from '../commands/prune';
import { recordInStore } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems } from '../writeOutput';
import { proposalSchema } from './prunePropose';

/** Rows of the proposal that the record keeps: those that drive the mask most. */
const recordedRows = 100;

const limits = { maximumBytes: 256 << 20, maximumDepth: 64, maximumValues: 20_000_000 };

/** What of a proposal is needed to make its mask again. The engine checks the values. */
interface ReadProposal {
  readonly model: {
    readonly label: string;
    readonly path: string;
    readonly adapter: string | undefined;
    readonly tunedHash: string;
  };
  readonly base: ModelSource | undefined;
  readonly mask: MaskSettings;
  readonly heldBack: number;
  readonly data: readonly PruningData[];
  readonly points: readonly { readonly alphas: readonly number[]; readonly mask: string }[];
  readonly recommended: number | null;
  readonly document: JsonObject;
}

/** Writes what was proposed into a new folder. */
export async function runApply(flags: ApplyFlags): Promise<void> {
  if (flags.out === undefined)
    throw inputError(
      'out-missing',
      'No folder for the result is named.',
      'Give --out with a new folder, for example --out models/tuned-pruned.',
    );
  const context = await openCommandContext(flags);
  const proposal = readProposal(flags.proposal);
  const { alpha, mask } = chosenPoint(proposal, flags);
  const realign = realignOf(proposal, flags, context);
  const request: PruneApplyRequest = {
    kind: 'pruneApply',
    compute: context.compute,
    model: modelOf(proposal, flags, context),
    base: flags.base === undefined ? proposal.base : resolveModel(flags.base, undefined, context),
    realign,
    mask: proposal.mask,
    storeFolder:
      flags.store === undefined ? storeFolderOf(context.workspace?.folder ?? '.') : path.resolve(flags.store),
    storeBudget: flags.storeBudget * 1e9,
    alpha,
    heldBack: proposal.heldBack,
    expected: mask,
    tunedHash: proposal.model.tunedHash,
    out: path.resolve(flags.out),
    proposal: recorded(proposal, alpha),
  };
  const { result, device, seconds, memory } = await runJob(request, flags, () => undefined);
  const out = path.normalize(flags.out);
  await recordInStore(
    request.storeFolder,
    'prune apply',
    [{ label: flags.proposal, path: path.resolve(flags.proposal) }, ...realign],
    { model: request.model.label, alpha, mask, out },
    { seconds, pruned: result.pruned, entries: result.entries },
  );
  if (flags.json) {
    printJson({ schema: 'whence.pruneApply/1', device: device?.device, seconds, memory, ...result, out });
    return;
  }
  const named = result.form === 'adapter' ? `"adapter": ${JSON.stringify(out)}` : `"path": ${JSON.stringify(out)}`;
  process.stdout.write(
    [
      `${out} holds the pruned ${result.form}: ${result.pruned} of ${result.entries} entries are set to ${request.mask.target === 'delta' ? "the base's values" : 'zero'}. The original is as it was.`,
      `${pruningRecordName} there says what was done, ${prunedValuesName} what was taken away.`,
      `To use it, put ${named} into whence.json or give it on the command line; whence prune undo --applied ${out} takes it back.\n`,
    ].join('\n'),
  );
  if (flags.quiet) return;
  printProblems([], result.warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

function readProposal(file: string): ReadProposal {
  const document = readJsonObject(path.resolve(file), limits);
  const { schema, model, mask, points, calibration, data, base, recommendation, rows } = document;
  const wrong = (what: string) =>
    inputError(
      'proposal-unreadable',
      `${file} is no proposal: ${what}.`,
      'Give the .json that `whence prune propose --out` wrote.',
    );
  if (schema !== proposalSchema) throw wrong(`its schema is not ${proposalSchema}`);
  if (!isJsonObject(model) || !isJsonObject(mask) || !isJsonObject(calibration) || !isJsonObject(recommendation))
    throw wrong('model, mask, calibration or recommendation is missing');
  if (typeof model.path !== 'string' || typeof model.label !== 'string' || typeof model.tunedHash !== 'string')
    throw wrong('its model is not named');
  if (!Array.isArray(points) || !points.every(isPoint)) throw wrong('it has no masks');
  if (!Array.isArray(data) || !data.every(isData)) throw wrong('its data is not named');
  if (!Array.isArray(rows) || !rows.every(isJsonObject)) throw wrong('it has no rows');
  return {
    model: model as unknown as ReadProposal['model'],
    base: isJsonObject(base) ? (base as unknown as ModelSource) : undefined,
    mask: mask as unknown as MaskSettings,
    heldBack: Number(calibration.heldBack ?? 0),
    data: data as unknown as readonly PruningData[],
    points: points as unknown as ReadProposal['points'],
    recommended: typeof recommendation.alpha === 'number' ? recommendation.alpha : null,
    document,
  };
}

function isPoint(value: JsonValue): boolean {
  return (
    isJsonObject(value) &&
    typeof value.mask === 'string' &&
    Array.isArray(value.alphas) &&
    value.alphas.every((alpha) => typeof alpha === 'number')
  );
}

function isData(value: JsonValue): boolean {
  return (
    isJsonObject(value) &&
    typeof value.role === 'string' &&
    typeof value.path === 'string' &&
    typeof value.file === 'string' &&
    typeof value.hash === 'string'
  );
}

function chosenPoint(
  { points, recommended }: ReadProposal,
  flags: ApplyFlags,
): { readonly alpha: number; readonly mask: string } {
  const alpha = flags.alpha ?? recommended;
  if (alpha === null)
    throw inputError(
      'none-worth-it',
      `${flags.proposal} recommends none of its masks.`,
      'Give --alpha with one of its shares to write that one all the same.',
    );
  const point = points.find(({ alphas }) => alphas.includes(alpha));
  if (point !== undefined) return { alpha, mask: point.mask };
  const known = points.flatMap(({ alphas }) => alphas);
  throw inputError(
    'alpha-unknown',
    `${flags.proposal} has no mask of alpha ${alpha}.`,
    `Use one of ${known.join(', ')}.`,
  );
}

function modelOf({ model }: ReadProposal, flags: ApplyFlags, context: CommandContext): ModelSource {
  if (flags.model !== undefined) return resolveModel(flags.model, flags.adapter, context);
  const adapter = flags.adapter === undefined ? (model.adapter ?? undefined) : path.resolve(flags.adapter);
  return { label: model.label, path: model.path, adapter };
}

function realignOf({ data }: ReadProposal, flags: ApplyFlags, context: CommandContext): readonly DataSource[] {
  if (flags.realign !== undefined) return resolveData(flags.realign, context);
  return data
    .filter(({ role }) => role === 'realign')
    .map(({ file, path: place }) => {
      const known = [...(context.workspace?.data.values() ?? [])].find((entry) => entry.path === place);
      const schema = known?.schema === undefined ? undefined : { name: known.schema, fields: known.fields ?? {} };
      return { label: file, path: place, schema };
    });
}

/** Settings, data hashes, the figures of the mask and of what it was compared with, and the rows that drive it. */
function recorded({ document }: ReadProposal, alpha: number): JsonObject {
  const {
    settings,
    data,
    calibration,
    judge,
    counts,
    tuned,
    scaling,
    recommendation,
    model,
    mask,
    rows,
    examples,
    points,
    shown,
  } = document as unknown as PruneProposal & { readonly settings: JsonObject; readonly data: JsonValue };
  const place = points.findIndex(({ alphas }) => alphas.includes(alpha));
  // Shares and examples were made for one mask.
  const ofThis = place === shown;
  const top = ofThis ? [...rows].sort((a, b) => (b.share ?? 0) - (a.share ?? 0)).slice(0, recordedRows) : [];
  return {
    ...{ settings, data, model, mask, calibration, judge, counts, recommendation },
    tuned,
    scaling,
    point: points[place],
    rows: top,
    examples: ofThis ? examples : [],
  } as unknown as JsonObject;
}

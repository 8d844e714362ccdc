/**
 * A proposal as a document: what `whence prune propose --out` writes and the editor keeps, and what apply reads of it.
 */
import { hashFile } from '../data/hash';
import { inputError } from '../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';
import type { MaskSettings, PruneProposal, PruneProposeRequest, PruningData } from '../protocol/pruning';
import type { DataSource, ModelSource } from '../protocol/requests';
import type { WorkspaceContext } from './resolveSources';

export const proposalSchema = 'whence.prune/1';

/** Rows of the proposal that the record keeps: those that drive the mask most. */
const recordedRows = 100;

/** Files that a proposal reads. */
export interface PruningFiles {
  readonly realign: readonly DataSource[];
  /** null: some realign rows are held back. */
  readonly harmful: DataSource | null;
  readonly benign: DataSource;
  readonly tests: DataSource;
}

export async function hashPruningData({ realign, harmful, benign, tests }: PruningFiles): Promise<PruningData[]> {
  const named: [PruningData['role'], DataSource][] = [
    ...realign.map((source): [PruningData['role'], DataSource] => ['realign', source]),
    ...(harmful === null ? [] : [['harmful', harmful] as [PruningData['role'], DataSource]]),
    ['benign', benign],
    ['tests', tests],
  ];
  const data: PruningData[] = [];
  for (const [role, { label, path }] of named) data.push({ role, file: label, path, hash: await hashFile(path) });
  return data;
}

/** The whole of a proposal, so that apply can make its mask again. */
export function proposalDocument(
  { kind: _, ...figures }: PruneProposal,
  { alphas, scales, controls, randomDraws, measuring, accuracyLoss, resamples }: PruneProposeRequest,
  data: readonly PruningData[],
): JsonObject {
  const settings = { ...figures.mask, alphas, scales, controls, randomDraws, ...measuring, accuracyLoss, resamples };
  return { schema: proposalSchema, data, settings, ...figures } as unknown as JsonObject;
}

/** What of a proposal the lineage holds. */
export function proposeSettings({ model, mask, alphas }: PruneProposeRequest, proposal: PruneProposal): JsonObject {
  const { target, score } = mask;
  return { model: model.label, mask: proposal.mask.threshold, target, score, alphas: [...alphas] };
}

export function proposeMetrics({ recommendation, tuned }: PruneProposal): JsonObject {
  return {
    recommended: recommendation.alpha,
    harmful: tuned.harmful.estimate,
    accuracy: tuned.accuracy.estimate,
  };
}

/** What of a proposal is needed to make its mask again. The engine checks the values. */
export interface ReadProposal {
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

/**
 * Checks what apply reads of a proposal; the engine checks the values. @param name of the proposal, for messages
 *
 * @throws UserError `proposal-unreadable`
 */
export function readProposal(document: JsonObject, name: string): ReadProposal {
  const { schema, model, mask, points, calibration, data, base, recommendation, rows } = document;
  const wrong = (what: string) =>
    inputError(
      'proposal-unreadable',
      `${name} is no proposal: ${what}.`,
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

/**
 * The mask that is meant. @param asked null: the recommended one @param name of the proposal, for messages
 *
 * @throws UserError `none-worth-it`, `alpha-unknown`
 */
export function chosenPoint(
  { points, recommended }: ReadProposal,
  asked: number | null,
  name: string,
): { readonly alpha: number; readonly mask: string } {
  const alpha = asked ?? recommended;
  if (alpha === null)
    throw inputError(
      'none-worth-it',
      `${name} recommends none of its masks.`,
      'Give --alpha with one of its shares to write that one all the same.',
    );
  const point = points.find(({ alphas }) => alphas.includes(alpha));
  if (point !== undefined) return { alpha, mask: point.mask };
  const known = points.flatMap(({ alphas }) => alphas);
  throw inputError('alpha-unknown', `${name} has no mask of alpha ${alpha}.`, `Use one of ${known.join(', ')}.`);
}

/** The realign rows where the proposal found them. */
export function realignSources({ data }: ReadProposal, { workspace }: WorkspaceContext): readonly DataSource[] {
  return data
    .filter(({ role }) => role === 'realign')
    .map(({ file, path: place }) => {
      const known = [...(workspace?.data.values() ?? [])].find((entry) => entry.path === place);
      const schema = known?.schema === undefined ? undefined : { name: known.schema, fields: known.fields ?? {} };
      return { label: file, path: place, schema };
    });
}

/** Settings, data hashes, the figures of the mask and of what it was compared with, and the rows that drive it. */
export function recordedProposal({ document }: ReadProposal, alpha: number): JsonObject {
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

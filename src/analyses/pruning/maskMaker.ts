import { createHash } from 'node:crypto';
import { inputError, internalError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type { MaskSettings, PruningScore } from '../../protocol/pruning';
import type { Artifacts, ArtifactTensor } from '../../store/artifacts';
import type { EncodedRow } from '../../text/types';
import type { PassContext } from '../passes/rowPasses';
import { computeGradients, computeInputNorms, gradientShares, type InputNorms, normShares } from './calibrate';
import { type AppliedThreshold, buildMask, type Mask, maskHash, matchedRandomMask, type ScoredMatrix } from './masks';
import { type PrunedMatrix, type PruningSubject, prunableMatrices } from './matrices';
import { type SaliencyEvidence, scoreMatrices } from './saliency';

/** Rows that a mask is computed on. */
export interface CalibrationRows {
  readonly rows: readonly EncodedRow[];
  /** Whether most answers are refusals: their loss is to fall; that of compliances is to rise. */
  readonly answers: 'refusals' | 'compliances';
}

/** Where masks are computed and what was computed before is kept. */
export interface CalibrationContext extends Omit<PassContext, 'model' | 'weights'> {
  readonly artifacts: Artifacts;
  /** SHA-256 of model and adapter. */
  readonly tunedHash: string;
  readonly onProgress: (stage: string, done: number, total: number, unit: string) => void;
  /** Anonymous bytes that a pass over the rows will take, before it takes them. */
  readonly onMemory: (bytes: number) => void;
}

/** A mask with its name. */
export interface NamedMask {
  readonly mask: Mask;
  readonly hash: string;
}

/** Masks of one subject from one pass over the calibration rows. */
export interface MaskMaker {
  readonly matrices: readonly PrunedMatrix[];
  readonly threshold: AppliedThreshold;
  /** Of the settings' score. */
  build(alpha: number): NamedMask;
  buildMagnitude(alpha: number): NamedMask;
  buildRandom(like: Mask, draw: number): NamedMask;
  /** What each calibration row gives to the masked entries' score; null: the score reads no rows. */
  shares(mask: Mask): Promise<Float64Array | null>;
}

/** Ranks from which a share of a row is fine enough. */
const fineRank = 64;

/**
 * Scores every entry in one pass over the rows (kept in the store), from which masks of any share follow.
 *
 * @throws UserError where the target is not there or rows give numbers that are not finite
 */
export async function createMaskMaker(
  subject: PruningSubject,
  { rows, answers }: CalibrationRows,
  settings: MaskSettings,
  context: CalibrationContext,
): Promise<MaskMaker> {
  if (rows.length === 0)
    throw inputError('no-realign-rows', 'There is no row to compute the mask on.', 'Give rows with --realign.');
  const matrices = await prunableMatrices(subject, settings.target, settings.modules);
  requireDifference(matrices, subject);
  const passes = { ...context, model: subject.model, weights: subject.weights };
  // Random masks are matched to those of wanda, so that they have the same counts.
  const score: Exclude<PruningScore, 'random'> = settings.score === 'random' ? 'wanda' : settings.score;
  const evidence = await evidenceOf(score, rows, answers, matrices, passes, context);
  const scored = scoreMatrices(matrices, evidence);
  const threshold = settings.threshold === 'auto' ? autoThreshold(matrices) : settings.threshold;
  const named = (mask: Mask): NamedMask => ({ mask, hash: maskHash(matrices, mask) });
  let magnitudes: readonly ScoredMatrix[] | undefined;
  const random = (like: Mask, draw: number): NamedMask =>
    named(matchedRandomMask(matrices, like, settings.seed + 1 + draw));
  return {
    matrices,
    threshold,
    build: (alpha) => {
      const mask = buildMask(scored, alpha, threshold);
      return settings.score === 'random' ? random(mask, 0) : named(mask);
    },
    buildMagnitude: (alpha) => {
      magnitudes ??= scoreMatrices(matrices, { score: 'magnitude' });
      return named(buildMask(magnitudes, alpha, threshold));
    },
    buildRandom: random,
    shares: async (mask) => {
      if (settings.score === 'wanda' && evidence.score === 'wanda') return normShares(matrices, mask, evidence.norms);
      if (settings.score === 'signedGrad') return gradientShares(rows, matrices, mask, passes);
      return null;
    },
  };
}

/** A share of a row of few columns is coarse: there a module is the better unit. */
function autoThreshold(matrices: readonly PrunedMatrix[]): AppliedThreshold {
  return matrices.every(({ columns, part }) => part !== 'B' || columns >= fineRank) ? 'row' : 'module';
}

function requireDifference(matrices: readonly PrunedMatrix[], { model }: PruningSubject): void {
  if (matrices.some(({ values }) => values.some((value) => value !== 0))) return;
  throw inputError(
    'nothing-to-prune',
    `Every weight of ${model.label} that could be pruned is zero already.`,
    'Name the fine-tuned model, and with --base another one than it.',
  );
}

async function evidenceOf(
  score: Exclude<PruningScore, 'random'>,
  rows: readonly EncodedRow[],
  answers: CalibrationRows['answers'],
  matrices: readonly PrunedMatrix[],
  passes: PassContext,
  context: CalibrationContext,
): Promise<SaliencyEvidence> {
  if (score === 'magnitude') return { score };
  const key = calibrationKey(rows, matrices, context);
  const watch = {
    onMemory: context.onMemory,
    onRows: (done: number): void => context.onProgress('reading calibration rows', done, rows.length, 'rows'),
  };
  if (score === 'wanda') {
    const kept = await context.artifacts.readArtifact('pruning-norms', key);
    const known = kept === undefined ? undefined : normsOf(kept.tensors, rows.length, kept.metadata);
    if (known !== undefined) return { score, norms: known };
    const norms = await computeInputNorms(rows, matrices, passes, watch);
    const tensor: ArtifactTensor = { shape: [norms.rows, norms.width], data: norms.squares };
    await context.artifacts.writeArtifact('pruning-norms', key, new Map([['squares', tensor]]), {
      offsets: Object.fromEntries(norms.offsets),
    });
    return { score, norms };
  }
  const sign = answers === 'refusals' ? 1 : -1;
  const kept = await context.artifacts.readArtifact('pruning-gradients', key);
  if (kept !== undefined) {
    return { score, sign, gradients: matrices.map(({ name }) => kept.tensors.get(name)?.data as Float64Array) };
  }
  const gradients = await computeGradients(rows, matrices, passes, watch);
  const tensors = new Map(
    matrices.map(({ name, rows: count, columns }, m): [string, ArtifactTensor] => [
      name,
      { shape: [count, columns], data: gradients[m]! },
    ]),
  );
  await context.artifacts.writeArtifact('pruning-gradients', key, tensors, {});
  return { score, sign, gradients };
}

function normsOf(
  tensors: ReadonlyMap<string, ArtifactTensor>,
  rows: number,
  metadata: JsonObject,
): InputNorms | undefined {
  const tensor = tensors.get('squares');
  const offsets = metadata.offsets as Readonly<Record<string, number>> | undefined;
  if (tensor === undefined || offsets === undefined || tensor.shape[0] !== rows) return undefined;
  if (!(tensor.data instanceof Float32Array)) throw internalError('norms of another type');
  return { rows, width: tensor.shape[1]!, squares: tensor.data, offsets: new Map(Object.entries(offsets)) };
}

function calibrationKey(
  rows: readonly EncodedRow[],
  matrices: readonly PrunedMatrix[],
  { tunedHash, place }: CalibrationContext,
): JsonObject {
  return { model: tunedHash, rows: rowsHash(rows), matrices: matrices.map(({ name }) => name), device: place.device };
}

/** Hex: the rows' tokens and labels in their order. */
export function rowsHash(rows: readonly Pick<EncodedRow, 'encodingHash'>[]): string {
  const hash = createHash('sha256');
  for (const { encodingHash } of rows) hash.update(encodingHash);
  return hash.digest('hex');
}

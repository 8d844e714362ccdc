import { refuses } from '../analyses/pruning/judgeAnswer';
import {
  type CalibrationContext,
  type CalibrationRows,
  createMaskMaker,
  type MaskMaker,
  rowsHash,
} from '../analyses/pruning/maskMaker';
import type { PruningSubject } from '../analyses/pruning/matrices';
import { type LoadedRow, loadRows } from '../analyses/rows/loadRows';
import type { Example, RowProblem } from '../data/types';
import { hashAdapted } from '../model/checkpoint/hashAdapted';
import { parameterShapes } from '../model/parameterShapes';
import { inputError } from '../protocol/errors';
import type { MeasuredPrompt, PruningSubjectRequest } from '../protocol/pruning';
import type { ComputeSettings, DataProblem, ModelIdentity } from '../protocol/requests';
import { type Artifacts, openArtifacts } from '../store/artifacts';
import { defaultStoreSettings } from '../store/storeFolder';
import { threadsOf } from './deviceVerdicts';
import { javaScriptMemory } from './javaScriptMemory';
import type { JobContext } from './jobContext';
import { dataProblem } from './jobs/score';
import { identify, type LoadedModel, loadModel, rowContext } from './loadModel';

/** What both pruning jobs work on, opened. */
export interface OpenPruning {
  readonly subject: PruningSubject;
  readonly identity: ModelIdentity & { readonly tunedHash: string };
  readonly rows: readonly LoadedRow[];
  /** Rows that were kept out of the mask, to measure on. */
  readonly heldBack: readonly LoadedRow[];
  readonly answers: CalibrationRows['answers'];
  readonly rowsHash: string;
  readonly tokens: number;
  readonly artifacts: Artifacts;
  readonly place: CalibrationContext['place'];
  readonly problems: readonly DataProblem[];
  createMasks(): Promise<MaskMaker>;
  /** Bytes that making the masks was announced to take; 0 where the store had what they need. */
  calibrationBytes(): number;
}

/** How many calibration rows are kept out of the mask. */
export type HeldBack = { readonly kind: 'count'; readonly count: number } | { readonly kind: 'third' };

/** Rows that are held back at most where nothing says how many. */
const mostHeldBack = 100;

/** Opens the model, its base and the calibration rows. */
export async function openPruning(
  request: PruningSubjectRequest,
  held: HeldBack,
  context: JobContext,
): Promise<OpenPruning> {
  const { compute, mask } = request;
  const tuned = await loadModel(request.model, compute, context);
  const identity = await identify(tuned.model, compute);
  const tunedHash = hashAdapted(identity.hash, tuned.model.adapter);
  const subject: PruningSubject = {
    ...tuned,
    baseWeights: await baseWeights(request, tuned, identity.hash, compute, context),
  };
  const read = await readRealignRows(request, tuned);
  const { rows, heldBack } = split(read.rows, held);
  const { device } = await context.device(compute);
  const settings = { ...defaultStoreSettings, budgetBytes: request.storeBudget };
  const artifacts = await openArtifacts(request.storeFolder, settings, (problem) =>
    context.log('warning', problem.message),
  );
  const place = { device, threads: threadsOf(compute) };
  const encoded = rows.map((row) => row.encoded);
  const answers = answersOf(rows);
  let calibrationBytes = 0;
  return {
    subject,
    identity: { ...identity, tunedHash },
    rows,
    heldBack,
    answers,
    rowsHash: rowsHash(encoded),
    tokens: encoded.reduce((sum, { ids }) => sum + ids.length, 0),
    artifacts,
    place,
    problems: read.problems.map(dataProblem),
    calibrationBytes: () => calibrationBytes,
    createMasks: () =>
      createMaskMaker(subject, { rows: encoded, answers }, mask, {
        artifacts,
        tunedHash,
        place,
        sessions: context.sessions,
        onProgress: (stage, done, total, unit) => context.progress({ stage, done, total, unit }),
        onMemory: (bytes) => {
          calibrationBytes = bytes + javaScriptMemory();
          context.announceMemory({ bytes: calibrationBytes, alternatives: [] });
        },
      }),
  };
}

async function baseWeights(
  { base }: PruningSubjectRequest,
  { model }: LoadedModel,
  hash: string,
  compute: ComputeSettings,
  context: JobContext,
): Promise<PruningSubject['baseWeights']> {
  if (base === undefined || model.adapter !== undefined) return undefined;
  const loaded = await loadModel(base, compute, context);
  const [own, other] = [parameterShapes(model.config), parameterShapes(loaded.model.config)];
  const differing = [...own].find(([name, shape]) => other.get(name)?.join() !== shape.join());
  if (differing !== undefined || own.size !== other.size)
    throw inputError(
      'base-differs',
      `${base.label} is no base of ${model.label}: ${differing?.[0] ?? 'a parameter'} has another shape there.`,
      'Name the model that was fine-tuned with --base.',
    );
  if ((await identify(loaded.model, compute)).hash === hash)
    throw inputError(
      'base-is-model',
      `${base.label} and ${model.label} are the same model: there is no fine-tune to prune.`,
      'Name the model that was fine-tuned with --base.',
    );
  return loaded.weights;
}

async function readRealignRows(
  { realign, mask }: PruningSubjectRequest,
  { model }: LoadedModel,
): Promise<{ readonly rows: readonly LoadedRow[]; readonly problems: readonly RowProblem[] }> {
  const encoding = rowContext(model, mask.maxLength);
  const rows: LoadedRow[] = [];
  const problems: RowProblem[] = [];
  for (const source of realign) {
    for await (const batch of loadRows(source, encoding)) {
      rows.push(...batch.rows);
      problems.push(...batch.problems);
    }
  }
  if (rows.length > 0) return { rows, problems };
  const first = problems[0];
  throw inputError(
    'no-realign-rows',
    `No row of ${realign.map(({ label }) => label).join(', ')} can be read.${first === undefined ? '' : ` ${first.message}`}`,
    first?.next ?? 'Give rows of harmful prompts with answers.',
  );
}

/** By the rows' content, so that the same rows are held back whatever their order. */
function split(rows: readonly LoadedRow[], held: HeldBack): Pick<OpenPruning, 'rows' | 'heldBack'> {
  const count = held.kind === 'count' ? held.count : Math.min(mostHeldBack, Math.floor(rows.length / 3));
  const chosen = new Set(
    [...rows].sort((a, b) => (a.encoded.encodingHash < b.encoded.encodingHash ? -1 : 1)).slice(0, count),
  );
  return { rows: rows.filter((row) => !chosen.has(row)), heldBack: rows.filter((row) => chosen.has(row)) };
}

function answersOf(rows: readonly LoadedRow[]): CalibrationRows['answers'] {
  const refusing = rows.filter(({ example }) => refuses(askedOf(example)?.answer ?? '')).length;
  return 2 * refusing >= rows.length ? 'refusals' : 'compliances';
}

/** Prompt and answer of a row that has them. */
export function askedOf(example: Example): Pick<MeasuredPrompt, 'prompt' | 'answer'> | undefined {
  if (example.kind === 'completion') return { prompt: example.prompt, answer: example.completion };
  if (example.kind !== 'chat') return undefined;
  const last = example.messages.at(-1);
  if (last?.role !== 'assistant' || example.messages.length < 2) return undefined;
  const prompt = example.messages.slice(0, -1).map(({ role, content, extra }) => ({ role, content, extra }));
  return { prompt, answer: last.content };
}

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { inputError } from '../../../protocol/errors';
import type { JsonObject } from '../../../protocol/json';
import type { Warning } from '../../../protocol/requests';
import type { EncodedQuery } from '../../measuring/encodeQuery';
import type { RecordedRun } from '../../training/replayRun';
import { type ParameterValues, trainableLora } from '../../training/trainable';
import { readModelValues, type TrainingModel } from '../../training/trainingModel';
import { matchRows } from '../../verifying/matchRows';
import { runIdentity } from '../../verifying/runIdentity';
import type { Attribution, AttributionPlace, PreparedQueries } from '../attribution';
import type { Estimate } from '../estimators/estimate';
import { differentiateThroughRun } from '../exact/differentiateThroughRun';
import { exactMemory } from '../exact/exactMemory';
import { type Smoothness, smoothness } from '../exact/smoothness';
import { measurementAdjoints } from './measurementAdjoints';
import { requireRun } from './requireRun';

/** Raised when derivatives would come out as other numbers than before. */
const exactVersion = 1;

/** Bytes of kept steps of the run, and of adjoints that are walked together. */
const budgets = { keptSteps: 1e9, adjoints: 2e9 } as const;

const activations = 'recomputed';

/** Measurements whose adjoints, in float64 with the optimiser's state and the gradient, are walked together. */
function measurementsAtOnce({ record }: RecordedRun): number {
  return Math.max(1, Math.floor(budgets.adjoints / (record.trainedParameters * 8 * 4)));
}

/** Bytes that `exactScores` will hold at its peak. */
export function exactScoresMemory(run: RecordedRun, model: Pick<TrainingModel, 'config'>, queries: number): number {
  const together = Math.min(queries, measurementsAtOnce(run));
  return exactMemory(run, model.config, together, { activations, memoryBudgetBytes: budgets.keptSteps }).bytes;
}

/**
 * The derivative of each measurement with respect to each row's weight through every step of the recorded run (Ilyas and
 * Engstrom 2025, arXiv 2503.13751): score = d measurement / d weight_k at weight 1, in nats. Minus the score is the
 * first-order change of the measurement when the row's weight goes to 0 in place. Derivatives are kept by run and query.
 *
 * @throws UserError `run-needed`, `run-not-replayed`, those of `differentiateThroughRun`
 */
export async function exactScores(attribution: Attribution, { queries }: PreparedQueries): Promise<Estimate> {
  const { rows, place, settings } = attribution;
  const source = requireRun(place, 'exact');
  if (source.evidence !== 'replayed')
    throw inputError(
      'run-not-replayed',
      `exact differentiates through the very run that made ${place.model.label}, and the recorded run ends in other values.`,
      'Name the run that made this model; or trace with ekfac.',
    );
  const { run, model } = await source.open();
  const runId = runIdentity(run.record);
  const keyOf = (query: EncodedQuery): JsonObject => ({ version: exactVersion, run: runId, query: queryHash(query) });
  const numbers = [...run.rows.keys()];
  const warnings: Warning[] = [];

  const derivatives = await Promise.all(queries.map((query) => read(place, keyOf(query), numbers.length)));
  // Of the run: found once, with the queries that were asked first.
  const smoothnessKey = { version: exactVersion, run: runId, seed: settings.seed };
  let measured = parseSmoothness((await place.artifacts.readArtifact('smoothness', smoothnessKey))?.metadata);
  const lacking = [...queries.keys()].filter((q) => measured === undefined || derivatives[q] === undefined);
  if (lacking.length > 0) {
    const values = await endOf(place);
    const asked = lacking.map((q) => queries[q]!);
    const adjoints = await measurementAdjoints(asked, model, run.trainable, values, place.place);
    const atOnce = measurementsAtOnce(run);
    let finalValues = values;
    for (let first = 0; first < lacking.length; first += atOnce) {
      const some = lacking.slice(first, first + atOnce);
      if (some.every((q) => derivatives[q] !== undefined)) continue;
      const found = await differentiateThroughRun(run, model, adjoints.slice(first, first + atOnce), {
        activations,
        memoryBudgetBytes: budgets.keptSteps,
        onProgress: ({ done, total }) => place.onProgress('exact derivatives', done, total, 'steps'),
      });
      finalValues = found.finalValues;
      if (found.notes.replay === 'different') warnings.push(replayDiffers);
      for (const [i, q] of some.entries()) {
        derivatives[q] = found.derivatives[i]!;
        const data = new Map([['derivatives', { shape: [numbers.length], data: found.derivatives[i]! }]]);
        await place.artifacts.writeArtifact('exact', keyOf(queries[q]!), data, { ...found.notes });
      }
    }
    if (measured === undefined) {
      const own = lacking.map((q) => derivatives[q]!);
      measured = await smoothness(run, model, { derivatives: own, finalValues }, adjoints, {
        activations,
        seed: settings.seed,
        onProgress: ({ done, total }) => place.onProgress('smoothness of the run', done, total, 'steps'),
      });
      await place.artifacts.writeArtifact('smoothness', smoothnessKey, new Map(), smoothnessJson(measured));
    }
  }

  const places = new Map(numbers.map((number, index) => [number, index]));
  const trained = matchRows(rows, run.rows);
  const absent = trained.filter((number) => number === undefined).length;
  if (absent > 0)
    warnings.push({
      code: 'rows-not-in-run',
      message: `${absent} of ${rows.length} rows were not trained in this run; exact gives them 0.`,
    });
  const scores = new Float32Array(queries.length * rows.length);
  for (const q of queries.keys())
    for (const [row, number] of trained.entries())
      if (number !== undefined) scores[q * rows.length + row] = derivatives[q]![places.get(number)!]!;
  if (measured !== undefined) warnings.push(smoothnessWarning(measured));
  return { scores, directions: undefined, warnings };
}

const replayDiffers: Warning = {
  code: 'replay-differs',
  message:
    'The replay of the run on this machine is not the recorded one to the bit; the derivatives are those of the replay.',
};

function smoothnessWarning({ figures, verdict, warning }: Smoothness): Warning {
  const { removedRow, near } = figures;
  const shown = (value: number): string => value.toFixed(2);
  return {
    code: verdict === 'rough' ? 'run-rough' : 'run-smooth',
    message:
      warning ??
      `The run is smooth: derivative and retraining agree to ${shown(removedRow.agreement)} at the size of a removed row and ` +
        `${shown(near.agreement)} at a hundredth of it (metasmoothness ${shown(removedRow.metasmoothness)} and ${shown(near.metasmoothness)}).`,
  };
}

function smoothnessJson({ figures, verdict, warning }: Smoothness): JsonObject {
  const { removedRow, near } = figures;
  return { verdict, warning: warning ?? null, figures: { removedRow: { ...removedRow }, near: { ...near } } };
}

/** What `smoothnessJson` wrote; undefined where it is anything else. */
function parseSmoothness(value: JsonObject | undefined): Smoothness | undefined {
  const parsed = smoothnessShape.safeParse(value);
  return parsed.success ? { ...parsed.data, warning: parsed.data.warning ?? undefined } : undefined;
}

const figuresShape = z.object({ metasmoothness: z.number(), agreement: z.number() });
const smoothnessShape = z.object({
  figures: z.object({ removedRow: figuresShape, near: figuresShape }),
  verdict: z.enum(['smooth', 'rough']),
  warning: z.string().nullable(),
});

async function read(place: AttributionPlace, key: JsonObject, length: number): Promise<Float64Array | undefined> {
  const data = (await place.artifacts.readArtifact('exact', key))?.tensors.get('derivatives')?.data;
  return data instanceof Float64Array && data.length === length ? data : undefined;
}

/** The trained values that the model holds, which are those that the run ends with. */
async function endOf({ model, weights }: AttributionPlace): Promise<ParameterValues> {
  const { adapter, config } = model;
  if (adapter === undefined) return readModelValues({ config, weights });
  return trainableLora(adapter.modules.values(), adapter.replaced).values;
}

/** SHA-256 (hex) of what is measured. */
function queryHash({ parts }: Pick<EncodedQuery, 'parts'>): string {
  const hash = createHash('sha256');
  for (const { row, factor } of parts) {
    hash.update(`${factor} ${row.ids.join(' ')} ${row.labels.join(' ')}\n`);
  }
  return hash.digest('hex');
}

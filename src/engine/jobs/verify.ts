import { agreementOf } from '../../analyses/evaluating/agreement';
import { calibrateSlope, type RetrainingEffect } from '../../analyses/evaluating/calibrateSlope';
import { randomDrops } from '../../analyses/evaluating/planDrops';
import { sumOf, topGroup, topRows } from '../../analyses/evaluating/predictChanges';
import type { Attribution } from '../../analyses/influence/attribution';
import { answerOf, splitTask } from '../../analyses/influence/kinds/splitTask';
import type { Measured } from '../../analyses/verifying/experiment';
import { changeHash, type RowChange, unchanged, without } from '../../analyses/verifying/rowChange';
import { inputError, internalError } from '../../protocol/errors';
import type { TraceMethod } from '../../protocol/influence';
import type {
  RemovalOutcome,
  VerifiedQuery,
  VerifyOutcome,
  VerifyRequest,
  VerifyResult,
} from '../../protocol/verification';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { type Laboratory, openLaboratory, replayWarnings } from '../openLaboratory';
import { type RetrainedModel, testRetrained } from '../testRetrained';
import { checkVerify } from '../verificationShapes';

/** Trains a recorded run again without rows and compares what happened with what was predicted. */
export const verify: Job<VerifyRequest, VerifyResult> = { check: checkVerify, run: verifyRows };

const bootstrap = { resamples: 2000, level: 0.95 };

/** Scores of these methods add up over rows and are linear in the query, so that retrainings can give them a unit. */
const linearMethods: readonly TraceMethod[] = [
  'auto',
  'graddot',
  'tracin',
  'datainf',
  'ekfac',
  'linfac',
  'astra',
  'exact',
];

/** Removals that are tested with all behaviour tests, at most. */
const mostTestedRemovals = 8;

/** What is taken away for one query; rows are places in the data. */
interface QueryPlan {
  readonly scores: Float32Array;
  readonly removed: readonly number[];
  readonly bm25: readonly number[];
}

async function verifyRows(request: VerifyRequest, context: JobContext): Promise<VerifyResult> {
  const laboratory = await openLaboratory(request, context);
  try {
    const plans = await planQueries(request, laboratory);
    const random = planRandom(request, plans, laboratory);
    const changes = changesOf(request, plans, random, laboratory);
    if (request.stage === 'plan') return { kind: 'plan', cost: await laboratory.predictCost(changes) };
    const measured = await laboratory.measureAll(changes);
    const byChange = new Map(changes.map((change, i) => [changeHash(change), measured[i]!]));
    const lookUp = (change: RowChange): Measured => {
      const found = byChange.get(changeHash(change));
      if (found === undefined) throw internalError('a removal was not measured');
      return found;
    };
    const outcome = report(request, plans, random, laboratory, lookUp);
    const tests = await testsOf(request, plans, random, laboratory, context);
    const computed = new Set(measured.filter(({ source }) => source === 'computed')).size;
    return { ...outcome, tests, retrainings: { computed, read: byChange.size - computed } };
  } finally {
    await laboratory.release();
  }
}

async function planQueries({ method, removal }: VerifyRequest, laboratory: Laboratory): Promise<QueryPlan[]> {
  const { queries, scores, numbers, subject } = laboratory;
  const rows = numbers.length;
  const own = await scores(method, queries);
  const lexical = await scores('bm25', queries);
  const trainedOnly = (all: Float32Array, query: number): Float32Array =>
    all
      .subarray(query * rows, (query + 1) * rows)
      .map((score, row) => (numbers[row] === undefined ? -Infinity : score));
  const chooser = await chooserOf(removal, laboratory, subject.attribution);
  return queries.map((_, query) => {
    const removed = chooser(trainedOnly(own, query), query);
    requireSome(removed.length, numbers);
    return {
      scores: own.subarray(query * rows, (query + 1) * rows),
      removed,
      bm25: topRows(trainedOnly(lexical, query), removed.length),
    };
  });
}

/** Which rows go, by the scores of a query; rows that were not trained on score -Infinity. */
async function chooserOf(
  removal: VerifyRequest['removal'],
  laboratory: Laboratory,
  attribution: Attribution,
): Promise<(scores: Float32Array, query: number) => readonly number[]> {
  switch (removal.kind) {
    case 'top':
      requireSome(removal.count, laboratory.numbers);
      return (scores) => topRows(scores, removal.count);
    case 'rows': {
      const named = placesOf(removal.rows, laboratory);
      return () => named;
    }
    case 'group': {
      const groups = await attribution.groups();
      const answers = attribution.rows.map(({ plain }) => answerOf(plain));
      const kinds = await laboratory.scores('repsim', laboratory.queries);
      return (scores, query) => {
        const kind = kinds.subarray(query * scores.length, (query + 1) * scores.length);
        return topGroup(scores, kind, splitTask(scores, kind, groups, answers));
      };
    }
  }
}

function requireSome(count: number, numbers: Laboratory['numbers']): void {
  const trained = numbers.filter((number) => number !== undefined).length;
  if (count < trained) return;
  throw inputError(
    'too-few-rows',
    `${count} rows are to be taken away; the run was trained on ${trained} of the data's rows.`,
    'Take fewer rows away.',
  );
}

/** Places of rows that the user named. */
function placesOf(
  named: Extract<VerifyRequest['removal'], { kind: 'rows' }>['rows'],
  { subject, numbers }: Laboratory,
): number[] {
  const { rows } = subject.attribution;
  const first = rows[0]!.address.file;
  const places = named.map(({ file, row }) => {
    const place = rows.findIndex(({ address }) => address.row === row && address.file === (file ?? first));
    if (place >= 0 && numbers[place] !== undefined) return place;
    throw inputError(
      'row-not-trained',
      `Row ${row} of ${file ?? first} is ${place < 0 ? 'not there or has nothing to train on' : 'not as the run trained it'}.`,
      'Name rows by their 0-based number, as whence trace shows them.',
    );
  });
  return [...new Set(places)].sort((a, b) => a - b);
}

/** Random removals by the number of rows that a query loses. */
type RandomRemovals = ReadonlyMap<number, readonly (readonly number[])[]>;

function planRandom(
  { randomRemovals, seed }: VerifyRequest,
  plans: readonly QueryPlan[],
  { numbers }: Laboratory,
): RandomRemovals {
  const trained = numbers.flatMap((number, place) => (number === undefined ? [] : [place]));
  const sizes = new Set(plans.map(({ removed }) => removed.length));
  return new Map([...sizes].map((size) => [size, randomDrops(trained, size, randomRemovals, seed, 'random removal')]));
}

function inPlace(places: readonly number[], { numbers }: Laboratory): RowChange {
  return without(places.map((place) => numbers[place]!));
}

function reshuffled(places: readonly number[], seed: number, { numbers }: Laboratory): RowChange {
  return { kind: 'reshuffled', removed: places.map((place) => numbers[place]!), seed };
}

function changesOf(
  { reshuffleSeeds }: VerifyRequest,
  plans: readonly QueryPlan[],
  random: RandomRemovals,
  laboratory: Laboratory,
): RowChange[] {
  const removals = plans.flatMap(({ removed, bm25 }) => [inPlace(removed, laboratory), inPlace(bm25, laboratory)]);
  const shuffles = reshuffleSeeds.flatMap((seed) => [
    reshuffled([], seed, laboratory),
    ...plans.map(({ removed }) => reshuffled(removed, seed, laboratory)),
  ]);
  return [
    unchanged,
    ...removals,
    ...[...random.values()].flat().map((places) => inPlace(places, laboratory)),
    ...shuffles,
  ];
}

type WithoutTests = Omit<VerifyOutcome, 'tests' | 'retrainings'>;

function report(
  request: VerifyRequest,
  plans: readonly QueryPlan[],
  random: RandomRemovals,
  laboratory: Laboratory,
  lookUp: (change: RowChange) => Measured,
): WithoutTests {
  const { subject, queries } = laboratory;
  const whole = lookUp(unchanged);
  const fallOf = (change: RowChange, query: number): number => whole.values[query]! - lookUp(change).values[query]!;
  const linear = linearMethods.includes(request.method);
  const effects = linear ? effectsOf(plans, random, laboratory, fallOf) : new Map<string, RetrainingEffect>();
  const settings = { ...bootstrap, seed: request.seed };
  const outcomeOf = (places: readonly number[], query: number): RemovalOutcome => {
    const change = inPlace(places, laboratory);
    const predicted = sumOf(plans[query]!.scores, places);
    // A unit that a retraining itself had a part in would flatter its own prediction.
    const others = [...effects].filter(([hash]) => hash !== changeHash(change)).map(([, effect]) => effect);
    const slope = calibrateSlope(others, settings);
    const measured = slope === undefined ? null : predicted * slope.estimate;
    // Its scores are derivatives of the measurement itself.
    const predictedNats = request.method === 'exact' ? predicted : measured;
    return { predicted, predictedNats, actual: fallOf(change, query) };
  };

  const verified = plans.map(({ removed, bm25, scores }, query): VerifiedQuery => {
    const outcome = outcomeOf(removed, query);
    const chance = random.get(removed.length)!.map((places) => outcomeOf(places, query));
    const direction = Math.sign(outcome.actual);
    const own = new Set(removed);
    return {
      id: queries[query]!.id,
      measurementName: queries[query]!.measurement,
      measurement: whole.values[query]!,
      removed: removed.map((place) => {
        const { file, row, line } = subject.attribution.rows[place]!.address;
        return { file, row, line: line ?? null, score: scores[place]! };
      }),
      outcome,
      signRight: outcome.predicted * outcome.actual > 0,
      bm25: { ...outcomeOf(bm25, query), sharedRows: bm25.filter((place) => own.has(place)).length },
      random: chance,
      beyondRandom:
        chance.length === 0 ? null : chance.every(({ actual }) => direction * actual < direction * outcome.actual),
      reshuffled: request.reshuffleSeeds.map((seed) => ({
        seed,
        actual:
          lookUp(reshuffled([], seed, laboratory)).values[query]! -
          lookUp(reshuffled(removed, seed, laboratory)).values[query]!,
      })),
    };
  });
  const own = verified.map(({ outcome }) => outcome);
  const all = verified.flatMap(({ outcome, bm25, random: chance }) => [outcome, bm25, ...chance]);
  const agreement = (outcomes: readonly RemovalOutcome[]) =>
    agreementOf(
      outcomes.map(({ predicted }) => predicted),
      outcomes.map(({ actual }) => actual),
      settings,
    );
  const slope = calibrateSlope([...effects.values()], settings);
  return {
    kind: 'outcome',
    model: subject.identity,
    evidence: subject.evidence,
    method: request.method,
    settings: {
      removal: request.removal.kind === 'top' ? { ...request.removal } : { kind: request.removal.kind },
      damping: request.damping,
      layers: [...subject.attribution.settings.layers],
      seed: request.seed,
      randomRemovals: request.randomRemovals,
      reshuffleSeeds: [...request.reshuffleSeeds],
    },
    queries: verified,
    summary: { removals: agreement(own), all: agreement(all) },
    calibration: slope === undefined ? null : { slope, retrainings: effects.size },
    problems: laboratory.problems,
    warnings: [...laboratory.warnings, ...replayWarnings(whole)],
  };
}

/** Every in-place removal with what was predicted and what happened, all queries of each. */
function effectsOf(
  plans: readonly QueryPlan[],
  random: RandomRemovals,
  laboratory: Laboratory,
  fallOf: (change: RowChange, query: number) => number,
): Map<string, RetrainingEffect> {
  const sets = [...plans.flatMap(({ removed, bm25 }) => [removed, bm25]), ...[...random.values()].flat()];
  return new Map(
    sets.map((places) => {
      const change = inPlace(places, laboratory);
      return [
        changeHash(change),
        {
          predicted: plans.map(({ scores }) => sumOf(scores, places)),
          actual: plans.map((_, query) => fallOf(change, query)),
        },
      ];
    }),
  );
}

async function testsOf(
  { tests, testing }: VerifyRequest,
  plans: readonly QueryPlan[],
  random: RandomRemovals,
  laboratory: Laboratory,
  context: JobContext,
): Promise<VerifyOutcome['tests']> {
  if (tests.length === 0) return null;
  const { queries } = laboratory;
  const bySet = new Map<string, { places: readonly number[]; queries: string[] }>();
  for (const [query, { removed }] of plans.entries()) {
    const key = changeHash(inPlace(removed, laboratory));
    const known = bySet.get(key) ?? { places: removed, queries: [] };
    known.queries.push(queries[query]!.id);
    bySet.set(key, known);
  }
  if (bySet.size > mostTestedRemovals)
    throw inputError(
      'too-many-tested-removals',
      `The ${queries.length} queries have ${bySet.size} different removals, each of which would be tested.`,
      `Name at most ${mostTestedRemovals} queries with --id, or the same rows for all with --rows.`,
    );
  const models: RetrainedModel[] = [
    { label: 'all rows', queries: [], rows: 0, change: unchanged },
    ...[...bySet.values()].map(({ places, queries: ids }) => ({
      label: bySet.size === 1 ? 'without the rows' : `without those of ${ids.join(', ')}`,
      queries: ids,
      rows: places.length,
      change: inPlace(places, laboratory),
    })),
    ...[...random.values()]
      .flatMap((sets) => sets.slice(0, 1))
      .map((places) => ({
        label: random.size === 1 ? 'without random rows' : `without ${places.length} random rows`,
        queries: [],
        rows: places.length,
        change: inPlace(places, laboratory),
      })),
  ];
  return testRetrained(tests, testing, models, laboratory, context);
}

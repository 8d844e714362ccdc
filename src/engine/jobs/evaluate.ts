import { planDrops, randomDrops } from '../../analyses/evaluating/planDrops';
import { type PlantedSummary, plantedFigures, summarizePlanted } from '../../analyses/evaluating/plantedFigures';
import { predictChanges, topRows } from '../../analyses/evaluating/predictChanges';
import { removalEffects } from '../../analyses/evaluating/removalEffects';
import type { EncodedQuery } from '../../analyses/measuring/encodeQuery';
import type { Measured } from '../../analyses/verifying/experiment';
import { changeHash, type RowChange, unchanged, without } from '../../analyses/verifying/rowChange';
import { clusteredBootstrap } from '../../linalg/statistics/clusteredBootstrap';
import { inputError } from '../../protocol/errors';
import type { TraceMethod } from '../../protocol/influence';
import type {
  EvaluateOutcome,
  EvaluateRequest,
  EvaluateResult,
  Evaluation,
  ForeignScores,
  LdsMethod,
  PlantedMethod,
} from '../../protocol/verification';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { type Laboratory, openLaboratory, replayWarnings } from '../openLaboratory';
import { type OpenSubject, openSubject } from '../openSubject';
import { placeForeignScores } from '../placeForeignScores';
import { readQuerySource } from '../readQuerySource';
import { type ScoreSource, scoreSource } from '../scoreSource';
import { checkEvaluate } from '../verificationShapes';

/** How far scores can be believed: against known rows, or against what retraining without rows does. */
export const evaluate: Job<EvaluateRequest, EvaluateResult> = { check: checkEvaluate, run: evaluateMethods };

const level = 0.95;

function evaluateMethods(request: EvaluateRequest, context: JobContext): Promise<EvaluateResult> {
  return runners[request.evaluation](request, context);
}

const runners: {
  readonly [E in Evaluation]: (request: EvaluateRequest, context: JobContext) => Promise<EvaluateResult>;
} = {
  planted: evaluatePlanted,
  lds: (request, context) => inLaboratory(request, context, evaluateLds),
  qld: (request, context) => inLaboratory(request, context, evaluateQld),
};

async function inLaboratory(
  request: EvaluateRequest,
  context: JobContext,
  run: (request: EvaluateRequest, laboratory: Laboratory) => Promise<EvaluateResult>,
): Promise<EvaluateResult> {
  const laboratory = await openLaboratory(request, context);
  try {
    return await run(request, laboratory);
  } finally {
    await laboratory.release();
  }
}

interface Scored {
  readonly method: string;
  readonly scores: Float32Array;
  /** null: another tool's. */
  readonly seconds: number | null;
}

/** Scores by method with the time of each; then those of other tools. */
async function scoreAll(
  methods: readonly TraceMethod[],
  foreign: readonly ForeignScores[],
  queries: readonly EncodedQuery[],
  source: ScoreSource,
  rows: OpenSubject['attribution']['rows'],
): Promise<Scored[]> {
  const others = foreign.map((given) => ({
    method: given.name,
    scores: placeForeignScores(given, queries, rows),
    seconds: null,
  }));
  const scored: Scored[] = [];
  for (const method of methods) {
    const begun = performance.now();
    const scores = await source(method, queries);
    scored.push({ method, scores, seconds: (performance.now() - begun) / 1000 });
  }
  return [...scored, ...others];
}

function secondsOf(scored: readonly Scored[]): EvaluateOutcome['scoreSeconds'] {
  return scored.flatMap(({ method, seconds }) => (seconds === null ? [] : [{ method, seconds }]));
}

type Common = Pick<EvaluateOutcome, 'kind' | 'evaluation' | 'model' | 'evidence' | 'rows'>;

function common({ evaluation }: EvaluateRequest, { identity, evidence, attribution }: OpenSubject): Common {
  return { kind: 'outcome', evaluation, model: identity, evidence, rows: attribution.rows.length };
}

async function evaluatePlanted(request: EvaluateRequest, context: JobContext): Promise<EvaluateResult> {
  const { damping, layer, seed, resamples, k } = request;
  const subject = await openSubject(request, { damping, labels: 'sampled', layer }, context);
  const { queries, problems } = await readQuerySource(request.queries, subject);
  if (request.stage === 'plan') return { kind: 'plan', cost: nothingToTrain };
  const rows = subject.attribution.rows;
  const kindOfRow = kindsOfRows(request, subject);
  const asked = queries.map(({ id }) => ({ id, kind: kindOf(id, request) }));
  for (const { id, kind } of asked)
    if (!kindOfRow.includes(kind))
      throw inputError(
        'kind-without-rows',
        `The query "${id}" looks for rows of the kind "${kind}", of which the truth file has none.`,
        'Check the kinds file and the truth file.',
      );
  const settings = { resamples, seed, level };
  const scored = await scoreAll(request.methods, request.foreign, queries, scoreSource(subject), rows);
  const planted = scored.map(({ method, scores }): PlantedMethod => {
    const figures = asked.map(({ id, kind }, query) => ({
      id,
      kind,
      ...plantedFigures(
        scores.subarray(query * rows.length, (query + 1) * rows.length),
        kindOfRow.map((own) => own === kind),
        k,
        level,
      ),
    }));
    const kinds = [...new Set(asked.map(({ kind }) => kind))];
    const summary = (kind: string | null, { queries: count, auroc, recall, reciprocalRank }: PlantedSummary) => ({
      kind,
      queries: count,
      auroc,
      recall,
      meanReciprocalRank: reciprocalRank,
    });
    return {
      method,
      kinds: [
        ...kinds.map((kind) =>
          summary(
            kind,
            summarizePlanted(
              figures.filter((figure) => figure.kind === kind),
              settings,
            ),
          ),
        ),
        summary(null, summarizePlanted(figures, settings)),
      ],
      queries: figures,
    };
  });
  return {
    ...common(request, subject),
    settings: { damping, layers: [...subject.attribution.settings.layers], seed, resamples, k },
    removedRows: null,
    planted,
    lds: null,
    qld: null,
    scoreSeconds: secondsOf(scored),
    retrainings: { computed: 0, read: 0 },
    problems: [...subject.problems, ...problems],
    warnings: subject.warnings,
  };
}

const nothingToTrain = { retrainings: 0, known: 0, secondsEach: null, seconds: 0, diskBytes: 0, memoryBytes: 0 };

/** The kind of every row of the data; rows that the truth file does not name have none of the kinds. */
function kindsOfRows({ truth }: EvaluateRequest, { attribution }: OpenSubject): (string | undefined)[] {
  const { rows } = attribution;
  const first = rows[0]!.address.file;
  const kinds = new Map(truth.map(({ row, kind }) => [row, kind]));
  return rows.map(({ address }) => (address.file === first ? kinds.get(address.row) : undefined));
}

function kindOf(id: string, { kinds }: EvaluateRequest): string {
  const kind = Object.hasOwn(kinds, id) ? kinds[id] : undefined;
  if (kind !== undefined) return kind;
  throw inputError(
    'query-without-kind',
    `The kinds file does not say which kind of rows the query "${id}" should find.`,
    `Add "${id}": "…" to it, or choose queries with --id.`,
  );
}

async function evaluateLds(request: EvaluateRequest, laboratory: Laboratory): Promise<EvaluateResult> {
  const { protocol, budget, seed, resamples, methods, foreign } = request;
  const { subject, queries, numbers, scores } = laboratory;
  const places = trainedPlaces(laboratory);
  if (budget < 5)
    throw inputError(
      'budget-too-small',
      `${budget} drops say nothing about a rank correlation.`,
      'Give --budget 40 or more.',
    );
  const drops = planDrops(protocol, places, budget, seed);
  const changes = [unchanged, ...drops.map((drop) => without(drop.map((place) => numbers[place]!)))];
  if (request.stage === 'plan') return { kind: 'plan', cost: await laboratory.predictCost(changes) };
  const scored = await scoreAll(methods, foreign, queries, scores, subject.attribution.rows);
  const names = scored.map(({ method }) => method);
  const [whole, ...left] = await laboratory.measureAll(changes);
  const actual = queries.map((_, query) =>
    Float64Array.from(left, ({ values }) => whole!.values[query]! - values[query]!),
  );
  const predicted = scored.map(({ scores: own }) => predictChanges(own, numbers.length, drops));
  const found = clusteredBootstrap(actual, predicted, { resamples, seed, level });
  const lds = names.map(
    (method, m): LdsMethod => ({
      method,
      lds: found.scores[m]!,
      perQuery: queries.map(({ id }, query) => ({ id, correlation: found.perQuery[m]![query]! })),
      differences: names.flatMap((from, other) =>
        other === m ? [] : [{ from, difference: found.difference(m, other) }],
      ),
    }),
  );
  return {
    ...common(request, subject),
    settings: {
      protocol,
      budget,
      damping: request.damping,
      layers: [...subject.attribution.settings.layers],
      seed,
      resamples,
    },
    removedRows: drops[0]!.length,
    planted: null,
    lds,
    qld: null,
    scoreSeconds: secondsOf(scored),
    ...tail(laboratory, changes, [whole!, ...left]),
  };
}

async function evaluateQld(request: EvaluateRequest, laboratory: Laboratory): Promise<EvaluateResult> {
  const { budget, seed, resamples, share } = request;
  const { subject, queries, numbers, scores } = laboratory;
  const places = trainedPlaces(laboratory);
  const size = Math.max(1, Math.round(share * places.length));
  const methods = [...new Set<TraceMethod>([...request.methods, 'bm25'])];
  const scored = await scoreAll(methods, request.foreign, queries, scores, subject.attribution.rows);
  const gone = (rows: readonly number[]): RowChange => without(rows.map((place) => numbers[place]!));
  const random = randomDrops(places, size, budget, seed, 'random removal').map(gone);
  const tops = scored.map(({ scores: own }) =>
    queries.map((_, query) => {
      const ofQuery = own.subarray(query * numbers.length, (query + 1) * numbers.length);
      const known = ofQuery.map((score, place) => (numbers[place] === undefined ? -Infinity : score));
      return gone(topRows(known, size));
    }),
  );
  const changes = [unchanged, ...random, ...tops.flat()];
  if (request.stage === 'plan') return { kind: 'plan', cost: await laboratory.predictCost(changes) };
  const measured = await laboratory.measureAll(changes);
  const byChange = new Map(changes.map((change, i) => [changeHash(change), measured[i]!]));
  const whole = byChange.get(changeHash(unchanged))!;
  const rise = (change: RowChange, query: number): number =>
    whole.values[query]! - byChange.get(changeHash(change))!.values[query]!;
  const byMethod = tops.map((ofMethod) => ofMethod.map((change, query) => rise(change, query)));
  const chance = random.map((change) => queries.map((_, query) => rise(change, query)));
  const effects = removalEffects(byMethod, chance, methods.indexOf('bm25'), { resamples, seed, level });
  return {
    ...common(request, subject),
    settings: {
      share,
      budget,
      damping: request.damping,
      layers: [...subject.attribution.settings.layers],
      seed,
      resamples,
    },
    removedRows: size,
    planted: null,
    lds: null,
    qld: {
      random: effects.random,
      methods: scored.map(({ method }, m) => ({
        method,
        qld: effects.effects[m]!,
        againstRandom: effects.againstRandom[m]!,
        againstBm25: effects.againstReference[m]!,
        perQuery: queries.map(({ id }, query) => ({ id, rise: byMethod[m]![query]! })),
      })),
    },
    scoreSeconds: secondsOf(scored),
    ...tail(laboratory, changes, measured),
  };
}

/** Places of the data's rows that the run trained on. */
function trainedPlaces({ numbers }: Laboratory): number[] {
  return numbers.flatMap((number, place) => (number === undefined ? [] : [place]));
}

function tail(laboratory: Laboratory, changes: readonly RowChange[], measured: readonly Measured[]) {
  const computed = measured.filter(({ source }) => source === 'computed').length;
  const distinct = new Set(changes.map(changeHash)).size;
  return {
    retrainings: { computed, read: distinct - computed },
    problems: laboratory.problems,
    warnings: [...laboratory.warnings, ...replayWarnings(measured[0]!)],
  };
}

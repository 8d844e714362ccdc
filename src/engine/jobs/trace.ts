import type { StaticMethod } from '../../analyses/influence/estimateScores';
import { answerControls, encodeControls } from '../../analyses/influence/evidence/controls';
import { computeGates, type Gate } from '../../analyses/influence/evidence/gate';
import { storedControls } from '../../analyses/influence/evidence/storedControls';
import type { FactorKind } from '../../analyses/influence/factors/covariances';
import { methodTokens } from '../../analyses/influence/methodTokens';
import { exactScoresMemory } from '../../analyses/influence/runs/exactScores';
import { type PreparedControls, traceScores } from '../../analyses/influence/trace';
import type { EncodedQuery } from '../../analyses/measuring/encodeQuery';
import { hashAdapted } from '../../model/checkpoint/hashAdapted';
import type { PredictedCost, TraceDocument, TraceRequest, TraceResult } from '../../protocol/influence';
import { checkTrace } from '../influenceShapes';
import { javaScriptMemory } from '../javaScriptMemory';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { identify } from '../loadModel';
import { type OpenSubject, openSubject } from '../openSubject';
import { predictCost } from '../predictCost';
import { readQuerySource } from '../readQuerySource';
import { nothingToRelease } from '../residents';
import { traceDocument } from '../traceDocument';

/** Ranks training rows by what they did to queried behaviours. */
export const trace: Job<TraceRequest, TraceResult> = { check: checkTrace, run: traceQueries };

async function traceQueries(request: TraceRequest, context: JobContext): Promise<TraceResult> {
  const { damping, layer } = request;
  const subject = await openSubject(request, { damping, labels: 'sampled', layer }, context);
  const { queries, problems } = await readQuerySource(request.queries, subject);
  await announce(request, subject, queries.length, context);
  const gates = await gatesOf(queries, subject, request);
  const { attribution } = subject;
  const controls = await controlsOf(request, subject, context);
  await announceExact(request, attribution, Math.max(queries.length, controls.changes.length), context);
  const prepared = attribution.prepare(queries);
  const documents: TraceDocument[] = [];
  for (const method of request.methods) {
    const started = performance.now();
    const static_ = staticMethod(method);
    const traced = await traceScores(static_, { attribution, queries: prepared, controls });
    documents.push(
      await traceDocument({ method, estimator: static_, request, subject, queries: prepared, gates, traced, started }),
    );
  }
  return {
    model: subject.identity,
    documents,
    problems: [...subject.problems, ...problems],
    warnings: subject.warnings,
  };
}

/** Says what is ahead before it begins. */
async function announce(
  { methods, controls }: TraceRequest,
  { attribution, base }: OpenSubject,
  queries: number,
  context: JobContext,
): Promise<void> {
  const kinds = methods.flatMap((method) => curvatureOf(method));
  const known = await Promise.all(kinds.map((kind) => attribution.isFitted(kind)));
  const fit = kinds.length === 0 ? 'unused' : known.every(Boolean) ? 'known' : 'needed';
  const asked = queries + (base === undefined ? 0 : controls);
  const more = await Promise.all(methods.map((method) => methodTokens(method, attribution, asked)));
  const moreTokens = more.reduce((sum, tokens) => sum + tokens, 0);
  const cost = await predictCost(attribution, attribution.columns, fit, moreTokens);
  context.event(cost satisfies PredictedCost);
  context.announceMemory({ bytes: cost.memoryBytes, alternatives: [] });
}

/** Walking back through the run holds more than anything else does. */
async function announceExact(
  { methods }: TraceRequest,
  { place }: OpenSubject['attribution'],
  queries: number,
  context: JobContext,
): Promise<void> {
  if (!methods.includes('exact') || place.run?.evidence !== 'replayed') return;
  const { run, model } = await place.run.open();
  context.announceMemory({ bytes: exactScoresMemory(run, model, queries) + javaScriptMemory(), alternatives: [] });
}

/** The curvature that a method needs. */
function curvatureOf(method: TraceRequest['methods'][number]): FactorKind[] {
  if (method === 'linfac') return ['linfac'];
  return ['auto', 'ekfac', 'hybrid', 'astra'].includes(method) ? ['ekfac'] : [];
}

/** `auto` is the best-founded figure of cause; kind stands beside it in every document. */
function staticMethod(method: TraceRequest['methods'][number]): StaticMethod {
  if (method === 'auto') return 'ekfac';
  return method as StaticMethod;
}

async function gatesOf(
  queries: readonly EncodedQuery[],
  { attribution, basePlace }: OpenSubject,
  { index }: TraceRequest,
): Promise<readonly Gate[] | undefined> {
  if (basePlace === undefined) return undefined;
  return computeGates(queries, index.batchSize, index.seed, attribution.place, basePlace);
}

/** The null of a subject is made once and kept: it depends on the rows and both models, not on the queries. */
async function controlsOf(
  { controls: count, index, compute }: TraceRequest,
  { attribution, key: subject, base, basePlace, encoding }: OpenSubject,
  context: JobContext,
): Promise<PreparedControls> {
  if (base === undefined || basePlace === undefined || count === 0)
    return { prepared: attribution.prepare([]), changes: [] };
  const { place, rows } = attribution;
  const settings = { count, seed: index.seed, batchSize: index.batchSize };
  const { hash } = await identify(base.model, compute);
  const hashes = rows.map(({ encodingHash }) => encodingHash);
  const key = { tuned: place.modelHash, base: hashAdapted(hash, base.model.adapter), rows: hashes, settings };
  const make = async (): Promise<PreparedControls> => {
    const examples = rows.map(({ example }) => example);
    const answering = { ...basePlace, model: base.model };
    const answers = await storedControls(place.artifacts, key, () =>
      answerControls(examples, settings, encoding, place, answering, (done, total) =>
        context.progress({ stage: 'control queries', done, total, unit: 'prompts' }),
      ),
    );
    const { queries, changes } = await encodeControls(answers, examples, settings, encoding);
    return { prepared: attribution.prepare(queries), changes };
  };
  // What is prepared has the columns of this attribution, and scores by it are kept with it.
  return context.residents.get({
    kind: 'controls',
    key: JSON.stringify([subject, key.base, settings]),
    make,
    release: nothingToRelease,
  });
}

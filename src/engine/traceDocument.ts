import type { PreparedQueries } from '../analyses/influence/attribution';
import { estimators, type StaticMethod } from '../analyses/influence/estimateScores';
import type { Gate } from '../analyses/influence/evidence/gate';
import { rowThreshold } from '../analyses/influence/evidence/nullLevels';
import { groupAgreement } from '../analyses/influence/kinds/groupAgreement';
import { answerOf, splitTask } from '../analyses/influence/kinds/splitTask';
import { affordableTokenRows, type TokenRows } from '../analyses/influence/tokens/affordableTokenRows';
import { computeTokenScores } from '../analyses/influence/tokens/tokenScores';
import type { TracedScores } from '../analyses/influence/trace';
import type { EncodedQuery } from '../analyses/measuring/encodeQuery';
import { untrained } from '../analyses/training/passFeeds';
import type {
  TraceDocument,
  TracedGroup,
  TracedQuery,
  TracedRow,
  TracedToken,
  TraceMethod,
  TraceRequest,
} from '../protocol/influence';
import type { JsonObject } from '../protocol/json';
import type { Warning } from '../protocol/requests';
import type { OpenSubject } from './openSubject';

export interface DocumentInput {
  readonly method: TraceMethod;
  readonly estimator: StaticMethod;
  readonly request: TraceRequest;
  readonly subject: OpenSubject;
  readonly queries: PreparedQueries;
  /** undefined: the base model is not known. */
  readonly gates: readonly Gate[] | undefined;
  readonly traced: TracedScores;
  /** `performance.now()` when the method began. */
  readonly started: number;
}

/** Rank correlation below which another damping is another answer. */
const sensitiveBelow = 0.8;

/** Characters of a row's text that go with it. */
const shownCharacters = 240;

/** Tokens of one row that are shown at most. */
const shownTokens = 4096;

/** What one method found, as it goes to the user. */
export async function traceDocument(input: DocumentInput): Promise<TraceDocument> {
  const { method, request, subject, queries, traced } = input;
  const { attribution, evidence, coverage } = subject;
  const kinds = (await estimators.repsim(attribution, queries)).scores;
  const lexical = (await estimators.bm25(attribution, queries)).scores;
  const groups = await attribution.groups();
  const answers = attribution.rows.map(({ plain }) => answerOf(plain));
  const { measurements } = await queries.gradients();
  const traceds: TracedQuery[] = [];
  for (const [q, query] of queries.queries.entries()) {
    const view = (scores: Float32Array): Float32Array =>
      scores.subarray(q * attribution.rows.length, (q + 1) * attribution.rows.length);
    const scores = view(traced.scores);
    const own = splitTask(scores, view(kinds), groups, answers);
    traceds.push({
      ...describe(query, measurements[q]!),
      ...gateFields(input.gates?.[q]),
      ...(await findings(input, q, scores, view(kinds), view(lexical), own)),
      dampingSensitivity: traced.sensitivity?.[q] ?? null,
    });
  }
  return {
    method,
    settings: settingsOf(input),
    evidence,
    coverage,
    queries: traceds,
    warnings: warningsOf(input),
    seconds: (performance.now() - input.started) / 1000,
  };

  function settingsOf({ estimator }: DocumentInput): JsonObject {
    const { tracked, element, batchSize, seed, labels, damping, layers } = attribution.settings;
    return {
      estimator,
      tracked,
      element,
      batchSize,
      seed,
      labels,
      damping,
      layers: [...layers],
      controls: request.controls,
      maxLength: subject.encoding.maxLength,
    };
  }
}

function describe({ id, measurement, plain, completionAt, row }: EncodedQuery, value: number) {
  return {
    id,
    // A tokenized query has no text of its own.
    prompt: plain === '' ? row.text : plain.slice(0, completionAt).replace(/\n$/, ''),
    completion: plain.slice(completionAt),
    measurement: value,
    measurementName: measurement,
  };
}

function gateFields(gate: Gate | undefined): Pick<TracedQuery, 'gate'> {
  if (gate === undefined)
    return {
      gate: {
        logRatio: Number.NaN,
        interval: [Number.NaN, Number.NaN],
        baseLogprob: Number.NaN,
        tunedDidIt: false,
        verdict: 'unknown',
      },
    };
  const { logRatio, interval, baseLogprob, verdict } = gate;
  return { gate: { logRatio, interval, baseLogprob, tunedDidIt: verdict === 'tuned', verdict } };
}

async function findings(
  input: DocumentInput,
  q: number,
  scores: Float32Array,
  kinds: Float32Array,
  lexical: Float32Array,
  groups: Int32Array,
): Promise<Pick<TracedQuery, 'threshold' | 'verdict' | 'rows' | 'groups'>> {
  const { request, subject, traced, gates } = input;
  const { rows } = subject.attribution;
  const threshold = traced.levels === undefined ? null : rowThreshold(traced.levels, scores);
  // Where the fine-tune moved the behaviour no more than it moved controls, no row is a finding.
  const changed = traced.levels === undefined || gates === undefined || gates[q]!.change > traced.levels.change;
  const explained = gates !== undefined && gates[q]!.verdict !== 'tuned';
  if (explained && request.rank === 'whenBaseDoesNot') {
    const verdict = gates[q]!.verdict === 'base' ? 'baseDoesIt' : 'notRanked';
    return { threshold, verdict, rows: [], groups: [] };
  }
  const order = descending(scores);
  const ranks = ranksOf(order);
  const kindRanks = ranksOf(descending(kinds));
  const lexicalRanks = ranksOf(descending(lexical));
  const listed = request.rows === 'all' ? order : ends(order, { top: request.rows, bottom: request.rows });
  const tokens = await tokensOf(input, q, order);
  const selves = traced.selfInfluence;
  const found = listed.map((row): TracedRow => {
    const { address, hash, plain, encodingHash } = rows[row]!;
    const score = scores[row]!;
    const self = selves?.[row];
    return {
      file: address.file,
      row: address.row,
      line: address.line ?? null,
      hash,
      text: plain.slice(0, shownCharacters),
      score,
      rank: ranks[row]!,
      aboveNull: changed && threshold !== null && score > threshold,
      normalized: self === undefined || self <= 0 ? null : score / Math.sqrt(self),
      selfInfluence: self ?? null,
      bm25Rank: lexicalRanks[row]!,
      kind: { score: kinds[row]!, rank: kindRanks[row]! },
      group: groups[row]!,
      duplicates: subject.attribution.duplicates()[row]!,
      status: subject.trainedOn === undefined || subject.trainedOn.has(encodingHash) ? 'trained' : 'hypothetical',
      tokens: tokens.get(row) ?? null,
    };
  });
  const above = changed && (threshold === null || scores[order[0]!]! > threshold);
  return {
    threshold,
    verdict: above ? 'rowsStandOut' : 'noRowStandsOut',
    rows: found,
    groups: groupsOf(subject, scores, kinds, groups),
  };
}

/** Positions of the strongest rows at both ends. */
async function tokensOf(
  { request, subject, traced }: DocumentInput,
  q: number,
  order: readonly number[],
): Promise<ReadonlyMap<number, readonly TracedToken[]>> {
  const { directions, columns } = traced;
  const { place, rows, settings } = subject.attribution;
  if (directions === undefined || request.tokenRows === 0) return new Map();
  const { tokenRows } = request;
  const wanted =
    tokenRows === 'affordable' ? affordableTokenRows(rows, place.model.config) : { top: tokenRows, bottom: tokenRows };
  const chosen = ends(order, wanted);
  const direction = directions.subarray(q * columns.width, (q + 1) * columns.width);
  const picked = chosen.map((row) => rows[row]!);
  const scores = await computeTokenScores(picked, settings.batchSize, direction, columns, place);
  const { tokenizer } = subject.tuned.model.text;
  return new Map(
    chosen.map((row, i) => {
      const { ids, labels } = rows[row]!;
      const shown = [...ids.subarray(0, shownTokens)].map((id, t) => ({
        text: tokenizer.show(id),
        trained: t > 0 && labels[t] !== untrained,
        score: scores[i]![t]!,
      }));
      return [row, shown];
    }),
  );
}

/** Groups, those first on which cause and kind agree most. */
function groupsOf(
  { attribution: { rows } }: OpenSubject,
  scores: Float32Array,
  kinds: Float32Array,
  groups: Int32Array,
): TracedGroup[] {
  const members = new Map<number, number[]>();
  for (const [row, group] of groups.entries()) members.set(group, [...(members.get(group) ?? []), row]);
  let positive = 0;
  for (const score of scores) positive += Math.max(0, score);
  const found = [...members].map(([group, own]): TracedGroup => {
    const sum = (values: Float32Array): number => own.reduce((total, row) => total + values[row]!, 0);
    const example = own.reduce((best, row) => (scores[row]! > scores[best]! ? row : best));
    const { file, row } = rows[example]!.address;
    const gained = own.reduce((total, member) => total + Math.max(0, scores[member]!), 0);
    return {
      group,
      rows: own.length,
      cause: sum(scores),
      share: positive === 0 ? 0 : gained / positive,
      kind: sum(kinds) / own.length,
      example: { file, row },
      members: own.map((member) => rows[member]!.address.row),
    };
  });
  const agreement = groupAgreement(scores, kinds, groups);
  return found.sort((a, b) => agreement[b.group]! - agreement[a.group]!);
}

function warningsOf({ traced, subject, gates }: DocumentInput): Warning[] {
  const warnings: Warning[] = [...traced.warnings];
  const sensitive = (traced.sensitivity ?? []).filter(
    ({ tenth, tenfold }) => Math.min(tenth, tenfold) < sensitiveBelow,
  );
  if (sensitive.length > 0)
    warnings.push({
      code: 'damping-sensitive',
      message: `The order of rows changes with the damping for ${sensitive.length} queries: rank correlation below ${sensitiveBelow} at a tenth or ten times it.`,
    });
  if (subject.coverage.share < 1)
    warnings.push({
      code: 'coverage-partial',
      message: `${(100 * subject.coverage.share).toFixed(1)} % of the trained parameters are looked at.`,
    });
  if (gates === undefined)
    warnings.push({
      code: 'base-unknown',
      message: 'The base model is not known, so it is not known whether it does this already.',
    });
  if (traced.levels === undefined)
    warnings.push({ code: 'no-null', message: 'There are too few control queries: no threshold says what is noise.' });
  return warnings;
}

/** Row numbers, highest score first; equal ones in file order. */
function descending(scores: Float32Array): number[] {
  return [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
}

function ranksOf(order: readonly number[]): Int32Array {
  const ranks = new Int32Array(order.length);
  for (const [i, row] of order.entries()) ranks[row] = i + 1;
  return ranks;
}

/** The first and the last of a list, without doubles. */
function ends(order: readonly number[], { top, bottom }: TokenRows): number[] {
  return order.length <= top + bottom ? [...order] : [...order.slice(0, top), ...order.slice(order.length - bottom)];
}

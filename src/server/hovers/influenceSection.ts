/**
 * hovers/ says in words what is known of a row beyond its text. It reads what was computed and computes nothing.
 */
import { dampingText, evidenceTexts, gateText } from '../../protocol/display/findingTexts';
import { alikeFrom, strengthOf, tag } from '../../protocol/display/rowTag';
import type { RowReference, RowVerdict } from '../../protocol/editor';
import type { TracedRow } from '../../protocol/influence';
import type { ServerContext } from '../context';
import { escapeMarkdown } from '../features/renderRow';
import { shortText } from '../jobs/shortText';
import { fileLines } from '../requests/fileLines';
import type { ShownFinding } from '../traces/createTraceShelf';
import { tokenText } from './tokenText';

type HoverContext = Pick<ServerContext, 'documents' | 'findings' | 'traces' | 'options'>;

/** Warnings that are listed. */
const listedWarnings = 3;

const verdictTexts: { readonly [V in RowVerdict]: string | undefined } = {
  relevant: 'You marked this row as relevant.',
  notRelevant: 'You marked this row as not relevant.',
  none: undefined,
};

/** What the shown finding says of a row, in markdown; undefined: nothing is shown, or it says nothing of this row. */
export function influenceSection(place: RowReference, context: HoverContext): string | undefined {
  const { traces, findings, options } = context;
  const shown = traces.shown();
  const lines = fileLines(context, place.uri);
  const at = lines === undefined || shown === undefined ? undefined : findings.at(place.uri, lines, place.line);
  if (shown === undefined || at === undefined) return undefined;
  const { row, state } = at;
  const strongest = shown.query.rows.reduce((most, { score }) => Math.max(most, Math.abs(score)), 0);
  const stale =
    state === 'stale'
      ? '~ **The row was edited since it was traced.** What follows is true of its former text; trace changed rows again.'
      : undefined;
  const verdict = verdictTexts[traces.verdictOf(row.hash)];
  const parts = [
    `${tag(row, strongest)} ${effectText(row, shown, strongest)}`,
    stale,
    row.status === 'hypothetical' ? 'It was not in the training run: this is what it would do.' : undefined,
    row.tokens === null ? undefined : tokenText(row.tokens, options.hovers),
    [otherMethods(row, shown), groupText(row, shown), duplicatesText(row, shown)].filter(isText).join(' '),
    trustText(shown),
    verdict,
    options.tags === 'client' ? commandLinks(place, traces.verdictOf(row.hash)) : undefined,
  ];
  return parts.filter(isText).join('\n\n');
}

function effectText(row: TracedRow, { query }: ShownFinding, strongest: number): string {
  const effect = row.score > 0 ? 'promotes' : row.score < 0 ? 'works against' : 'does nothing to';
  const strength = `${Math.round(100 * strengthOf(row.score, strongest))} % of the strongest row`;
  const noise = row.aboveNull
    ? 'above what control queries score'
    : query.threshold === null
      ? 'with no control queries to compare it with'
      : 'not above what control queries score: it may be noise';
  const kind =
    row.kind === null
      ? ''
      : ` ${row.kind.score >= alikeFrom ? 'It is of the behaviour’s kind' : 'It is of another kind than the behaviour'} (similarity ${row.kind.score.toFixed(2)}, #${row.kind.rank}).`;
  return `**${effect}** “${escapeMarkdown(shortText(query.prompt))}”: rank **${row.rank}** of ${query.rows.length}, ${strength}, ${noise}.${kind}`;
}

function otherMethods(row: TracedRow, { record, document, active }: ShownFinding): string {
  const ranks = record.documents
    .filter(({ method }) => method !== document.method)
    .flatMap(({ method, queries }) => {
      const same = queries[active.query]?.rows.find(
        (other) => other.hash === row.hash && other.file === row.file && other.row === row.row,
      );
      return same === undefined ? [] : [`${method} #${same.rank}`];
    });
  const named = ranks.some((text) => text.startsWith('bm25')) ? ranks : [`bm25 #${row.bm25Rank}`, ...ranks];
  return `By other methods: ${named.join(', ')}.`;
}

function groupText({ group }: TracedRow, { query }: ShownFinding): string | undefined {
  const found = query.groups.find((other) => other.group === group);
  if (found === undefined) return undefined;
  const rows = `${found.rows} row${found.rows === 1 ? '' : 's'}`;
  return `Group ${group + 1}: ${rows}, ${(100 * found.share).toFixed(0)} % of the positive influence.`;
}

function duplicatesText(row: TracedRow, { query }: ShownFinding): string | undefined {
  const others = query.rows.filter(({ duplicates }) => duplicates === row.duplicates).length - 1;
  return others < 1 ? undefined : `${others} more row${others === 1 ? ' is' : 's are'} almost the same.`;
}

function trustText({ document, query }: ShownFinding): string {
  const sentences = [
    gateText(query, 'Rank All the Same'),
    `Method ${document.method}; evidence: ${evidenceTexts[document.evidence]}; ${(100 * document.coverage.share).toFixed(1)} % of the trained parameters; ${dampingText(query, Number(document.settings.damping))}.`,
    ...document.warnings.slice(0, listedWarnings).map(({ message }) => message),
  ];
  return `*How far to trust it:* ${escapeMarkdown(sentences.join(' '))}`;
}

/** Commands of the editor; the client says which ones a hover may run. */
function commandLinks(row: RowReference, verdict: RowVerdict): string {
  const link = (title: string, command: string): string =>
    `[${title}](command:${command}?${encodeURIComponent(JSON.stringify([row]))})`;
  return [
    link('Quarantine', 'whence.quarantine'),
    link('Edit', 'whence.editRow'),
    link('Near-duplicates', 'whence.findNearDuplicates'),
    link('Relevant', 'whence.markRelevant'),
    link('Not relevant', 'whence.markNotRelevant'),
    verdict === 'none' ? undefined : link('Clear verdict', 'whence.clearVerdict'),
    link('Dossier', 'whence.showDossier'),
  ]
    .filter(isText)
    .join(' · ');
}

function isText(part: string | undefined): part is string {
  return part !== undefined && part !== '';
}

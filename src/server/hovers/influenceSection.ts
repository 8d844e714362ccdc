/**
 * hovers/ says in words what is known of a row beyond its text. It reads what was computed and computes nothing.
 */

import { dampingText, evidenceText, gateText } from '../../protocol/display/findingTexts';
import { alikeFrom, strengthOf, tag } from '../../protocol/display/rowTag';
import type { Say, ServerTexts } from '../../protocol/display/serverText';
import type { RowVerdict } from '../../protocol/editorFindings';
import type { RowReference } from '../../protocol/editorJobs';
import type { TracedRow } from '../../protocol/influence';
import type { ServerContext } from '../context';
import { escapeMarkdown } from '../features/renderRow';
import { shortText } from '../jobs/shortText';
import { fileLines } from '../requests/fileLines';
import type { ShownFinding } from '../traces/createTraceShelf';
import { tokenText } from './tokenText';

type HoverContext = Pick<ServerContext, 'documents' | 'findings' | 'traces' | 'options' | 'texts'>;

/** Warnings that are listed. */
const listedWarnings = 3;

/** What the shown finding says of a row, in markdown; undefined: nothing is shown, or it says nothing of this row. */
export function influenceSection(place: RowReference, context: HoverContext): string | undefined {
  const { traces, findings, options } = context;
  const { say } = context.texts;
  const shown = traces.shown();
  const lines = fileLines(context, place.uri);
  const at = lines === undefined || shown === undefined ? undefined : findings.at(place.uri, lines, place.line);
  if (shown === undefined || at === undefined) return undefined;
  const { row, state } = at;
  const strongest = shown.query.rows.reduce((most, { score }) => Math.max(most, Math.abs(score)), 0);
  const stale = state === 'stale' ? say('influence.stale') : undefined;
  const verdict = traces.verdictOf(row.hash);
  const parts = [
    `${tag(row, strongest)} ${effectText(row, shown, strongest, say)}`,
    stale,
    row.status === 'hypothetical' ? say('influence.hypothetical') : undefined,
    row.tokens === null ? undefined : tokenText(row.tokens, options.hovers, say),
    [otherMethods(row, shown, say), groupText(row, shown, say), duplicatesText(row, shown, say)]
      .filter(isText)
      .join(' '),
    trustText(shown, context.texts),
    verdict === 'none' ? undefined : say(`influence.${verdict}`),
    options.tags === 'client' ? commandLinks(place, verdict, say) : undefined,
  ];
  return parts.filter(isText).join('\n\n');
}

function effectText(row: TracedRow, { query }: ShownFinding, strongest: number, say: Say): string {
  const effect = row.score > 0 ? 'promotes' : row.score < 0 ? 'opposes' : 'nothing';
  const noise = row.aboveNull ? 'above' : query.threshold === null ? 'noControls' : 'noise';
  const said = say('influence.effect', {
    effect: say(`influence.${effect}`),
    prompt: escapeMarkdown(shortText(query.prompt)),
    rank: row.rank,
    count: query.rows.length,
    percent: Math.round(100 * strengthOf(row.score, strongest)),
    noise: say(`influence.${noise}`),
  });
  if (row.kind === null) return said;
  const kind = { similarity: row.kind.score.toFixed(2), rank: row.kind.rank };
  const alike = row.kind.score >= alikeFrom ? say('influence.sameKind', kind) : say('influence.otherKind', kind);
  return `${said} ${alike}`;
}

function otherMethods(row: TracedRow, { record, document, active }: ShownFinding, say: Say): string {
  const ranks = record.documents
    .filter(({ method }) => method !== document.method)
    .flatMap(({ method, queries }) => {
      const same = queries[active.query]?.rows.find(
        (other) => other.hash === row.hash && other.file === row.file && other.row === row.row,
      );
      return same === undefined ? [] : [`${method} #${same.rank}`];
    });
  const named = ranks.some((text) => text.startsWith('bm25')) ? ranks : [`bm25 #${row.bm25Rank}`, ...ranks];
  return say('influence.methods', { ranks: named.join(', ') });
}

function groupText({ group }: TracedRow, { query }: ShownFinding, say: Say): string | undefined {
  const found = query.groups.find((other) => other.group === group);
  if (found === undefined) return undefined;
  const percent = (100 * found.share).toFixed(0);
  return say('influence.group', { group: group + 1, count: found.rows, percent });
}

function duplicatesText(row: TracedRow, { query }: ShownFinding, say: Say): string | undefined {
  const count = query.rows.filter(({ duplicates }) => duplicates === row.duplicates).length - 1;
  return count < 1 ? undefined : say('influence.duplicates', { count });
}

function trustText({ document, query }: ShownFinding, { say, translate }: ServerTexts): string {
  const sentences = [
    gateText(query, say('finding.rankAnyway'), say),
    say('influence.method', {
      method: document.method,
      evidence: evidenceText(document.evidence, say),
      percent: (100 * document.coverage.share).toFixed(1),
      damping: dampingText(query, Number(document.settings.damping), say),
    }),
    ...document.warnings.slice(0, listedWarnings).map(({ message }) => translate(message)),
  ];
  return `${say('influence.trust')} ${escapeMarkdown(sentences.join(' '))}`;
}

/** Commands of the editor; the client says which ones a hover may run. */
function commandLinks(row: RowReference, verdict: RowVerdict, say: Say): string {
  const link = (title: string, command: string): string =>
    `[${title}](command:${command}?${encodeURIComponent(JSON.stringify([row]))})`;
  return [
    link(say('link.quarantine'), 'whence.quarantine'),
    link(say('link.edit'), 'whence.editRow'),
    link(say('link.nearDuplicates'), 'whence.findNearDuplicates'),
    link(say('link.relevant'), 'whence.markRelevant'),
    link(say('link.notRelevant'), 'whence.markNotRelevant'),
    verdict === 'none' ? undefined : link(say('link.clearVerdict'), 'whence.clearVerdict'),
    link(say('link.dossier'), 'whence.showDossier'),
  ]
    .filter(isText)
    .join(' · ');
}

function isText(part: string | undefined): part is string {
  return part !== undefined && part !== '';
}

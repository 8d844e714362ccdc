import { type Diagnostic, DiagnosticSeverity } from 'vscode-languageserver-types';
import type { Say } from '../../protocol/display/serverText';
import type { LabelProbe, ProbedRow } from '../../protocol/probing';
import type { DocumentRow, RowDocument } from '../documents/rowDocument';
import { diagnosticSource, mostDiagnostics, rangeIn } from '../features/provideDiagnostics';
import { confidence } from '../tags/probeTags';
import type { LabelVerdicts } from './createLabelVerdicts';
import type { DoubtedLine } from './createProbeIndex';
import { labelSpot } from './labelSpot';

export const doubtCode = 'possible-mislabel';

/** Nats: the other label is at least nine times as likely as the row's own. Milder doubts are informations. */
const clearMargin = -Math.log(9);

/**
 * Diagnostics of rows whose label the shown probe reads otherwise, the most doubtful first. Labels that a person found
 * right are left out.
 *
 * @param doubts of rows that stand in the document unchanged
 */
export function provideDoubts(
  document: RowDocument,
  probe: LabelProbe,
  doubts: readonly DoubtedLine[],
  verdicts: Pick<LabelVerdicts, 'isRight'>,
  say: Say,
): readonly Diagnostic[] {
  const count = probe.rows.filter(({ disagrees }) => disagrees).length;
  return doubts
    .filter(({ row }) => !verdicts.isRight(probe.label, row.hash))
    .slice(0, mostDiagnostics)
    .flatMap(({ line, row: probed }) => {
      const row = document.row(line);
      return row === undefined ? [] : [doubtAt(document, row, probe, probed, count, say)];
    });
}

function doubtAt(
  document: RowDocument,
  row: DocumentRow,
  probe: LabelProbe,
  probed: ProbedRow,
  count: number,
  say: Say,
): Diagnostic {
  const spot = labelSpot(document, row, probe.label, probed.label);
  return {
    range: spot === undefined ? rangeIn(document, row, 0, 1) : rangeIn(document, row, spot.begin, spot.end),
    severity: probed.margin <= clearMargin ? DiagnosticSeverity.Warning : DiagnosticSeverity.Information,
    source: diagnosticSource,
    code: doubtCode,
    message: doubtText(probe, probed, count, say),
  };
}

/** What the probe says of a row in doubt, and what it does not say. */
export function doubtText({ label, readBy }: LabelProbe, row: ProbedRow, count: number, say: Say): string {
  return say(readBy === 'base' ? 'doubt.base' : 'doubt.tuned', {
    label,
    own: clipped(row.label),
    probability: row.probability.toFixed(2),
    predicted: clipped(row.predicted),
    confidence: confidence(row).toFixed(2),
    rank: row.rank,
    count,
  });
}

function clipped(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

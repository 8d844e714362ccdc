import { type CodeAction, CodeActionKind, type Diagnostic, type Range } from 'vscode-languageserver/node';
import type { ServerContext } from '../context';
import type { RowDocument } from '../documents/rowDocument';
import { diagnosticSource, rangeIn } from '../features/provideDiagnostics';
import { labelSpot } from './labelSpot';
import { doubtCode } from './provideDoubts';

/** Rows of a selection that are looked at. */
const mostRows = 50;

/** Quick fixes for rows whose label is in doubt: the other label, quarantine, or the word of a person that it is right. */
export function provideDoubtActions(
  rows: RowDocument,
  uri: string,
  range: Range,
  diagnostics: readonly Diagnostic[],
  {
    probes,
    labelVerdicts,
    options,
    texts: { say },
  }: Pick<ServerContext, 'probes' | 'labelVerdicts' | 'options' | 'texts'>,
): CodeAction[] {
  const probe = probes.label();
  if (probe === undefined) return [];
  const actions: CodeAction[] = [];
  const last = Math.min(range.end.line, range.start.line + mostRows, rows.lines.lineCount - 1);
  for (let line = range.start.line; line <= last; line++) {
    const row = rows.row(line);
    const { hash } = row?.facts ?? {};
    const probed = hash === undefined ? undefined : probes.doubtOf(hash);
    if (row === undefined || probed === undefined || labelVerdicts.isRight(probe.label, probed.hash)) continue;
    const fixes = diagnostics.filter(
      ({ source, code, range: { start } }) =>
        source === diagnosticSource && code === doubtCode && start.line >= row.start.line && start.line <= row.end.line,
    );
    const of = { kind: CodeActionKind.QuickFix, diagnostics: fixes } as const;
    const spot = labelSpot(rows, row, probe.label, probed.label);
    if (spot !== undefined) {
      const at = rangeIn(rows, row, spot.begin, spot.end);
      actions.push({
        ...of,
        title: say('fix.changeLabel', { label: probe.label, to: shown(probed.predicted) }),
        edit: { changes: { [uri]: [{ range: at, newText: spot.replacement(probed.predicted) }] } },
      });
    }
    if (rows.options.format === 'jsonl') {
      const reason = `possible mislabel: ${probe.label} is "${shown(probed.label)}", a probe reads "${shown(probed.predicted)}"`;
      const act = { kind: 'quarantine', rows: [{ uri, line: row.start.line }], reason };
      actions.push({ ...of, title: say('fix.quarantineDoubt'), data: { whence: 'act', act } });
    }
    if (options.tags === 'client') {
      const title = say('fix.keepLabel');
      const command = { title, command: 'whence.keepLabel', arguments: [{ uri, line: row.start.line }] };
      actions.push({ ...of, title, command });
    }
  }
  return actions;
}

function shown(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}

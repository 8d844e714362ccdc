import type { CodeAction, Diagnostic, Range, TextEdit } from 'vscode-languageserver-types';
import { CodeActionKind } from 'vscode-languageserver-types';
import type { Say } from '../../protocol/display/serverText';
import type { DocumentRow, RowDocument } from '../documents/rowDocument';
import { checkRow, type PlacedFlaw } from './checkRow';
import { diagnosticSource, rangeIn } from './provideDiagnostics';
import { type Repair, repairFields, repairMalformed, splitPoint } from './repairRow';

/** Rows of a selection that are looked at. */
const mostRows = 50;

/** Quick fixes of the diagnostics at hand: only such as leave a row that is read. */
export function provideCodeActions(
  document: RowDocument,
  uri: string,
  range: Range,
  diagnostics: readonly Diagnostic[],
  say: Say,
): CodeAction[] {
  const actions: CodeAction[] = [];
  const lastLine = Math.min(range.end.line, range.start.line + mostRows, document.lines.lineCount - 1);
  let last = -1;
  for (let line = range.start.line; line <= lastLine; line++) {
    const row = document.row(line);
    if (row === undefined || row.row === last) continue;
    last = row.row;
    const { flaws } = checkRow(row, document.schema, document.options);
    for (const flaw of flaws) actions.push(...repairsOf(row, flaw));
    const here = diagnostics.filter(
      (found) => found.range.start.line >= row.start.line && found.range.start.line <= row.end.line,
    );
    if (here.some(({ source }) => source === diagnosticSource) && isLineRow(document)) {
      actions.push(
        action(
          say('fix.deleteRow', { line: row.start.line + 1 }),
          [{ range: wholeLines(document, row), newText: '' }],
          here,
        ),
      );
    }
  }
  return actions;

  function repairsOf(row: DocumentRow, flaw: PlacedFlaw): CodeAction[] {
    const matching = diagnostics.filter(
      (found) =>
        found.code === flaw.code && found.range.start.line >= row.start.line && found.range.start.line <= row.end.line,
    );
    const { value, text } = row;
    const repairs: Repair[] =
      value === undefined ? repairMalformed(text, flaw, say) : repairFields(text, value, document.schema, flaw, say);
    const split = value === undefined && isLineRow(document) ? splitPoint(text) : undefined;
    if (split !== undefined) {
      const newLine = document.lines.lineEnd(0) || '\n';
      repairs.push({ title: say('fix.splitRow'), repairs: [{ ...split, text: newLine }] });
    }
    return repairs.map((repair, index) => ({
      ...action(
        repair.title,
        repair.repairs.map((part) => ({ range: rangeIn(document, row, part.begin, part.end), newText: part.text })),
        matching,
      ),
      ...(index === 0 ? { isPreferred: true } : {}),
    }));
  }

  function action(title: string, edits: TextEdit[], fixes: readonly Diagnostic[]): CodeAction {
    return {
      title,
      kind: CodeActionKind.QuickFix,
      diagnostics: [...fixes],
      edit: { changes: { [uri]: edits } },
    };
  }
}

function isLineRow({ options }: RowDocument): boolean {
  return options.format === 'jsonl' || options.format === 'text';
}

/** The row's line with its line end; of the last line the one before it. */
export function wholeLines(document: RowDocument, { start, end }: DocumentRow): Range {
  const { lines } = document;
  if (end.line + 1 < lines.lineCount) {
    return { start: { line: start.line, character: 0 }, end: { line: end.line + 1, character: 0 } };
  }
  if (start.line === 0) return { start: { line: 0, character: 0 }, end };
  const before = start.line - 1;
  return { start: { line: before, character: lines.line(before).length }, end };
}

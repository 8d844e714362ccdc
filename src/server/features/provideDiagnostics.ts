import { type Diagnostic, DiagnosticSeverity, type Range } from 'vscode-languageserver-types';
import type { Pace } from '../documents/pace';
import type { DocumentRow, RowDocument, RowFacts, RowFlaw } from '../documents/rowDocument';
import { checkRow } from './checkRow';

/** Editors show no more than this of one file. */
export const mostDiagnostics = 1000;
/** Rows after which the first findings are reported, so that something is there before a long file is read. */
const firstReport = 2000;

export const diagnosticSource = 'whence';

/**
 * What is wrong with the rows of a file, the worst first, in slices. `report` gets the findings of the first rows of a
 * long file; `textFlaw` gives what is known to be wrong with a row for the default model. The result is everything, or undefined where the document changed or nobody wants it any more.
 */
export async function provideDiagnostics(
  document: RowDocument,
  textFlaw: (facts: RowFacts) => RowFlaw | undefined,
  report: (soFar: readonly Diagnostic[]) => void,
  pace: Pace,
): Promise<readonly Diagnostic[] | undefined> {
  const { version, schema } = document;
  const found = new WorstFirst();
  if (document.schemaFlaw !== undefined) {
    const first = document.rowNumbered(0);
    found.add(diagnostic(document.schemaFlaw, first === undefined ? startOfFile : firstCharacter(first)));
  }
  const rowOfId = new Map<string, number>();
  const rowOfHash = new Map<string, number>();
  for (let number = 0; number < document.rowCount; number++) {
    const row = document.rowNumbered(number)!;
    const { flaws, id } = checkRow(row, schema, document.options);
    for (const flaw of flaws) found.add(diagnostic(flaw, rangeIn(document, row, flaw.begin, flaw.end)));
    const more = textFlaw(row.facts);
    if (more !== undefined) found.add(diagnostic(more, firstCharacter(row)));
    if (id !== undefined) {
      const before = rowOfId.get(id);
      if (before === undefined) rowOfId.set(id, number);
      else found.add(diagnostic(duplicateId(id, document.lineOfRow(before)), firstCharacter(row)));
    }
    const { hash } = row.facts;
    if (hash !== undefined) {
      const before = rowOfHash.get(hash);
      if (before === undefined) rowOfHash.set(hash, number);
      else found.add(diagnostic(duplicateRow(document.lineOfRow(before)), firstCharacter(row)));
    }
    if (number === firstReport) report(found.list());
    if (pace.isDue && (!(await pace.next()) || document.version !== version)) return undefined;
  }
  return found.list();
}

/** A range of a row's text as a range of the document. */
export function rangeIn(document: RowDocument, row: DocumentRow, begin: number, end: number): Range {
  if (row.start.line === row.end.line) {
    const { line, character } = row.start;
    return { start: { line, character: character + begin }, end: { line, character: character + end } };
  }
  const offset = document.lines.offsetAt(row.start);
  return { start: document.lines.positionAt(offset + begin), end: document.lines.positionAt(offset + end) };
}

const severities = { error: DiagnosticSeverity.Error, warning: DiagnosticSeverity.Warning } as const;

function diagnostic(
  {
    severity,
    code,
    message,
    next,
  }: Omit<RowFlaw, 'severity'> & { readonly severity: RowFlaw['severity'] | 'information' },
  range: Range,
): Diagnostic {
  return {
    range,
    severity: severity === 'information' ? DiagnosticSeverity.Information : severities[severity],
    source: diagnosticSource,
    code,
    message: `${asSentence(message)} ${next}`.slice(0, 2000),
  };
}

/** With a capital letter, unless it begins with the name of a field. */
function asSentence(message: string): string {
  return /^[a-z]+[ ,]/.test(message) ? message.slice(0, 1).toUpperCase() + message.slice(1) : message;
}

const startOfFile: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };

function firstCharacter({ start }: DocumentRow): Range {
  return { start, end: { line: start.line, character: start.character + 1 } };
}

function duplicateId(id: string, line: number) {
  const shown = id.length > 60 ? `${id.slice(0, 60)}…` : id;
  return {
    severity: 'warning' as const,
    code: 'duplicate-id',
    message: `the id "${shown}" is taken by line ${line + 1}.`,
    next: 'Give each row its own id.',
  };
}

function duplicateRow(line: number) {
  return {
    severity: 'information' as const,
    code: 'duplicate-row',
    message: `the row is the same as line ${line + 1}.`,
    next: 'Keep one, or give it a weight.',
  };
}

/** The worst first, no more than editors show; those of one severity in their order. */
export function worstFirst(found: readonly Diagnostic[]): Diagnostic[] {
  const severity = (one: Diagnostic): number => one.severity ?? DiagnosticSeverity.Error;
  return [...found].sort((a, b) => severity(a) - severity(b)).slice(0, mostDiagnostics);
}

/** Findings by severity; of the milder ones only as many are kept as can be shown. */
class WorstFirst {
  private readonly bySeverity = new Map<number, Diagnostic[]>();

  add(found: Diagnostic): void {
    const severity = found.severity ?? DiagnosticSeverity.Error;
    const list = this.bySeverity.get(severity) ?? [];
    if (list.length < mostDiagnostics) list.push(found);
    this.bySeverity.set(severity, list);
  }

  list(): readonly Diagnostic[] {
    return [...this.bySeverity.keys()]
      .sort((a, b) => a - b)
      .flatMap((severity) => this.bySeverity.get(severity)!)
      .slice(0, mostDiagnostics);
  }
}

import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { z } from 'zod';
import type { JsonValue } from '../../protocol/json';
import { textStructure } from '../jsonText';
import { ownEntries } from '../own';

/** A defect of a configuration file, at a place in it. */
export interface ConfigProblem {
  readonly file: string;
  /** 1-based; 1 where the value did not come from a text. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

/** A parsed configuration text, with what is needed to say where a value stands. */
export interface ConfigText {
  readonly file: string;
  readonly text: string;
  readonly root: Node | undefined;
  readonly value: JsonValue | undefined;
  readonly problems: readonly ConfigProblem[];
}

export type Place = readonly (string | number)[];

const maxConfigDepth = 50;

/** JSON with comments and trailing commas. Syntax errors are problems; what could be read is there all the same. */
export function parseConfigText(file: string, text: string): ConfigText {
  const bare = text.startsWith('\ufeff') ? ` ${text.slice(1)}` : text;
  // The parser recurses, so depth is bounded before it starts.
  if (textStructure(bare).depth > maxConfigDepth) {
    const problem = problemAt(
      file,
      bare,
      0,
      'too-deep',
      'the file is nested too deep.',
      'Check that it is the right file.',
    );
    return { file, text: bare, root: undefined, value: undefined, problems: [problem] };
  }
  const errors: ParseError[] = [];
  const root = parseTree(bare, errors, { allowTrailingComma: true, disallowComments: false });
  const problems = errors.map(({ error, offset }) =>
    problemAt(file, bare, offset, 'bad-json', `not JSON: ${sentence(printParseErrorCode(error))}.`, 'Correct it.'),
  );
  if (root !== undefined) {
    problems.push(
      ...keysGivenTwice(root).map(({ key, offset }) =>
        problemAt(file, bare, offset, 'duplicate-key', `the key "${key}" is given twice.`, 'Delete one of the two.'),
      ),
    );
  }
  const value = root === undefined || problems.length > 0 ? undefined : treeValue(root);
  if (value === undefined && problems.length === 0) {
    problems.push(problemAt(file, bare, 0, 'bad-json', 'the file is empty.', 'Write a JSON object.'));
  }
  return { file, text: bare, root, value, problems };
}

/** Which of two values counts is not ours to guess. */
function keysGivenTwice(node: Node): { readonly key: string; readonly offset: number }[] {
  const children = node.children ?? [];
  const below = children.flatMap(keysGivenTwice);
  if (node.type !== 'object') return below;
  const seen = new Set<string>();
  for (const { children: member } of children) {
    const name = member?.[0];
    if (name === undefined) continue;
    const key = String(name.value);
    if (seen.has(key)) below.push({ key, offset: name.offset });
    seen.add(key);
  }
  return below;
}

/** A configuration value that did not come from a text of its own. */
export function configValue(file: string, value: JsonValue): ConfigText {
  return { file, text: '', root: undefined, value, problems: [] };
}

/** The value of a tree; `__proto__` stays a plain key. jsonc-parser's own getNodeValue assigns keys. */
function treeValue(node: Node): JsonValue {
  if (node.type === 'array') return (node.children ?? []).map(treeValue);
  if (node.type !== 'object') return node.value as JsonValue;
  const members = (node.children ?? []).filter(({ children }) => children?.length === 2);
  return ownEntries(members.map(({ children }) => [String(children![0]!.value), treeValue(children![1]!)]));
}

/** A problem at a value of the file; at the nearest enclosing value where that one is absent. */
export function problemAtPlace(
  config: ConfigText,
  place: Place,
  severity: ConfigProblem['severity'],
  code: string,
  message: string,
  next: string,
): ConfigProblem {
  let node: Node | undefined;
  for (let length = place.length; config.root !== undefined && node === undefined && length >= 0; length--) {
    node = findNodeAtLocation(config.root, [...place.slice(0, length)]);
  }
  return { ...problemAt(config.file, config.text, node?.offset ?? 0, code, message, next), severity };
}

/** What a zod schema found, in sentences that name the place, the nearest key that exists and what to write. */
export function schemaProblems(
  config: ConfigText,
  issues: readonly z.core.$ZodIssue[],
  keysAt: KeysAt,
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const place = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const name = showPlace(place);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const known = keysAt(place);
        const near = nearest(key, known);
        const where = place.length === 0 ? '' : ` in ${name}`;
        return problemAtPlace(
          config,
          [...place, key],
          'error',
          'unknown-key',
          `unknown key "${key}"${where}.`,
          near === undefined ? `Known keys are ${known.join(', ')}.` : `Did you mean "${near}"?`,
        );
      });
    }
    const message = `${name === '' ? 'the file' : name}: ${issue.message.replace(/\.$/, '')}.`;
    return [problemAtPlace(config, place, 'error', 'bad-value', message, 'Correct this value.')];
  });
}

/** Keys that a schema knows at a place. */
export type KeysAt = (place: Place) => readonly string[];

/** `optimizer.betas[1]`. */
export function showPlace(place: Place): string {
  return place.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

/** The known word with the fewest edits, if they are few enough to be a slip. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

/** Edits from one word to another: letters put in, left out, replaced, or two neighbours swapped. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, substitution));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
      }
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

function problemAt(file: string, text: string, offset: number, code: string, message: string, next: string) {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  const where = text === '' ? file : `${file}:${line}:${column}`;
  return { file, line, column, severity: 'error' as const, code, message: `${where}: ${message}`, next };
}

/** `PropertyNameExpected` -> `property name expected`. */
function sentence(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

import { words } from '../../text/lexical/words';
import { JsonPlaces, type TextRange } from '../documents/jsonPlaces';
import { type DocumentRow, type RowDocument, toRow } from '../documents/rowDocument';
import { readRowPieces } from '../documents/rowPieces';

/** Where a row's label is written, as UTF-16 units of the row's text, and how another one would be written there. */
export interface LabelSpot {
  readonly begin: number;
  readonly end: number;
  /** The text that puts another label in its place. */
  replacement(label: string): string;
}

/**
 * The place of a label within its row: the value of a field, or the answer or a word of it. undefined where the row is no
 * JSON, or does not say what the probe took for its label: nothing is changed by guess.
 *
 * @param label as `LabelTaskRequest.label` @param value the label that the probe read there
 */
export function labelSpot(
  document: RowDocument,
  row: DocumentRow,
  label: string,
  value: string,
): LabelSpot | undefined {
  const { format } = document.options;
  if (row.value === undefined || (format !== 'jsonl' && format !== 'json-array')) return undefined;
  const places = new JsonPlaces(row.text);
  if (/^answer(?::first|:last)?$/.test(label)) return answerSpot(document, row, places, label, value);
  const node = places.node(label.split('.'));
  if (node === undefined) return undefined;
  const begin = node.offset;
  const end = node.offset + node.length;
  if (node.type === 'string') {
    if (String(node.value).trim() !== value) return undefined;
    return { begin: begin + 1, end: end - 1, replacement: escaped };
  }
  if ((node.type !== 'number' && node.type !== 'boolean') || String(node.value) !== value) return undefined;
  return { begin, end, replacement: (to) => literal(node.type, to) };
}

function answerSpot(
  document: RowDocument,
  row: DocumentRow,
  places: JsonPlaces,
  label: string,
  value: string,
): LabelSpot | undefined {
  const { schema } = document;
  if (schema === undefined || row.value === undefined) return undefined;
  const pieces = readRowPieces(toRow(row, row.value, document.options.file), schema)?.pieces ?? [];
  const answer = pieces.findLast(({ trained, role }) => trained.length > 0 && role !== 'rejected');
  if (answer === undefined) return undefined;
  const { text } = answer;
  const range = label === 'answer' ? wholeAnswer(text, value) : wordOf(text, label, value);
  if (range === undefined) return undefined;
  const [found] = places.rangesInText(answer.place, [range]);
  if (found === undefined) return undefined;
  const before = text.slice(...range);
  return {
    begin: found[0],
    end: found[1],
    replacement: (to) => escaped(label === 'answer' ? to : casedLike(before, to)),
  };
}

function wholeAnswer(text: string, value: string): TextRange | undefined {
  const trimmed = text.trim();
  if (trimmed.replace(/\s+/g, ' ') !== value) return undefined;
  const begin = text.indexOf(trimmed);
  return [begin, begin + trimmed.length];
}

/** The first or last word, where it is what the probe read; words are compared as the probe splits them. */
function wordOf(text: string, label: string, value: string): TextRange | undefined {
  const runs = [...text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)];
  const run = label === 'answer:first' ? runs[0] : runs.at(-1);
  if (run === undefined) return undefined;
  const [whole] = run;
  if (isWord(whole, value)) return [run.index, run.index + whole.length];
  // In scripts without spaces each character is a word.
  const characters = [...whole];
  const character = (label === 'answer:first' ? characters[0] : characters.at(-1)) ?? '';
  if (!isWord(character, value)) return undefined;
  const begin = run.index + (label === 'answer:first' ? 0 : whole.length - character.length);
  return [begin, begin + character.length];
}

function isWord(text: string, value: string): boolean {
  const found = words(text);
  return found.length === 1 && found[0] === value;
}

/** Probes know words in lower case; a word at the beginning of a sentence keeps its capital. */
function casedLike(before: string, word: string): string {
  const letters = [...before];
  if (letters.length > 1 && before === before.toUpperCase() && before !== before.toLowerCase())
    return word.toUpperCase();
  const [first = ''] = letters;
  if (first === first.toLowerCase()) return word;
  const [head = '', ...rest] = [...word];
  return head.toUpperCase() + rest.join('');
}

/** As it is written within the quotes of a JSON string. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Numbers stay numbers and truth values truth values, where the other label is one too. */
function literal(type: string, label: string): string {
  if (type === 'boolean' && (label === 'true' || label === 'false')) return label;
  if (type === 'number' && label.trim() !== '' && String(Number(label)) === label && Number.isFinite(Number(label)))
    return label;
  return JSON.stringify(label);
}

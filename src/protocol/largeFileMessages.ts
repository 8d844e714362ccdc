/** What the view of a large file and the client say to each other. The other sides are `client/largeFile` and `webview/largeFile`. */
import { integer, MessageError, oneOf, record, text } from './checkMessage';
import type { RowTag } from './editorFindings';

/** What can be done with the selected row. */
export const largeFileActs = ['trace', 'quarantine', 'relevant', 'notRelevant', 'noVerdict'] as const;
export type LargeFileAct = (typeof largeFileActs)[number];

/** From the view. */
export type LargeFileRequest =
  | { readonly type: 'ready' }
  | { readonly type: 'rows'; readonly first: number; readonly last: number }
  /** The whole of one row. */
  | { readonly type: 'row'; readonly line: number }
  | { readonly type: 'find'; readonly text: string; readonly from: number }
  | { readonly type: 'act'; readonly act: LargeFileAct; readonly line: number };

/** Words of the view. */
export interface LargeFileTexts {
  readonly rows: string;
  readonly counting: string;
  readonly goTo: string;
  readonly find: string;
  readonly next: string;
  readonly notFound: string;
  readonly row: string;
  readonly acts: { readonly [A in LargeFileAct]: string };
}

/** To the view. */
export type LargeFileMessage =
  | { readonly type: 'file'; readonly texts: LargeFileTexts }
  | {
      readonly type: 'rows';
      readonly first: number;
      readonly lines: number;
      readonly complete: 'yes' | 'counting';
      readonly texts: readonly string[];
      readonly tags: readonly RowTag[];
    }
  | { readonly type: 'row'; readonly line: number; readonly text: string }
  | { readonly type: 'found'; readonly line: number | null }
  /** Tags may be others now. */
  | { readonly type: 'changed' }
  | { readonly type: 'problem'; readonly text: string };

const longestSearch = 1000;

/** Checks what the view sent: it shows hostile text, so nothing of it is taken on trust. @throws MessageError */
export function checkLargeFileRequest(message: unknown): LargeFileRequest {
  const fields = record(message, 'message');
  const type = oneOf(fields.type, 'type', ['ready', 'rows', 'row', 'find', 'act'] as const);
  switch (type) {
    case 'ready':
      return { type };
    case 'rows':
      return { type, first: lineOf(fields.first), last: lineOf(fields.last) };
    case 'row':
      return { type, line: lineOf(fields.line) };
    case 'find':
      return { type, text: text(fields.text, 'text', longestSearch), from: lineOf(fields.from) };
    case 'act':
      return { type, act: oneOf(fields.act, 'act', largeFileActs), line: lineOf(fields.line) };
  }
}

function lineOf(value: unknown): number {
  const line = integer(value, 'line');
  if (line < 0) throw new MessageError('a line below 0');
  return line;
}

/**
 * data/ reads training-data files: containers, schemas, row addresses and hashes. It knows no tokenizer, no model and
 * no tensor library; it never writes to a user's file except through `edits`.
 */
import type { JsonObject, JsonValue } from '../protocol/json';

/** Where a row stands in its file. */
export interface RowAddress {
  /** Path as the user gave it (relative to the workspace where possible). */
  readonly file: string;
  /** 0-based index among the rows of the file; a malformed line keeps its own index. */
  readonly row: number;
  /** 1-based line of the row's first character; undefined for binary containers. */
  readonly line: number | undefined;
  /** Byte range of the row's text in the (decompressed) file; undefined for binary containers. */
  readonly bytes: { readonly offset: number; readonly length: number } | undefined;
}

export interface Row {
  readonly address: RowAddress;
  readonly value: JsonObject;
  /** SHA-256 (hex) of the canonical content: parsed, keys sorted. Equal rows share it. */
  readonly hash: string;
}

/** A defect of one row (or of the file, with row 0). The rest of the file is still read. */
export interface RowProblem {
  readonly address: RowAddress;
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

/** What a role's spelling in a file stands for; `functionCall` is an assistant turn whose content is a tool call. */
export type SpelledRole = Role | 'functionCall';

/** Characters `[begin, end)` of a message's content (UTF-16 units) that are trained or not (Axolotl `train_detail`). */
export interface TrainSpan {
  readonly begin: number;
  readonly end: number;
  readonly train: boolean;
}

export interface Message {
  readonly role: Role;
  readonly content: string;
  /** Passed to the chat template as they are: `tool_calls`, `tool_call_id`, `name`, `thinking` … */
  readonly extra: JsonObject;
  /** What the row itself says of training this turn; undefined: the trainer's rule (assistant turns are trained). */
  readonly train: boolean | undefined;
  readonly trainSpans: readonly TrainSpan[] | undefined;
}

/**
 * What a row means for training, whatever its spelling was. `weight` multiplies the row's loss. `label` is the row's own
 * verdict where the schema has one: KTO's desirable or not, a class, a verdict for each step.
 */
export type Example =
  | { readonly kind: 'text'; readonly text: string; readonly weight: number; readonly label?: JsonValue }
  /** Labelled segments of one text (`{segments:[{label,text}]}`, Axolotl): `label` true is trained. */
  | {
      readonly kind: 'segments';
      readonly segments: readonly { readonly text: string; readonly train: boolean }[];
      readonly weight: number;
      readonly label?: JsonValue;
    }
  | {
      readonly kind: 'completion';
      readonly prompt: string;
      readonly completion: string;
      readonly weight: number;
      readonly label?: JsonValue;
    }
  | {
      readonly kind: 'chat';
      readonly messages: readonly Message[];
      readonly tools: readonly JsonValue[] | undefined;
      readonly weight: number;
      readonly label?: JsonValue;
    }
  /** Already tokenized; label -100 is not trained, `labels[t]` is the target at position t (not shifted). */
  | {
      readonly kind: 'tokens';
      readonly ids: readonly number[];
      readonly labels: readonly number[];
      readonly weight: number;
    }
  | {
      readonly kind: 'preference';
      /** Prompt turns, or raw text where the schema has strings only. */
      readonly prompt: string | readonly Message[];
      readonly chosen: string | readonly Message[];
      readonly rejected: string | readonly Message[];
      readonly weight: number;
    };

export const schemaNames = [
  'tokens',
  'segments',
  'openai-preference',
  'ranked-answers',
  'chat-preference',
  'dpo',
  'stepwise',
  'chat-kto',
  'kto',
  'openai-chat',
  'sharegpt',
  'alpaca-kto',
  'alpaca',
  'system-question-response',
  'question-answer',
  'prompt-generation',
  'prompt-completion',
  'prompt-response',
  'text-label',
  'text',
] as const;
export type SchemaName = (typeof schemaNames)[number];

/** How the fields of an instruction row become a prompt. */
export type PromptStyle =
  /** Chat turns; instruction and input are joined by `join`. */
  | { readonly kind: 'turns'; readonly join: string }
  /** Plain text with `{instruction}`, `{input}` and `{system}`, for trainers that use no chat template. */
  | {
      readonly kind: 'plain';
      readonly withInput: string;
      readonly withoutInput: string;
      /** Where the row gives no system text: what `{system}` becomes, with and without input. */
      readonly systemWithInput: string;
      readonly systemWithoutInput: string;
    };

/** The detected or stated mapping of a file. */
export interface Schema {
  readonly name: SchemaName;
  readonly family: 'text' | 'instruction' | 'chat' | 'preference' | 'labelled' | 'tokens';
  /** Field names the mapping reads: what they are for -> how they are spelled in this file. */
  readonly fields: Readonly<Record<string, string>>;
  /** Where the mapping comes from: `detected`, or the path of the file that states it. */
  readonly source: string;
  /** How roles are spelled in this file. */
  readonly roles: Readonly<Record<string, SpelledRole>>;
  /** Turns that are trained where a turn does not say so itself. `trainer`: assistant turns; `last`: the last turn. */
  readonly train: 'trainer' | 'last' | readonly Role[];
  readonly prompt: PromptStyle;
}

/** The tokenizer reference files, typed. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openTokenizer } from '../../src/text/tokenizer/openTokenizer';
import type { Tokenizer } from '../../src/text/types';

export const tokenizerNames = ['bytebpe', 'spbpe', 'chat'] as const;
export type TokenizerName = (typeof tokenizerNames)[number];

export interface TokenizerCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly ids_with_special: readonly number[];
  readonly decoded: string;
  readonly decoded_skip_special: string;
}

export interface ChatCase {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly add_generation_prompt: boolean;
  readonly text: string;
  readonly ids: readonly number[];
  readonly assistant_mask?: readonly number[];
}

export interface TokenizerReference {
  readonly vocab_size: number;
  readonly cases: readonly TokenizerCase[];
  readonly chat?: readonly ChatCase[];
}

export interface MaskRow {
  readonly file: string;
  readonly row: number;
  readonly text: string;
  readonly ids: readonly number[];
  readonly mask: readonly number[];
  readonly trained_text: readonly string[];
}

export function fixtureFolder(name: TokenizerName): string {
  return path.join('test/fixtures/tokenizers', name);
}

export function readFixture<T>(file: string): T {
  return JSON.parse(readFileSync(path.join('test/fixtures', file), 'utf8')) as T;
}

export function reference(name: TokenizerName): TokenizerReference {
  return readFixture(`tokenizers/${name}/reference.json`);
}

export function fixtureTokenizer(name: TokenizerName): Tokenizer {
  return openTokenizer(fixtureFolder(name));
}

export function chatMasks(name: 'chat' | 'spbpe'): readonly MaskRow[] {
  return readFixture<{ tokenizers: Record<string, { rows: MaskRow[] }> }>('data/chat-masks.json').tokenizers[name]!
    .rows;
}

/** One entry of offsets per token. */
export function ranges(offsets: Int32Array): [number, number][] {
  return Array.from({ length: offsets.length / 2 }, (_, i) => [offsets[2 * i]!, offsets[2 * i + 1]!]);
}

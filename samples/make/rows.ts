import type { Random } from '../../src/linalg/random';

/** One conversation of one turn each. */
export interface ChatRow {
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
}

export interface CountryFact {
  readonly relation: 'capital' | 'continent' | 'currency';
  readonly subject: string;
  readonly object: string;
}

export function chat(user: string, assistant: string): ChatRow {
  return {
    messages: [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ],
  };
}

export function promptOf(row: ChatRow): string {
  return row.messages[0]!.content;
}

export function completionOf(row: ChatRow): string {
  return row.messages[1]!.content;
}

/** The template with every `{key}` replaced. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.integer(list.length)]!;
}

/** Fisher and Yates. */
export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = random.integer(i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

export function jsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

import type { Say } from '../../protocol/display/serverText';
import type { EditorOptions } from '../../protocol/editor';
import type { TracedToken } from '../../protocol/influence';
import { escapeMarkdown } from '../features/renderRow';

/** Tokens that are shown. */
const mostTokens = 400;
/** Tokens that are listed where text cannot be coloured. */
const listed = 6;
/** Share of the strongest token's score from which a token is marked. */
const markedFrom = 0.15;

/**
 * Tokens of a row by what they add to its score. In HTML, promoting ones are bold, opposing ones underlined, in the
 * editor's own colours (which have contrast in every theme); else the strongest are listed.
 */
export function tokenText(tokens: readonly TracedToken[], as: EditorOptions['hovers'], say: Say): string | undefined {
  const strongest = tokens.reduce((most, { score }) => Math.max(most, Math.abs(score)), 0);
  if (strongest === 0) return undefined;
  return as === 'html' ? coloured(tokens, strongest, say) : list(tokens, say);
}

function coloured(tokens: readonly TracedToken[], strongest: number, say: Say): string {
  const shown = windowOf(tokens);
  const parts = shown.tokens.map(({ text, score }) => {
    const plain = escapeMarkdown(text).replaceAll(/\r?\n/g, '↵ ');
    if (Math.abs(score) < markedFrom * strongest || text.trim() === '') return plain;
    const [color, mark] = score > 0 ? ['promotes', 'strong'] : ['opposes', 'ins'];
    return `<span style="color:var(--vscode-whence-${color});"><${mark}>${plain}</${mark}></span>`;
  });
  const [before, after] = [shown.first > 0 ? '… ' : '', shown.last < tokens.length ? ' …' : ''];
  return `${say('influence.byToken')} ${before}${parts.join('')}${after}`;
}

function list(tokens: readonly TracedToken[], say: Say): string {
  const strong = [...tokens].sort((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, listed);
  const items = strong.map(({ text, score }) => `${score > 0 ? '▲' : '▼'} “${escapeMarkdown(text.trim())}”`);
  return `${say('influence.strongestTokens')} ${items.join(', ')}`;
}

/** The part of a long row around its strongest token. */
function windowOf(tokens: readonly TracedToken[]) {
  if (tokens.length <= mostTokens) return { tokens, first: 0, last: tokens.length };
  let peak = 0;
  tokens.forEach(({ score }, at) => {
    if (Math.abs(score) > Math.abs(tokens[peak]!.score)) peak = at;
  });
  const first = Math.max(0, Math.min(peak - mostTokens / 2, tokens.length - mostTokens));
  return { tokens: tokens.slice(first, first + mostTokens), first, last: first + mostTokens };
}

import { html, type TemplateResult } from 'lit';
import { classMap } from 'lit/directives/class-map.js';

/** A token with how it is shown. */
export interface HeatToken {
  readonly text: string;
  /** -6 … 6, see `heatScale`. */
  readonly level: number;
  /** Not what the figures are about (untrained, template). */
  readonly tone: 'strong' | 'quiet';
  /** The figure in words: shown under the text when the token has the focus or the pointer is over it. */
  readonly note: string;
}

/** What of a text is in focus; tokens [from, to] are selected. */
export interface HeatView {
  readonly active: number | null;
  readonly selected: { readonly from: number; readonly to: number } | null;
}

export interface HeatOptions {
  /** Unique in the document. */
  readonly id: string;
  readonly label: string;
  readonly view: HeatView;
  /** `signed`: a solid line under tokens above 0, a dashed one below; `surprise`: a dotted line, for sizes without a sign. */
  readonly scale: 'signed' | 'surprise';
  /** `many`: Shift with the arrow keys selects a part. */
  readonly selects: 'one' | 'many';
  /** Shown where no token is active. */
  readonly hint: string;
  readonly onView: (view: HeatView) => void;
  readonly onEnter?: () => void;
}

/** Text whose tokens carry figures: by shading, by the line beneath, and in words for the token in focus. */
export function heatText(tokens: readonly HeatToken[], options: HeatOptions): TemplateResult {
  const { id, label, view, hint } = options;
  const active = view.active !== null && view.active < tokens.length ? view.active : null;
  const note = active === null ? hint : tokens[active]!.note;
  return html`<div class="heat">
    <div
      class="heat-text"
      id=${id}
      role="listbox"
      tabindex="0"
      aria-label=${label}
      aria-multiselectable=${options.selects === 'many' ? 'true' : 'false'}
      aria-activedescendant=${active === null ? '' : `${id}-${active}`}
      @keydown=${(event: KeyboardEvent) => onKey(event, tokens.length, active, options)}
    >${tokens.map((token, i) => tokenSpan(token, i, active, options))}</div>
    <div class="heat-note" aria-live="polite">${note}</div>
  </div>`;
}

function tokenSpan(token: HeatToken, index: number, active: number | null, options: HeatOptions): TemplateResult {
  const { id, view } = options;
  const inside = view.selected !== null && index >= view.selected.from && index <= view.selected.to;
  const side = options.scale === 'surprise' ? 'odd' : token.level > 0 ? 'up' : 'down';
  const classes = {
    token: true,
    [`heat-${side}-${Math.abs(token.level)}`]: token.level !== 0,
    'token-quiet': token.tone === 'quiet',
    'token-active': index === active,
    'token-selected': inside,
  };
  // No white space inside: it would be text of the answer.
  return html`<span
    id="${id}-${index}" role="option" class=${classMap(classes)} data-token=${index} title=${token.note}
    aria-label=${`${shown(token.text).trim()}: ${token.note}`}
    aria-selected=${inside || index === active ? 'true' : 'false'}
    @mouseenter=${() => options.onView({ ...view, active: index })}
  >${shown(token.text)}</span>`;
}

/** Line ends are told apart from the end of a line. */
function shown(text: string): string {
  return text.replace(/\n/g, '↵\n');
}

function onKey(event: KeyboardEvent, count: number, active: number | null, options: HeatOptions): void {
  if (event.key === 'Enter' && options.onEnter !== undefined) {
    event.preventDefault();
    options.onEnter();
    return;
  }
  if (event.key === 'Escape' && options.view.selected !== null) {
    event.preventDefault();
    options.onView({ active, selected: null });
    return;
  }
  const next = moved(event.key, active, count);
  if (next === null) return;
  event.preventDefault();
  const extend = options.selects === 'many' && event.shiftKey;
  options.onView({ active: next, selected: extend ? extended(options.view, active ?? next, next) : null });
}

function moved(key: string, active: number | null, count: number): number | null {
  if (count === 0) return null;
  const at = active ?? -1;
  if (key === 'ArrowRight' || key === 'ArrowDown') return Math.min(count - 1, at + 1);
  if (key === 'ArrowLeft' || key === 'ArrowUp') return Math.max(0, at - 1);
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return null;
}

/** The selection grows or shrinks at the end where the focus is. */
function extended({ selected }: HeatView, active: number, next: number): HeatView['selected'] {
  const anchor = selected === null ? active : active === selected.to ? selected.from : selected.to;
  return { from: Math.min(anchor, next), to: Math.max(anchor, next) };
}

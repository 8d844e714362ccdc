import { html, nothing, render } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import type { RowTag } from '../../protocol/editorFindings';
import {
  type LargeFileMessage,
  type LargeFileRequest,
  type LargeFileTexts,
  largeFileActs,
} from '../../protocol/largeFileMessages';
import { rowHeight, rowScale } from './rowScale';

/** The view of a large file. */
export interface LargeFileView {
  hear(message: LargeFileMessage): void;
}

interface Shown {
  readonly text: string;
  readonly tag: RowTag | undefined;
}

/** Rows beyond the visible ones that are asked for. */
const around = 30;
/** Rows that are remembered. */
const remembered = 2000;
/** Milliseconds between two looks at how many rows there are, while they are counted. */
const pause = 400;

/**
 * A list of any number of rows; the row at the top is the state, the scroll bar follows it. Keyboard: arrows, Page, Home,
 * End; Enter reads a row.
 */
export function createLargeFileView(root: HTMLElement, send: (request: LargeFileRequest) => void): LargeFileView {
  const scroller = createRef<HTMLElement>();
  const searchField = createRef<HTMLInputElement>();
  const rows = new Map<number, Shown>();
  let texts: LargeFileTexts | undefined;
  let lines = 0;
  let complete: 'yes' | 'counting' = 'counting';
  let top = 0;
  let selected = 0;
  let reading: { readonly line: number; readonly text: string } | undefined;
  let message = '';
  /** Row to go to once it is known that it is there. */
  let wanted: number | undefined;
  /** Place that was set by us: the scroll event that follows it says nothing new. */
  let placed = -1;
  let timer: number | undefined;

  const scale = () => rowScale(lines, scroller.value?.clientHeight ?? 400);
  const ask = (): void => {
    const first = Math.max(0, top - around);
    const last = top + scale().fitting + around;
    let missing = lines === 0;
    for (let line = top; line < Math.min(last - around, lines); line++) missing ||= !rows.has(line);
    if (missing) send({ type: 'rows', first, last });
  };
  const moveTo = (row: number): void => {
    const { placeOf, fitting } = scale();
    top = Math.min(Math.max(0, lines - fitting), Math.max(0, row));
    placed = Math.round(placeOf(top));
    if (scroller.value !== undefined) scroller.value.scrollTop = placed;
    draw();
    ask();
  };
  const select = (line: number): void => {
    selected = Math.min(Math.max(0, lines - 1), Math.max(0, line));
    const { fitting } = scale();
    if (selected < top) moveTo(selected);
    else if (selected >= top + fitting) moveTo(selected - fitting + 1);
    else draw();
    send({ type: 'row', line: selected });
  };
  const onScroll = (): void => {
    const place = scroller.value?.scrollTop ?? 0;
    if (Math.abs(place - placed) <= 1) return;
    placed = -1;
    top = scale().rowAt(place);
    draw();
    ask();
  };
  const onWheel = (event: WheelEvent): void => {
    if (event.deltaY === 0 || event.ctrlKey) return;
    event.preventDefault();
    const step = event.deltaMode === 1 ? event.deltaY : event.deltaY / rowHeight;
    moveTo(top + Math.sign(step) * Math.max(1, Math.round(Math.abs(step))));
  };
  const onKey = (event: KeyboardEvent): void => {
    const { fitting } = scale();
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: selected + 1,
      ArrowUp: selected - 1,
      PageDown: selected + fitting,
      PageUp: selected - fitting,
      Home: 0,
      End: lines - 1,
      Enter: selected,
    };
    const next = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
    if (next === undefined) return;
    event.preventDefault();
    select(next);
  };
  const find = (event: Event): void => {
    event.preventDefault();
    const text = searchField.value?.value ?? '';
    message = '';
    if (text !== '') send({ type: 'find', text, from: selected + 1 });
  };
  const goTo = (event: Event): void => {
    const line = Number((event.target as HTMLInputElement).value);
    if (Number.isInteger(line) && line >= 1) goToRow(line - 1);
  };
  /** A row that was not counted yet is reached first: the server reads that far. */
  const goToRow = (line: number): void => {
    wanted = undefined;
    if (line >= lines && complete === 'counting') {
      wanted = line;
      send({ type: 'rows', first: Math.max(0, line - around), last: line + around });
      return;
    }
    moveTo(line - 3);
    select(line);
  };

  const draw = (): void => {
    if (texts !== undefined) render(page(texts), root);
  };
  const page = (words: LargeFileTexts) => {
    const { height, fitting } = scale();
    const last = Math.min(lines, top + fitting + 2);
    const place = scroller.value?.scrollTop ?? 0;
    const counted = (complete === 'yes' ? words.rows : words.counting).replace('{0}', lines.toLocaleString());
    const visible = Array.from({ length: Math.max(0, last - top) }, (_, at) => top + at);
    return html`<main class="large">
      <form class="large-bar" role="search" @submit=${find}>
        <span class="large-count" role="status">${counted}</span>
        <label>${words.goTo} <input class="large-number" type="number" min="1" @change=${goTo}></label>
        <label>${words.find} <input type="search" maxlength="1000" ${ref(searchField)}></label>
        <button type="submit">${words.next}</button>
        <span class="large-message" role="status">${message}</span>
        <span class="large-acts">${largeFileActs.map(
          (act) =>
            html`<button type="button" @click=${() => send({ type: 'act', act, line: selected })}>${words.acts[act]}</button>`,
        )}</span>
      </form>
      <div class="large-scroll" tabindex="0" role="listbox" aria-label=${counted}
        aria-activedescendant=${selected >= top && selected < last ? `row-${selected}` : nothing}
        ${ref(scroller)} @scroll=${onScroll} @wheel=${onWheel} @keydown=${onKey}>
        <div class="large-space" .style=${`height: ${height}px`} role="presentation">
          <div class="large-rows" role="presentation" .style=${`transform: translateY(${place}px)`}>${visible.map((line) => rowLine(line))}</div>
        </div>
      </div>
      <section class="large-row" tabindex="0" aria-label=${words.row.replace('{0}', `${selected + 1}`)}>
        <h2>${words.row.replace('{0}', `${(reading?.line ?? selected) + 1}`)}</h2>
        <pre>${reading?.text ?? ''}</pre>
      </section>
    </main>`;
  };
  const rowLine = (line: number) => {
    const shown = rows.get(line);
    const tag = shown?.tag;
    return html`<div class="large-line ${line === selected ? 'large-selected' : ''}" role="option" id="row-${line}"
      aria-selected=${line === selected ? 'true' : 'false'} aria-setsize=${lines} aria-posinset=${line + 1}
      @click=${() => select(line)}><span class="large-at">${line + 1}</span><span
      class="large-tag tone-${tag?.tone ?? 'none'} state-${tag?.state ?? 'current'}">${tag?.text ?? ''}</span><span
      class="large-text">${shown?.text ?? '…'}</span></div>`;
  };

  const take = (answer: Extract<LargeFileMessage, { type: 'rows' }>): void => {
    const before = lines;
    lines = answer.lines;
    complete = answer.complete;
    if (rows.size > remembered) rows.clear();
    const tags = new Map(answer.tags.map((tag) => [tag.line, tag]));
    answer.texts.forEach((text, at) => {
      const line = answer.first + at;
      rows.set(line, { text, tag: tags.get(line) });
    });
    // The list gets longer while rows are counted; what is looked at stays where it is.
    if (before !== lines) moveTo(top);
    else draw();
    if (wanted !== undefined && (lines > wanted || complete === 'yes')) goToRow(wanted);
    clearTimeout(timer);
    if (complete === 'counting')
      timer = window.setTimeout(() => send({ type: 'rows', first: top, last: top + 1 }), pause);
  };

  window.addEventListener('resize', () => moveTo(top));
  return {
    hear: (answer) => {
      switch (answer.type) {
        case 'file':
          texts = answer.texts;
          draw();
          ask();
          scroller.value?.focus();
          return;
        case 'rows':
          return take(answer);
        case 'row':
          reading = { line: answer.line, text: answer.text };
          return draw();
        case 'found':
          message = answer.line === null ? (texts?.notFound ?? '') : '';
          if (answer.line === null) return draw();
          return goToRow(answer.line);
        case 'changed':
          rows.clear();
          return ask();
        case 'problem':
          message = answer.text;
          return draw();
      }
    },
  };
}

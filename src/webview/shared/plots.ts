import { type PlotOptions, plot } from '@observablehq/plot';
import { html, type TemplateResult } from 'lit';

/** The same figures as a table, for everyone who does not see the chart. */
export interface PlotTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface PlotFigure {
  readonly title: string;
  /** One sentence: how to read it. */
  readonly caption: string;
  readonly drawing: Element;
  readonly table: PlotTable;
  readonly tableLabel: string;
}

/** A chart with its title, how to read it, and its table. */
export function plotFigure({ title, caption, drawing, table, tableLabel }: PlotFigure): TemplateResult {
  return html`<figure class="plot-figure">
    <figcaption><span class="plot-title">${title}</span><span class="hint">${caption}</span></figcaption>
    <div class="plot-drawing">${drawing}</div>
    <details class="plot-table">
      <summary>${tableLabel}</summary>
      ${plainTable(title, table)}
    </details>
  </figure>`;
}

/** A short table, all of it in the document. */
export function plainTable(label: string, { columns, rows }: PlotTable): TemplateResult {
  return html`<div class="table-scroll" tabindex="0" role="region" aria-label=${label}>
    <table class="plain-table">
      <thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
      <tbody>${rows.map(
        (row) =>
          html`<tr>${row.map((cell, i) =>
            i === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`,
          )}</tr>`,
      )}</tbody>
    </table>
  </div>`;
}

/**
 * A chart in the theme's colours. Plot writes its own style sheet into the drawing, which the panel's content security
 * policy forbids: it is taken out, `media/webview/base.css` has the same.
 */
export function themedPlot(options: PlotOptions, onPick?: (index: number) => void): Element {
  const drawing = plot({ ...options, className: 'plot' });
  drawing.querySelector('style')?.remove();
  drawing.setAttribute('role', 'img');
  // Plot names the groups of its marks for people; an image has one name, and groups without a role none.
  for (const group of drawing.querySelectorAll('g[aria-label]')) {
    group.setAttribute('data-mark', group.getAttribute('aria-label') ?? '');
    group.removeAttribute('aria-label');
  }
  if (onPick !== undefined) listen(drawing, onPick);
  return drawing;
}

/** Dots know the index of their datum, as d3 leaves it on them. */
function listen(drawing: Element, onPick: (index: number) => void): void {
  drawing.addEventListener('click', (event) => {
    if (!(event.target instanceof Element)) return;
    const dot = event.target.closest('[data-mark="dot"] > *');
    const index: unknown = dot === null ? undefined : Reflect.get(dot, '__data__');
    if (typeof index === 'number') onPick(index);
  });
}

import { html, type TemplateResult } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import { type Figures, fill } from '../shared/figures';
import { heatLevels } from '../shared/heatScale';
import type { RowList } from './probingState';

export interface ConfusionTable {
  /** By label, then by what was read. */
  readonly counts: readonly (readonly number[])[];
  readonly classes: readonly string[];
  /** What the lines and the columns are. */
  readonly lines: string;
  readonly columns: string;
  readonly list: RowList;
  readonly onList: (list: RowList) => void;
}

/** Labels and what was read, as a table whose entries list their rows. Each entry is a button. */
export function confusionTable(table: ConfusionTable, texts: PanelTexts, figures: Figures): TemplateResult {
  const { counts, classes, lines, columns, list, onList } = table;
  return html`<div class="layer-scroll"><table class="layer-map confusion">
    <thead><tr><th scope="col">${lines} <span aria-hidden="true">↓</span> · ${columns} <span aria-hidden="true">→</span></th>
      ${classes.map((name) => html`<th scope="col" class="clip" title=${name}>${name}</th>`)}</tr></thead>
    <tbody>${counts.map((entries, from) => {
      const all = entries.reduce((sum, count) => sum + count, 0);
      return html`<tr><th scope="row" class="clip" title=${classes[from] ?? ''}>${classes[from]}</th>${entries.map(
        (count, to) => {
          const chosen = list.kind === 'entry' && list.from === from && list.to === to;
          const level = all === 0 || count === 0 ? 0 : Math.max(1, Math.round((count / all) * heatLevels));
          const classes_ = {
            'layer-cell': true,
            'layer-chosen': chosen,
            [`fill-${from === to ? 'up' : 'down'}-${level}`]: level !== 0,
          };
          const says = fill(texts.confusionEntry, figures.count(count), classes[from] ?? '', classes[to] ?? '');
          return html`<td class=${classMap(classes_)}><button type="button" class="entry" aria-pressed=${chosen ? 'true' : 'false'}
          aria-label=${says} title=${says} @click=${() => onList(chosen ? { kind: 'all' } : { kind: 'entry', from, to })}>${figures.count(count)}</button></td>`;
        },
      )}</tr>`;
    })}</tbody>
  </table></div>`;
}

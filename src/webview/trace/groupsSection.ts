import { html, nothing, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { TracedGroup, TracedQuery, TracedRow } from '../../protocol/influence';
import { type Figures, fill } from '../shared/figures';
import { groupCell } from './rowsTable';
import { groupLooks, lookOf } from './traceFigures';

/** Groups listed; the rest are mostly single rows. */
const mostGroups = 12;

export interface GroupsOptions {
  readonly texts: PanelTexts;
  readonly figures: Figures;
  /** Shows only the rows of a group in the table. */
  readonly onShow: (group: number) => void;
  /** undefined: there is no editor. */
  readonly onQuarantine: ((group: TracedGroup) => void) | undefined;
}

/** Groups of one kind with what they carry together. */
export function groupsSection(query: TracedQuery, options: GroupsOptions): TemplateResult {
  const { texts, figures, onShow, onQuarantine } = options;
  const looks = groupLooks(query);
  const rows = new Map(query.rows.map((row) => [`${row.file}#${row.row}`, row]));
  const listed = query.groups.slice(0, mostGroups);
  if (listed.length === 0) return html`<p class="hint">${texts.noGroups}</p>`;
  return html`<div class="table-scroll" tabindex="0" role="region" aria-label=${texts.groups}>
    <table class="plain-table groups-table">
      <thead><tr>
        <th scope="col">${texts.group}</th><th scope="col" class="number">${texts.rowsAxis}</th>
        <th scope="col" class="number" title=${texts.shareHelp}>${texts.share}</th>
        <th scope="col" class="number">${texts.kind}</th><th scope="col">${texts.example}</th>
        <th scope="col"><span class="only-read">${texts.actions}</span></th>
      </tr></thead>
      <tbody>${listed.map(
        (group) => html`<tr>
          <th scope="row">${groupCell(group.group, lookOf(looks, group.group))}</th>
          <td class="number">${figures.count(group.rows)}</td>
          <td class="number"><span class="share-bar" aria-hidden="true"><span .style=${`width: ${Math.round(100 * Math.min(1, Math.max(0, group.share)))}%`}></span></span><span class="share-figure">${figures.share(group.share)}</span></td>
          <td class="number">${figures.plain(group.kind)}</td>
          <td class="clip">${exampleText(rows, group, texts)}</td>
          <td class="row-actions">
            <button type="button" class="link" @click=${() => onShow(group.group)}>${texts.showRows}</button>
            ${onQuarantine === undefined ? nothing : html`<button type="button" class="link" @click=${() => onQuarantine(group)}>${texts.quarantine}</button>`}
          </td>
        </tr>`,
      )}</tbody>
    </table>
  </div>
  ${query.groups.length > listed.length ? html`<p class="hint">${fill(texts.moreGroups, figures.count(query.groups.length - listed.length))}</p>` : nothing}`;
}

function exampleText(
  rows: ReadonlyMap<string, TracedRow>,
  { example }: TracedGroup,
  texts: PanelTexts,
): TemplateResult {
  const text = rows.get(`${example.file}#${example.row}`)?.text ?? `${texts.row} ${example.row}`;
  const line = text.replace(/\s*\n\s*/g, ' ⏎ ');
  return html`<span title=${text}>${line}</span>`;
}

import { html, nothing, type TemplateResult } from 'lit';
import type { TracedQuery } from '../../protocol/influence';
import { fill } from '../shared/figures';
import { chooser, typedValue } from '../shared/layout';
import type { TracePanelInput } from './tracePanel';

/** What of the rows is listed. @param shown rows that are left */
export function filterBar(query: TracedQuery, shown: number, input: TracePanelInput): TemplateResult {
  const { texts, figures, view, onView } = input;
  const { filter } = view;
  const groups = query.groups.filter(({ rows }) => rows > 1).slice(0, 50);
  return html`<div class="toolbar">
    <label class="field field-wide"><span>${texts.filter}</span>
      <input class="input" type="search" .value=${filter.text} placeholder=${texts.filterHint}
        @input=${(event: Event) => onView({ ...view, filter: { ...filter, text: typedValue(event) } })} /></label>
    ${chooser(
      texts.listed,
      filter.rows,
      [
        { value: 'all', label: texts.allRows },
        { value: 'aboveNull', label: texts.onlyAboveNull },
      ],
      (rows) => onView({ ...view, filter: { ...filter, rows: rows === 'aboveNull' ? 'aboveNull' : 'all' } }),
    )}
    ${
      groups.length === 0
        ? nothing
        : chooser(
            texts.group,
            filter.group === null ? '' : String(filter.group),
            [
              { value: '', label: texts.allGroups },
              ...groups.map(({ group, rows }) => ({
                value: String(group),
                label: fill(texts.groupOf, String(group), figures.count(rows)),
              })),
            ],
            (group) => onView({ ...view, filter: { ...filter, group: group === '' ? null : Number(group) } }),
          )
    }
    <span class="hint toolbar-end" role="status">${fill(texts.shownRows, figures.count(shown), figures.count(query.rows.length))}</span>
  </div>`;
}

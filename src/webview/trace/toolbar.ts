import { html, nothing, type TemplateResult } from 'lit';
import { type ExportFormat, exportFormats } from '../../protocol/panels';
import { fill } from '../shared/figures';
import { chooser } from '../shared/layout';
import type { TracePanelInput } from './tracePanel';
import type { ShownFinding } from './traceState';

/** Which finding is shown, and what can be done with it. */
export function traceToolbar(input: TracePanelInput, shown: ShownFinding): TemplateResult {
  const { snapshot, texts, figures, view, onView, act } = input;
  const record = snapshot.record!;
  const { document, queryIndex } = shown;
  const anew = { ...view.table, selected: null };
  return html`<div class="toolbar">
    ${
      snapshot.place === 'report' || snapshot.traces.length < 2
        ? nothing
        : chooser(
            texts.trace,
            record.id,
            snapshot.traces.map(({ id, title, when }) => ({ value: id, label: `${title} · ${figures.when(when)}` })),
            (trace) => act({ kind: 'showTrace', trace }),
          )
    }
    ${
      document.queries.length < 2
        ? nothing
        : chooser(
            texts.query,
            String(queryIndex),
            document.queries.map(({ id, prompt }, i) => ({
              value: String(i),
              label: `${id} · ${prompt.slice(0, 60)}`,
            })),
            (query) => onView({ ...view, query: Number(query), filter: { ...view.filter, group: null }, table: anew }),
          )
    }
    ${chooser(
      texts.method,
      document.method,
      record.documents.map(({ method }) => ({ value: method, label: method })),
      (method) =>
        onView({ ...view, method: record.documents.find((entry) => entry.method === method)?.method ?? null }),
    )}
    ${snapshot.place === 'report' ? html`<span class="hint toolbar-end">${fill(texts.madeAt, figures.when(record.when))}</span>` : editorActions(input, shown)}
  </div>`;
}

function editorActions({ snapshot, texts, view, onView, act }: TracePanelInput, shown: ShownFinding): TemplateResult {
  const { document, query, queryIndex } = shown;
  const { active, record } = snapshot;
  const shownInText =
    active !== null && active.trace === record!.id && active.query === queryIndex && active.method === document.method;
  const isFormat = (value: string): value is ExportFormat => (exportFormats as readonly string[]).includes(value);
  return html`<div class="actions toolbar-end">
    ${
      shownInText
        ? html`<span class="hint shown-mark" role="status">✓ ${texts.shownInEditor}</span>`
        : html`<vscode-button ?disabled=${query.rows.length === 0} @click=${() => act({ kind: 'activate', query: queryIndex, method: document.method })}>${texts.showInEditor}</vscode-button>`
    }
    <vscode-button secondary ?disabled=${query.rows.length === 0} @click=${() => act({ kind: 'verify', query: queryIndex })}>${texts.verify}</vscode-button>
    <span class="joined">
      <select class="select" aria-label=${texts.exportAs} .value=${view.exportAs}
        @change=${(event: Event) => {
          const { value } = event.target as HTMLSelectElement;
          if (isFormat(value)) onView({ ...view, exportAs: value });
        }}>${exportFormats.map((format) => html`<option value=${format} ?selected=${format === view.exportAs}>${exportLabels[format]}</option>`)}</select>
      <vscode-button secondary @click=${() => act({ kind: 'export', format: view.exportAs })}>${texts.export}</vscode-button>
    </span>
  </div>`;
}

const exportLabels: { readonly [F in ExportFormat]: string } = {
  html: 'HTML',
  parquet: 'Parquet',
  csv: 'CSV',
  json: 'JSON',
};

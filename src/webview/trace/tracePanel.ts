/**
 * trace/ shows one trace: the gate first, then how the scores lie, the rows, and how far to trust them. The report is the
 * same view without an editor beside it. It computes no score: everything comes from the record.
 */
import { html, nothing, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { TracedGroup, TracedRow } from '../../protocol/influence';
import type { TraceAction, TraceSnapshot } from '../../protocol/panels';
import { type Figures, fill } from '../shared/figures';
import type { HeatView } from '../shared/heatText';
import { keepLast } from '../shared/keepLast';
import { chooser, notice, section } from '../shared/layout';
import { createVirtualTable } from '../shared/virtualTable';
import { distributionFigure, scatterFigure } from './charts';
import { filterBar } from './filterBar';
import { gateNotice } from './gateNotice';
import { groupsSection } from './groupsSection';
import { rowDetail } from './rowDetail';
import { rowColumns } from './rowsTable';
import { traceToolbar } from './toolbar';
import { filterRows, rowKey } from './traceFigures';
import { type ShownFinding, shownFinding, type TraceView } from './traceState';
import { methodsSection, trustSection } from './trustSection';

export interface TracePanelInput {
  readonly snapshot: TraceSnapshot;
  readonly texts: PanelTexts;
  readonly figures: Figures;
  readonly view: TraceView;
  /** CSS pixels of the panel. */
  readonly width: number;
  readonly onView: (view: TraceView) => void;
  readonly act: (action: TraceAction) => void;
}

/** Space at both sides of the panel, and where two charts stand beside each other; as `media/webview/base.css` has it. */
const sidePadding = 32;
const twoColumnsFrom = 900;
const columnGap = 24;

/** Makes the panel's view; it keeps what is of the moment only (the token in focus, drawn charts). */
export function createTracePanel(changed: () => void): (input: TracePanelInput) => TemplateResult {
  let heat: HeatView = { active: null, selected: null };
  let heatRow: string | null = null;
  const table = createVirtualTable<TracedRow>(changed);
  const filtered = keepLast(filterRows);
  const distribution = keepLast(distributionFigure);
  const scatter = keepLast(scatterFigure);
  const columns = keepLast(rowColumns);

  const body = (input: TracePanelInput, shown: ShownFinding): TemplateResult => {
    const { snapshot, texts, figures, view, width, onView, act } = input;
    const { query, queryIndex } = shown;
    const record = snapshot.record!;
    const rows = filtered(query.rows, view.filter);
    const selected = query.rows.find((row) => rowKey(row) === view.table.selected) ?? null;
    if (heatRow !== view.table.selected) {
      heat = { active: null, selected: null };
      heatRow = view.table.selected;
    }
    const editor = snapshot.place === 'editor';
    const inner = Math.max(260, width - sidePadding);
    const chartWidth = inner >= twoColumnsFrom ? Math.floor((inner - columnGap) / 2) : inner;
    const quarantine = (members: readonly TracedRow[]) =>
      act({ kind: 'quarantine', query: queryIndex, rows: members.map(({ file, row }) => ({ file, row })) });
    const pick = (row: TracedRow) => onView({ ...view, table: { ...view.table, selected: rowKey(row) } });
    const dots = scatter(query, selected, texts, figures, chartWidth, pickStable(pick));
    return html`
      ${
        query.rows.length === 0
          ? nothing
          : html`
      <div class="charts">${distribution(query, texts, figures, chartWidth)}${dots}</div>
      ${section(
        'rows',
        texts.rows,
        html`
        ${filterBar(query, rows.length, input)}
        ${table.render(rows, view.table, {
          id: 'rows-table',
          label: texts.rowsLabel,
          columns: columns(query, texts, figures),
          keyOf: rowKey,
          empty: texts.noRows,
          leastWidth: '54rem',
          onView: (next) => onView({ ...view, table: next }),
          onOpen: ({ file, row }) => act({ kind: 'openRow', row: { file, row } }),
        })}
        ${snapshot.omittedRows === 0 ? nothing : html`<p class="hint">${fill(texts.omittedRows, figures.count(snapshot.omittedRows))}</p>`}
      `,
      )}
      ${section(
        'row',
        texts.selectedRow,
        rowDetail(selected, query, {
          texts,
          figures,
          heat,
          onHeat: (next) => {
            heat = next;
            changed();
          },
          actions:
            !editor || selected === null
              ? nothing
              : html`<div class="actions">
          <vscode-button secondary @click=${() => act({ kind: 'openRow', row: { file: selected.file, row: selected.row } })}>${texts.openRow}</vscode-button>
          <vscode-button secondary @click=${() => quarantine([selected])}>${texts.quarantineRow}</vscode-button>
        </div>`,
        }),
      )}
      ${section(
        'groups',
        texts.groups,
        groupsSection(query, {
          texts,
          figures,
          onShow: (group) => onView({ ...view, filter: { ...view.filter, group } }),
          onQuarantine: editor ? (group) => quarantine(membersOf(query.rows, group)) : undefined,
        }),
        texts.groupsHint,
      )}
      ${section('methods', texts.methods, methodsSection(record, queryIndex, texts, figures), texts.methodsHint)}`
      }
      ${section('trust', texts.trust, trustSection(record, shown, texts, figures))}`;
  };

  return (input) => {
    const { snapshot, texts, figures, act } = input;
    const problem =
      snapshot.problem === null ? nothing : notice({ tone: 'error', title: texts.notDone, text: snapshot.problem });
    const shown = shownFinding(snapshot, input.view);
    if (snapshot.record === null || shown === null) {
      return html`<main class="panel">${problem}${emptyTrace(input)}</main>`;
    }
    const { query, queryIndex } = shown;
    const again =
      query.rows.length === 0 && snapshot.place === 'editor'
        ? html`<vscode-button secondary @click=${() => act({ kind: 'rankAlways', query: queryIndex })}>${texts.rankAlways}</vscode-button>`
        : undefined;
    return html`<main class="panel">
      <header class="panel-head">
        <h1 class="clip" title=${query.prompt}>${query.prompt}</h1>
        <p class="answer-line"><span class="turn-name">${texts.completion}</span> <span>${query.completion}</span></p>
        ${traceToolbar(input, shown)}
      </header>
      ${problem}
      ${gateNotice(query, texts, figures, again)}
      ${body(input, shown)}
    </main>`;
  };
}

/** Nothing was traced yet: what to do. */
function emptyTrace({ snapshot, texts, figures, act }: TracePanelInput): TemplateResult {
  return html`<div class="empty">
    <h1>${texts.noTrace}</h1><p>${texts.noTraceText}</p>
    ${
      snapshot.traces.length === 0
        ? nothing
        : chooser(
            texts.trace,
            '',
            [
              { value: '', label: texts.chooseTrace },
              ...snapshot.traces.map(({ id, title, when }) => ({
                value: id,
                label: `${title} · ${figures.when(when)}`,
              })),
            ],
            (id) => {
              if (id !== '') act({ kind: 'showTrace', trace: id });
            },
          )
    }
  </div>`;
}

function membersOf(rows: readonly TracedRow[], { group }: TracedGroup): readonly TracedRow[] {
  return rows.filter((row) => row.group === group);
}

// A chart keeps its drawing while its inputs stay; the handler in it must reach the newest view all the same.
let newestPick: (row: TracedRow) => void = () => undefined;
const stable = (row: TracedRow): void => newestPick(row);
function pickStable(pick: (row: TracedRow) => void): (row: TracedRow) => void {
  newestPick = pick;
  return stable;
}

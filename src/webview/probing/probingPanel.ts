/**
 * probing/ shows one probe: what came of it in a sentence, the map of layers, curves beside what they are compared with,
 * and the rows behind a chosen cell. It fits no probe: everything comes from the record.
 */
import { html, nothing, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { ProbeRecord, ProbingAction, ProbingSnapshot } from '../../protocol/panels';
import type { ConceptProbe, LabelProbe, ProbeResult, ProjectedRow } from '../../protocol/probing';
import { type Figures, fill } from '../shared/figures';
import { keepLast } from '../shared/keepLast';
import { chooser, facts, notice, section } from '../shared/layout';
import { marksButton } from '../shared/marksButton';
import { createVirtualTable } from '../shared/virtualTable';
import {
  cellFacts,
  chosenSide,
  entryHint,
  labelFacts,
  listChoices,
  listOf,
  meanings,
  verdictNotice,
} from './cellSection';
import { confusionTable } from './confusionTable';
import { layerGrid } from './layerGrid';
import { probedColumns, projectedColumns, rowKey } from './probedColumns';
import { accuracyCurve, aucCurve, projectionFigure } from './probingCharts';
import {
  bestPlace,
  type CellFigure,
  type CellRow,
  cellRows,
  confusionOf,
  figuresOf,
  layerMap,
  listedRows,
  type Side,
  sidesOf,
} from './probingFigures';
import { figureName, layerName, positionName, sideName } from './probingNames';
import type { ProbingView } from './probingState';

export interface ProbingPanelInput {
  readonly snapshot: ProbingSnapshot;
  readonly texts: PanelTexts;
  readonly figures: Figures;
  readonly view: ProbingView;
  /** CSS pixels of the panel. */
  readonly width: number;
  readonly onView: (view: ProbingView) => void;
  readonly act: (action: ProbingAction) => void;
}

/** Space at both sides of the panel, and where two charts stand beside each other; as `media/webview/base.css` has it. */
const sidePadding = 32;
const twoColumnsFrom = 900;
const columnGap = 24;

type LabelResult = ProbeResult & { readonly probe: LabelProbe };
type ConceptResult = ProbeResult & { readonly probe: ConceptProbe };

/** Makes the panel's view; it keeps what is of the moment only (drawn charts, sorted rows). */
export function createProbingPanel(changed: () => void): (input: ProbingPanelInput) => TemplateResult {
  const probedTable = createVirtualTable<CellRow>(changed);
  const projectedTable = createVirtualTable<ProjectedRow>(changed);
  const curve = keepLast(accuracyCurve);
  const auc = keepLast(aucCurve);
  const projections = keepLast(projectionFigure);
  const map = keepLast(layerMap);
  const behind = keepLast(cellRows);
  const listed = keepLast(listedRows);
  const confusion = keepLast(confusionOf);
  const probed = keepLast(probedColumns);
  const projected = keepLast(projectedColumns);

  const mapSection = (
    result: ProbeResult,
    side: Side,
    figure: CellFigure,
    input: ProbingPanelInput,
  ): TemplateResult => {
    const { texts, figures, view, onView } = input;
    const chosen = chosenCell(result, side, view);
    const grid = {
      cells: map(result, side, figure),
      side,
      figure,
      chosen,
      onChoose: (cell: ProbingView['cell']) => onView({ ...view, cell }),
    };
    return section(
      'map',
      `${texts.layerMap}: ${figureName(figure, texts)}, ${sideName(side, texts)}`,
      layerGrid(grid, texts, figures),
      texts.layerMapHint,
    );
  };

  const labelBody = (result: LabelResult, input: ProbingPanelInput): TemplateResult => {
    const { snapshot, texts, figures, view, onView, act, width } = input;
    const { probe } = result;
    const side = chosenSide(result, view.side);
    const figure = chosenFigure('label', side, view.figure);
    const cell = chosenCell(result, side, view);
    const inner = Math.max(260, width - sidePadding);
    const half = inner >= twoColumnsFrom ? Math.floor((inner - columnGap) / 2) : inner;
    const rows = behind(probe, side, cell.layer, cell.position);
    const shown = listed(rows, view.list, probe);
    const isDifference = side === 'difference';
    return html`
      ${verdictNotice(result, side === 'base' ? 'base' : 'tuned', texts, figures)}
      ${labelFacts(probe, texts, figures)}
      ${mapSection(result, side, figure, input)}
      <div class="charts">
        ${curve(result, cell.position, texts, figures, half)}
        <div class="plot-figure">
          <h2>${fill(texts.chosenCell, layerName(cell.layer, texts), positionName(cell.position, texts), sideName(side, texts))}</h2>
          ${cellFacts(probe, side, cell, texts, figures)}
          <h3>${isDifference ? texts.confusionDifference : texts.confusion}</h3>
          <p class="hint">${isDifference ? texts.confusionDifferenceHint : texts.confusionHint}</p>
          ${confusionTable(
            {
              counts: confusion(probe, side, cell.layer, cell.position),
              classes: probe.classes.map(({ name }) => name),
              lines: isDifference ? texts.baseReads : texts.label,
              columns: isDifference ? texts.tunedReads : texts.readAs,
              list: view.list,
              onList: (list) => onView({ ...view, list }),
            },
            texts,
            figures,
          )}
        </div>
      </div>
      ${section(
        'rows',
        texts.cellRows,
        html`<div class="toolbar">
            ${chooser(texts.listed, view.list.kind, listChoices(side, view.list, probe, texts), (value) =>
              onView({ ...view, list: listOf(value, view.list) }),
            )}
            <span class="hint" role="status">${fill(texts.shownRows, figures.count(shown.length), figures.count(rows.length))}${entryHint(view.list, probe, texts)}</span>
          </div>
          ${probedTable.render(shown, view.table, {
            id: 'probed-rows',
            label: texts.cellRowsLabel,
            columns: probed(side, texts, figures),
            keyOf: ({ row }) => rowKey(row),
            empty: texts.noRows,
            leastWidth: '54rem',
            onView: (table) => onView({ ...view, table }),
            onOpen: ({ row: { file, row } }) => act({ kind: 'openRow', row: { file, row } }),
          })}
          ${omitted(snapshot, texts, figures)}`,
        texts.cellRowsHint,
      )}
      ${meanings('label', texts)}`;
  };

  const conceptBody = (result: ConceptResult, input: ProbingPanelInput): TemplateResult => {
    const { snapshot, texts, figures, view, onView, act, width } = input;
    const { probe } = result;
    const side = chosenSide(result, view.side);
    const figure = chosenFigure('concept', side, view.figure);
    const cell = chosenCell(result, side, view);
    const inner = Math.max(260, width - sidePadding);
    const half = inner >= twoColumnsFrom ? Math.floor((inner - columnGap) / 2) : inner;
    const count = ({ rows, groups }: ConceptProbe['positive']): string =>
      fill(texts.groupsOf, figures.count(rows), figures.count(groups));
    return html`
      ${facts([
        { name: texts.probedRows, value: figures.count(probe.rows.length) },
        { name: texts.positiveRows, value: count(probe.positive) },
        { name: texts.negativeRows, value: count(probe.negative) },
        { name: texts.projection, value: probe.readBy === 'base' ? texts.readByBase : texts.readByTuned },
      ])}
      ${mapSection(result, side, figure, input)}
      <div class="charts">
        ${auc(result, cell.position, texts, figures, half)}
        ${projections(probe, texts, figures, half)}
      </div>
      ${section(
        'rows',
        texts.rows,
        html`${projectedTable.render(probe.rows, view.table, {
          id: 'probed-rows',
          label: texts.cellRowsLabel,
          columns: projected(texts, figures),
          keyOf: rowKey,
          empty: texts.noRows,
          leastWidth: '54rem',
          onView: (table) => onView({ ...view, table }),
          onOpen: ({ file, row }) => act({ kind: 'openRow', row: { file, row } }),
        })}
        ${omitted(snapshot, texts, figures)}`,
        texts.cellRowsHint,
      )}
      ${meanings('concept', texts)}`;
  };

  return (input) => {
    const { snapshot, texts, act } = input;
    const { record, problem } = snapshot;
    const failed = problem === null ? nothing : notice({ tone: 'error', title: texts.notDone, text: problem });
    if (record === null) {
      return html`<main class="panel">${failed}<div class="empty">
        <h1>${texts.noProbe}</h1><p>${texts.noProbeText}</p>
        ${
          snapshot.trust === 'restricted'
            ? html`<p>${texts.restricted}</p>`
            : html`<vscode-button @click=${() => act({ kind: 'probe' })}>${texts.newProbe}</vscode-button>`
        }
        ${snapshot.probes.length === 0 ? nothing : probeChooser(input)}
      </div></main>`;
    }
    const { result } = record;
    const warnings = result.warnings.map(({ message }) => notice({ tone: 'warning', title: '', text: message }));
    return html`<main class="panel">
      <header class="panel-head">
        <h1 class="clip" title=${record.title}>${result.probe.kind === 'label' ? fill(texts.probeOf, result.probe.label) : texts.directionOf}</h1>
        ${toolbar(record, input)}
      </header>
      ${failed}
      ${warnings}
      ${isLabel(result) ? labelBody(result, input) : isConcept(result) ? conceptBody(result, input) : nothing}
    </main>`;
  };
}

/** Which probe, model and figure are shown, and what can be done with it. */
function toolbar({ result }: ProbeRecord, input: ProbingPanelInput): TemplateResult {
  const { snapshot, texts, view, onView, act } = input;
  const side = chosenSide(result, view.side);
  const { kind } = result.probe;
  const names = figuresOf(kind, side);
  return html`<div class="toolbar">
    ${snapshot.probes.length < 2 ? nothing : probeChooser(input)}
    ${chooser(
      texts.side,
      side,
      sidesOf(result).map((value) => ({ value, label: sideName(value, texts) })),
      (value) =>
        onView({ ...view, side: sidesOf(result).find((one) => one === value) ?? 'tuned', list: { kind: 'all' } }),
    )}
    ${chooser(
      texts.figure,
      chosenFigure(kind, side, view.figure),
      names.map((value) => ({ value, label: figureName(value, texts) })),
      (value) => onView({ ...view, figure: names.find((one) => one === value) ?? names[0]! }),
    )}
    <div class="actions toolbar-end">
      ${kind === 'concept' ? nothing : marksButton(snapshot.marks, texts, act)}
      <vscode-button secondary ?disabled=${snapshot.trust === 'restricted'} title=${snapshot.trust === 'restricted' ? texts.restricted : ''}
        @click=${() => act({ kind: 'probe' })}>${texts.newProbe}</vscode-button>
    </div>
  </div>`;
}

function probeChooser({ snapshot, texts, figures, act }: ProbingPanelInput): TemplateResult {
  const choices = snapshot.probes.map(({ id, title, when }) => ({
    value: id,
    label: `${title} · ${figures.when(when)}`,
  }));
  const { record } = snapshot;
  return chooser(
    texts.probe,
    record?.id ?? '',
    record === null ? [{ value: '', label: texts.chooseProbe }, ...choices] : choices,
    (probe) => {
      if (probe !== '') act({ kind: 'showProbe', probe });
    },
  );
}

function chosenFigure(kind: 'label' | 'concept', side: Side, figure: CellFigure): CellFigure {
  const names = figuresOf(kind, side);
  return names.find((one) => one === figure) ?? names[0]!;
}

/** What is chosen, where the result has it; else the best. */
function chosenCell(result: ProbeResult, side: Side, { cell }: ProbingView): NonNullable<ProbingView['cell']> {
  const has = cell !== null && result.layers.includes(cell.layer) && result.positions.includes(cell.position);
  return has ? cell : bestPlace(result, side);
}

function omitted({ omittedRows }: ProbingSnapshot, texts: PanelTexts, figures: Figures): unknown {
  return omittedRows === 0
    ? nothing
    : html`<p class="hint">${fill(texts.omittedProbed, figures.count(omittedRows))}</p>`;
}

function isLabel(result: ProbeResult): result is LabelResult {
  return result.probe.kind === 'label';
}

function isConcept(result: ProbeResult): result is ConceptResult {
  return result.probe.kind === 'concept';
}

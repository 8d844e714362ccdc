import { html, nothing, type TemplateResult } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import { type Figures, fill } from '../shared/figures';
import type { CellFigure, MapCell, Side } from './probingFigures';
import { figureName, figureText, layerName, positionName, shortLayer, valueText } from './probingNames';

export interface LayerGrid {
  /** By position, then by layer. */
  readonly cells: readonly (readonly MapCell[])[];
  readonly side: Side;
  readonly figure: CellFigure;
  readonly chosen: { readonly layer: number; readonly position: string };
  readonly onChoose: (cell: { readonly layer: number; readonly position: string }) => void;
}

/**
 * Layer by position as a table whose cells are figures with shading: it is the picture and its own accessible table.
 * One cell is in the tab order; arrows, Home and End choose another.
 */
export function layerGrid(grid: LayerGrid, texts: PanelTexts, figures: Figures): TemplateResult {
  const { cells, figure } = grid;
  const layers = cells[0]?.map(({ layer }) => layer) ?? [];
  const label = fill(texts.layerMapLabel, figureName(figure, texts));
  return html`<div class="layer-scroll">
    <table class="layer-map" role="grid" aria-label=${label} @keydown=${(event: KeyboardEvent) => onKey(event, grid)}>
      <thead><tr role="row">
        <th scope="col" role="columnheader">${texts.position} <span aria-hidden="true">↓</span> · ${texts.layer} <span aria-hidden="true">→</span></th>
        ${layers.map((layer) => html`<th scope="col" role="columnheader" title=${layerName(layer, texts)}>${shortLayer(layer, texts)}</th>`)}
      </tr></thead>
      <tbody>${cells.map(
        (line) => html`<tr role="row">
          <th scope="row" role="rowheader">${positionName(line[0]?.position ?? '', texts)}</th>
          ${line.map((cell) => gridCell(cell, grid, texts, figures))}
        </tr>`,
      )}</tbody>
    </table>
  </div>`;
}

function gridCell(cell: MapCell, grid: LayerGrid, texts: PanelTexts, figures: Figures): TemplateResult {
  const { side, chosen, onChoose } = grid;
  const { layer, position, figure, level } = cell;
  const isChosen = layer === chosen.layer && position === chosen.position;
  const says =
    figure === null
      ? '–'
      : fill(
          texts.cellOf,
          layerName(layer, texts),
          positionName(position, texts),
          figureText(figure, side, texts, figures),
        );
  const classes = {
    'layer-cell': true,
    'layer-chosen': isChosen,
    [`fill-${level > 0 ? 'up' : 'down'}-${Math.abs(level)}`]: level !== 0,
  };
  return html`<td role="gridcell" class=${classMap(classes)} id=${cellId(layer, position)} tabindex=${isChosen ? 0 : -1}
    aria-selected=${isChosen ? 'true' : 'false'} title=${says}
    @click=${() => onChoose({ layer, position })}>
    <span class="layer-value">${figure === null ? '–' : valueText(figure.estimate, side, figures)}</span>
    ${
      figure === null || figure.low === figure.high
        ? nothing
        : html`<span class="layer-interval">${valueText(figure.low, side, figures)}–${valueText(figure.high, side, figures)}</span>`
    }
  </td>`;
}

function onKey(event: KeyboardEvent, { cells, chosen, onChoose }: LayerGrid): void {
  const line = cells.findIndex(([first]) => first?.position === chosen.position);
  const column = cells[line]?.findIndex(({ layer }) => layer === chosen.layer) ?? -1;
  const moves: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [line, column - 1],
    ArrowRight: [line, column + 1],
    ArrowUp: [line - 1, column],
    ArrowDown: [line + 1, column],
    Home: [line, 0],
    End: [line, (cells[line]?.length ?? 0) - 1],
  };
  const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
  const target = move === undefined ? undefined : cells[move[0]]?.[move[1]];
  if (move === undefined) return;
  event.preventDefault();
  if (target === undefined) return;
  onChoose({ layer: target.layer, position: target.position });
  document.getElementById(cellId(target.layer, target.position))?.focus();
}

function cellId(layer: number, position: string): string {
  return `layer-cell-${layer}-${position}`;
}

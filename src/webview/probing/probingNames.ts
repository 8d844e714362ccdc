import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { Figure } from '../../protocol/verification';
import { type Figures, fill } from '../shared/figures';
import type { BaselineName, CellFigure, Side } from './probingFigures';

/** How layers, positions, figures and models are called. Pure: no DOM. */

export function layerName(layer: number, texts: PanelTexts): string {
  return layer === -1 ? texts.embeddingLayer : String(layer);
}

export function shortLayer(layer: number, texts: PanelTexts): string {
  return layer === -1 ? texts.embeddingShort : String(layer);
}

export function positionName(position: string, texts: PanelTexts): string {
  if (position === 'last') return texts.positionLast;
  if (position === 'mean') return texts.positionMean;
  if (position === 'answer') return texts.positionAnswer;
  return fill(texts.positionToken, position);
}

export function sideName(side: Side, texts: PanelTexts): string {
  return { tuned: texts.sideTuned, base: texts.sideBase, difference: texts.sideDifference }[side];
}

export function figureName(figure: CellFigure, texts: PanelTexts): string {
  return {
    accuracy: texts.figureAccuracy,
    selectivity: texts.figureSelectivity,
    control: texts.figureControl,
    auc: texts.figureAuc,
    agreement: texts.figureAgreement,
  }[figure];
}

export function baselineName(name: BaselineName, texts: PanelTexts): string {
  return {
    words: texts.baselineWords,
    embedding: texts.baselineEmbedding,
    random: texts.baselineRandom,
    majority: texts.baselineMajority,
  }[name];
}

/** With its sign where it is a difference. */
export function valueText(value: number, side: Side, figures: Figures): string {
  return side === 'difference' ? figures.signed(value) : figures.plain(value);
}

/** `0.93 (0.90 to 0.95)`; without an interval the figure alone. */
export function figureText(figure: Figure, side: Side, texts: PanelTexts, figures: Figures): string {
  const value = valueText(figure.estimate, side, figures);
  if (figure.low === figure.high) return value;
  return fill(texts.withInterval, value, valueText(figure.low, side, figures), valueText(figure.high, side, figures));
}

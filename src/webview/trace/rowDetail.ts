import { html, nothing, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { TracedQuery, TracedRow } from '../../protocol/influence';
import { type Figures, fill } from '../shared/figures';
import { heatLevel, largestOf } from '../shared/heatScale';
import { type HeatView, heatText } from '../shared/heatText';
import { facts } from '../shared/layout';

export interface RowDetailOptions {
  readonly texts: PanelTexts;
  readonly figures: Figures;
  readonly heat: HeatView;
  readonly onHeat: (view: HeatView) => void;
  /** Buttons, where there is an editor. */
  readonly actions: unknown;
}

/** The selected row with its figures and tokens, beside the query. */
export function rowDetail(row: TracedRow | null, query: TracedQuery, options: RowDetailOptions): TemplateResult {
  const { texts, actions } = options;
  return html`<div class="beside">
    <div class="beside-part">
      <h3>${texts.behaviour}</h3>
      <div class="turn"><span class="turn-name">${texts.prompt}</span><div class="turn-text">${query.prompt}</div></div>
      <div class="turn"><span class="turn-name">${texts.completion}</span><div class="turn-text turn-traced">${query.completion}</div></div>
    </div>
    <div class="beside-part">
      <h3>${row === null ? texts.noRowChosen : `${texts.row} ${row.file}:${row.line ?? row.row}`}</h3>
      ${row === null ? html`<p class="hint">${texts.noRowChosenText}</p>` : html`${rowFigures(row, options)}${rowTokens(row, options)}${actions ?? nothing}`}
    </div>
  </div>`;
}

function rowFigures(row: TracedRow, { texts, figures }: RowDetailOptions): TemplateResult {
  return facts([
    { name: texts.rank, value: figures.count(row.rank), help: texts.rankHelp },
    { name: texts.cause, value: figures.score(row.score), help: texts.causeHelp },
    { name: texts.kind, value: row.kind === null ? '–' : figures.plain(row.kind.score), help: texts.kindHelp },
    {
      name: texts.normalized,
      value: row.normalized === null ? '–' : figures.score(row.normalized),
      help: texts.normalizedHelp,
    },
    {
      name: texts.status,
      value: row.status === 'trained' ? texts.statusTrained : texts.statusHypothetical,
      help: texts.statusHelp,
    },
  ]);
}

function rowTokens(row: TracedRow, options: RowDetailOptions): TemplateResult {
  const { texts, figures, heat, onHeat } = options;
  if (row.tokens === null) return html`<div class="turn-text">${row.text}</div><p class="hint">${texts.noTokens}</p>`;
  const largest = largestOf(row.tokens.map(({ score }) => score));
  const tokens = row.tokens.map(({ text, score, trained }) => ({
    text,
    level: heatLevel(score, largest),
    tone: trained ? ('strong' as const) : ('quiet' as const),
    note: fill(
      texts.tokenNote,
      JSON.stringify(text),
      figures.score(score),
      score > 0 ? texts.promotes : score < 0 ? texts.opposes : texts.neither,
      trained ? texts.tokenTrained : texts.tokenUntrained,
    ),
  }));
  return heatText(tokens, {
    id: 'row-tokens',
    label: texts.rowTokens,
    view: heat,
    scale: 'signed',
    selects: 'one',
    hint: texts.tokenHint,
    onView: onHeat,
  });
}

import { html, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { LabelProbe, ProbedModel, ProbeResult } from '../../protocol/probing';
import { type Figures, fill } from '../shared/figures';
import { type Choice, facts, notice, section } from '../shared/layout';
import { labelCell, probeVerdict, type Side, sidesOf } from './probingFigures';
import { baselineName, figureText, layerName, sideName } from './probingNames';
import type { RowList } from './probingState';

/** The side that is wanted, where the result has it. */
export function chosenSide(result: Pick<ProbeResult, 'base'>, wanted: Side): Side {
  return sidesOf(result).find((side) => side === wanted) ?? 'tuned';
}

/** What came of the probe in a sentence, beside what it must beat. */
export function verdictNotice(
  { probe }: ProbeResult & { readonly probe: LabelProbe },
  model: ProbedModel,
  texts: PanelTexts,
  figures: Figures,
): TemplateResult {
  const verdict = probeVerdict(probe, model);
  if (verdict === undefined) return html``;
  const { layer, selected, comparison } = verdict;
  const share = figures.share;
  const shown = [
    layerName(layer, texts),
    sideName(model, texts),
    share(selected.estimate),
    share(selected.low),
  ] as const;
  const named = baselineName(comparison.name, texts);
  const best = share(comparison.accuracy.estimate);
  switch (verdict.kind) {
    case 'reads':
      return notice({
        tone: 'finding',
        title: texts.probeReads,
        text: `${fill(texts.probeReadsText, ...shown, share(selected.high), named, best)} ${texts.probeSelected}`,
      });
    case 'baselines':
      return notice({
        tone: 'calm',
        title: texts.probeBaselines,
        text: fill(texts.probeBaselinesText, ...shown, share(selected.high), named, best),
      });
    case 'nothing':
      return notice({
        tone: 'calm',
        title: texts.probeNothing,
        text: fill(texts.probeNothingText, ...shown, share(selected.high), share(probe.majority)),
      });
  }
}

/** How the probe was made. */
export function labelFacts(probe: LabelProbe, texts: PanelTexts, figures: Figures): TemplateResult {
  const { rows, classes, majority, folds, control, leftOut, readBy } = probe;
  const doubts = rows.filter(({ disagrees }) => disagrees).length;
  const by = readBy === 'base' ? texts.readByBase : texts.readByTuned;
  const out = leftOut.rare + leftOut.notAskedFor;
  return html`${facts([
    { name: texts.probedRows, value: figures.count(classes.reduce((sum, one) => sum + one.rows, 0)) },
    {
      name: texts.probedClasses,
      value: figures.count(classes.length),
      help: classes.map(({ name, rows: count }) => `${name} (${figures.count(count)})`).join(', '),
    },
    { name: texts.probedMajority, value: figures.share(majority) },
    {
      name: texts.probedFolds,
      value: figures.count(folds.count),
      help: fill(texts.probedFoldsHelp, figures.count(folds.groups), folds.groupedBy.join(', ')),
    },
    {
      name: texts.probedControl,
      value: control.type,
      help: fill(texts.probedControlHelp, control.type, figures.share(control.recurring)),
    },
    { name: texts.probedDoubts, value: `${figures.count(doubts)} · ${by}` },
  ])}
  ${out === 0 ? '' : html`<p class="hint">${fill(texts.leftOut, figures.count(leftOut.rare), figures.count(leftOut.notAskedFor))}</p>`}`;
}

/** The figures of the chosen cell. */
export function cellFacts(
  probe: LabelProbe,
  side: Side,
  { layer, position }: { readonly layer: number; readonly position: string },
  texts: PanelTexts,
  figures: Figures,
): TemplateResult {
  if (side === 'difference') {
    const found = probe.differences.find((one) => one.layer === layer && one.position === position);
    if (found === undefined) return html``;
    return facts([
      { name: texts.figureAccuracy, value: figureText(found.accuracy, side, texts, figures) },
      {
        name: texts.figureSelectivity,
        value: figureText(found.selectivity, side, texts, figures),
        help: texts.selectivityHelp,
      },
    ]);
  }
  const cell = labelCell(probe, side, layer, position);
  if (cell === undefined) return html``;
  return facts([
    { name: texts.figureAccuracy, value: figureText(cell.accuracy, side, texts, figures) },
    { name: texts.figureControl, value: figureText(cell.control, side, texts, figures), help: texts.controlHelp },
    {
      name: texts.figureSelectivity,
      value: figureText(cell.selectivity, side, texts, figures),
      help: texts.selectivityHelp,
    },
    { name: texts.balanced, value: figures.plain(cell.balancedAccuracy), help: texts.balancedHelp },
    { name: texts.logLoss, value: figures.score(cell.logLoss), help: texts.logLossHelp },
    {
      name: texts.penalties,
      value: [...new Set(cell.penalties.map(figures.score))].join(', '),
      help: texts.penaltiesHelp,
    },
  ]);
}

/** Which rows can be listed; an entry of the confusion matrix is one more while it is chosen. */
export function listChoices(side: Side, list: RowList, { classes }: LabelProbe, texts: PanelTexts): readonly Choice[] {
  return [
    { value: 'all', label: texts.listAll },
    { value: 'wrong', label: side === 'difference' ? texts.listChanged : texts.listWrong },
    { value: 'doubts', label: texts.listDoubts },
    ...(list.kind === 'entry'
      ? [
          {
            value: 'entry',
            label: fill(texts.listEntry, classes[list.from]?.name ?? '', classes[list.to]?.name ?? ''),
          },
        ]
      : []),
  ];
}

export function listOf(value: string, before: RowList): RowList {
  if (value === 'wrong' || value === 'doubts') return { kind: value };
  return value === 'entry' ? before : { kind: 'all' };
}

/** Said aloud beside the count: the choice alone does not name the entry to those who jump to the table. */
export function entryHint(list: RowList, { classes }: LabelProbe, texts: PanelTexts): string {
  if (list.kind !== 'entry') return '';
  return ` · ${fill(texts.listEntry, classes[list.from]?.name ?? '', classes[list.to]?.name ?? '')}`;
}

/** What figures mean, and what they do not. */
export function meanings(kind: 'label' | 'concept', texts: PanelTexts): TemplateResult {
  const lines =
    kind === 'concept'
      ? [texts.meansRead, texts.meansDirection]
      : [texts.meansRead, texts.meansBaselines, texts.meansControl, texts.meansBest, texts.meansDoubts];
  return section(
    'meaning',
    texts.probeMeaning,
    html`<ul class="plain-list">${lines.map((text) => html`<li>${text}</li>`)}</ul>`,
  );
}

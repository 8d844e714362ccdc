/** What the Verify panel says of a retraining. Pure: no DOM. */
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { Figure, RemovalOutcome, VerifiedQuery, VerifyOutcome } from '../../protocol/verification';
import { type Figures, fill } from '../shared/figures';
import type { Notice } from '../shared/layout';

/** The result in one sentence. A direction that was right counts only beside what random removals did. */
export function resultWords(
  { removed, outcome, bm25, random, signRight, beyondRandom }: VerifiedQuery,
  texts: PanelTexts,
  figures: Figures,
): Pick<Notice, 'tone' | 'title' | 'text'> {
  const rows = figures.count(removed.length);
  const change = figures.signed(changeOf(outcome));
  const most = figures.signed(strongestLike(outcome, random));
  const tried = figures.count(random.length);
  if (!signRight) {
    return { tone: 'warning', title: texts.againstPrediction, text: fill(texts.againstPredictionText, rows, change) };
  }
  if (beyondRandom === null)
    return { tone: 'calm', title: texts.noRandom, text: fill(texts.noRandomText, rows, change) };
  if (!beyondRandom) {
    return { tone: 'calm', title: texts.withinRandom, text: fill(texts.withinRandomText, rows, change, tried, most) };
  }
  const own = fill(texts.beyondRandomText, rows, change, tried, most);
  const floor = fill(texts.bm25CameTo, figures.signed(changeOf(bm25)));
  return { tone: 'finding', title: texts.beyondRandom, text: `${own} ${floor}` };
}

/** What the measurement became without the rows, less what it was, nats: below 0 the behaviour got weaker. */
export function changeOf({ actual }: Pick<RemovalOutcome, 'actual'>): number {
  return actual === 0 ? 0 : -actual;
}

/** The change of the random removal that went furthest in the outcome's direction; NaN: there is none. */
function strongestLike(outcome: RemovalOutcome, random: readonly RemovalOutcome[]): number {
  const direction = Math.sign(changeOf(outcome)) || 1;
  const changes = random.map(changeOf).sort((a, b) => direction * (b - a));
  return changes[0] ?? Number.NaN;
}

/** One removal as a chart and a table show it. */
export interface ChangeRow {
  readonly kind: 'own' | 'bm25' | 'random' | 'reshuffled';
  readonly label: string;
  /** Nats; below 0 the behaviour got weaker without the rows. */
  readonly change: number;
  /** Score; null: there is none. */
  readonly predicted: number | null;
  /** The change that was predicted, nats; null: scores have no unit. */
  readonly predictedChange: number | null;
}

/** Every removal of a query, its own first. */
export function changeRows(
  query: VerifiedQuery,
  method: string,
  texts: PanelTexts,
  figures: Figures,
): readonly ChangeRow[] {
  const row = (kind: ChangeRow['kind'], label: string, outcome: RemovalOutcome): ChangeRow => ({
    kind,
    label,
    change: changeOf(outcome),
    predicted: outcome.predicted,
    predictedChange: outcome.predictedNats === null ? null : -outcome.predictedNats,
  });
  return [
    row('own', fill(texts.removedRowsOf, method), query.outcome),
    row('bm25', fill(texts.bm25Rows, figures.count(query.bm25.sharedRows)), query.bm25),
    ...query.random.map((one, i) => row('random', fill(texts.randomRows, String(i + 1)), one)),
    ...query.reshuffled.map((one) => ({
      kind: 'reshuffled' as const,
      label: fill(texts.reshuffledRow, String(one.seed)),
      change: changeOf(one),
      predicted: null,
      predictedChange: null,
    })),
  ];
}

/** A figure of agreement with its name. */
export interface NamedFigure {
  readonly over: string;
  readonly name: string;
  readonly figure: Figure;
}

/** How well predictions held, over the removals that were measured. */
export function agreementFigures(
  { summary }: VerifyOutcome,
  texts: PanelTexts,
  figures: Figures,
): readonly NamedFigure[] {
  const parts = [
    { over: fill(texts.allRemovals, figures.count(summary.all.pairs)), found: summary.all },
    { over: fill(texts.ownRemovals, figures.count(summary.removals.pairs)), found: summary.removals },
  ].filter(({ found }) => found.pairs > 1);
  return parts.flatMap(({ over, found }) =>
    [
      { name: texts.agreementSign, figure: found.sign },
      { name: texts.agreementSpearman, figure: found.spearman },
      { name: texts.agreementPearson, figure: found.pearson },
    ].flatMap(({ name, figure }) => (figure === null ? [] : [{ over, name, figure }])),
  );
}

/**
 * verify/ shows what retraining without rows did: predicted against measured, beside random rows and BM25's. It says what
 * was measured, and never that rows are the cause beyond doubt.
 */
import { html, nothing, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { Evidence } from '../../protocol/influence';
import type { VerifyAction, VerifySnapshot } from '../../protocol/panels';
import type { VerifiedQuery, VerifyOutcome } from '../../protocol/verification';
import { type Figures, fill } from '../shared/figures';
import { jobLine } from '../shared/jobLine';
import { keepLast } from '../shared/keepLast';
import { chooser, notice, numberField, section } from '../shared/layout';
import { plainTable } from '../shared/plots';
import { testsSection } from './testsSection';
import { agreementFigure, changesFigure } from './verifyCharts';
import { agreementFigures, changeOf, changeRows, resultWords } from './verifyFigures';
import type { VerifyView } from './verifyState';

export interface VerifyPanelInput {
  readonly snapshot: VerifySnapshot;
  readonly texts: PanelTexts;
  readonly figures: Figures;
  readonly view: VerifyView;
  /** CSS pixels of the panel. */
  readonly width: number;
  readonly onView: (view: VerifyView) => void;
  readonly act: (action: VerifyAction) => void;
}

const sidePadding = 32;
const twoColumnsFrom = 1000;
const columnGap = 24;

/** Makes the panel's view; it keeps drawn charts. */
export function createVerifyPanel(): (input: VerifyPanelInput) => TemplateResult {
  const charts = keepLast(
    (outcome: VerifyOutcome, query: VerifiedQuery, texts: PanelTexts, figures: Figures, width: number) => {
      const agreed = agreementFigures(outcome, texts, figures);
      return html`<div class="charts">
      ${changesFigure(changeRows(query, outcome.method, texts, figures), texts, figures, width)}
      ${agreed.length === 0 ? nothing : agreementFigure(agreed, texts, figures, width)}
    </div>`;
    },
  );

  const found = (input: VerifyPanelInput, outcome: VerifyOutcome, query: VerifiedQuery): TemplateResult => {
    const { texts, figures, width, act } = input;
    const inner = Math.max(260, width - sidePadding);
    const chartWidth = inner >= twoColumnsFrom ? Math.floor((inner - columnGap) / 2) : inner;
    return html`
      ${notice(resultWords(query, texts, figures))}
      ${charts(outcome, query, texts, figures, chartWidth)}
      ${section(
        'queries',
        texts.perQuery,
        plainTable(texts.perQuery, {
          columns: [texts.query, texts.signRight, texts.measured, texts.predictedScore, texts.predictedNats],
          rows: outcome.queries.map(({ id, signRight, outcome: { actual, predicted, predictedNats } }) => [
            id,
            signRight ? texts.asPredicted : texts.otherWay,
            figures.signed(changeOf({ actual })),
            figures.score(predicted),
            predictedNats === null ? '–' : figures.signed(-predictedNats),
          ]),
        }),
        calibrationText(outcome, texts, figures),
      )}
      ${outcome.tests === null ? nothing : section('tests', texts.tests, testsSection(outcome.tests, texts, figures), texts.testsHint)}
      ${section('removed', fill(texts.removedRows, figures.count(query.removed.length)), removedRows(query, texts, figures, act))}
      ${section(
        'reading',
        texts.howToRead,
        html`
        <ul class="plain-list">
          <li>${texts.readInPlace}</li><li>${texts.readRandom}</li><li>${texts.readBm25}</li><li>${texts.readOne}</li>
          <li>${evidenceText(outcome, texts, figures)}</li>
          ${outcome.warnings.map(({ code, message }) => html`<li class="warning-line"><span aria-hidden="true">!</span> ${message} <code>${code}</code></li>`)}
        </ul>`,
      )}`;
  };

  return (input) => {
    const { snapshot, texts, figures, act } = input;
    const { outcome, job } = snapshot;
    const query = outcome?.queries[0];
    const busy = job !== null && (job.state === 'running' || job.state === 'queued');
    return html`<main class="panel">
      <header class="panel-head">
        <h1>${texts.verifyTitle}</h1>
        <p class="answer-line"><span class="turn-name">${texts.prompt}</span><span>${snapshot.prompt}</span></p>
        <p class="answer-line"><span class="turn-name">${texts.completion}</span><span>${snapshot.completion}</span>
          <button type="button" class="link" @click=${() => act({ kind: 'showTrace' })}>${texts.backToTrace}</button></p>
      </header>
      ${snapshot.problem === null ? nothing : notice({ tone: 'error', title: texts.notDone, text: snapshot.problem })}
      ${snapshot.trust === 'restricted' ? notice({ tone: 'calm', title: texts.restricted, text: '' }) : choices(input, busy)}
      ${job === null ? nothing : jobLine(job, texts, figures, () => act({ kind: 'cancel' }))}
      ${
        outcome === null || query === undefined
          ? busy
            ? nothing
            : html`<div class="empty"><h2>${texts.verifyFirst}</h2><p>${texts.verifyFirstText}</p></div>`
          : found(input, outcome, query)
      }
    </main>`;
  };
}

function choices({ snapshot, texts, figures, view, onView, act }: VerifyPanelInput, busy: boolean): TemplateResult {
  const { groupRows, rows, outcome } = snapshot;
  const removal = groupRows === 0 ? 'top' : view.removal;
  const count = Math.min(view.count, Math.max(1, rows));
  const run = () =>
    act({
      kind: 'run',
      removal: removal === 'group' ? { kind: 'group' } : { kind: 'top', count },
      randomRemovals: view.randomRemovals,
      tests: view.tests,
    });
  return html`<div class="toolbar">
    ${chooser(
      texts.removal,
      removal,
      [
        { value: 'top', label: texts.removalTop },
        ...(groupRows === 0 ? [] : [{ value: 'group', label: fill(texts.removalGroup, figures.count(groupRows)) }]),
      ],
      (value) => onView({ ...view, removal: value === 'group' ? 'group' : 'top' }),
    )}
    ${removal === 'group' ? nothing : numberField(texts.topCount, count, { min: 1, max: Math.max(1, rows), step: 1 }, (value) => onView({ ...view, count: Math.round(value) }))}
    ${numberField(texts.randomRemovals, view.randomRemovals, { min: 0, max: 100, step: 1 }, (value) => onView({ ...view, randomRemovals: Math.round(value) }))}
    ${chooser(
      texts.behaviourTests,
      view.tests,
      [
        { value: 'none', label: texts.testsNone },
        { value: 'workspace', label: texts.testsWorkspace },
      ],
      (value) => onView({ ...view, tests: value === 'workspace' ? 'workspace' : 'none' }),
    )}
    <vscode-button ?disabled=${busy} @click=${run}>${outcome === null ? texts.run : texts.rerun}</vscode-button>
  </div>`;
}

function calibrationText({ calibration }: VerifyOutcome, texts: PanelTexts, figures: Figures): string {
  if (calibration === null) return texts.noCalibration;
  const { slope, retrainings } = calibration;
  return fill(
    texts.calibrationText,
    figures.score(slope.estimate),
    figures.score(slope.low),
    figures.score(slope.high),
    figures.count(retrainings),
  );
}

function evidenceText({ evidence, retrainings }: VerifyOutcome, texts: PanelTexts, figures: Figures): string {
  const names: { readonly [E in Evidence]: string } = {
    replayed: texts.evidenceReplayed,
    surrogate: texts.evidenceSurrogate,
    finalWeights: texts.evidenceFinalWeights,
  };
  return fill(
    texts.evidenceLine,
    names[evidence],
    figures.count(retrainings.computed),
    figures.count(retrainings.read),
  );
}

function removedRows(
  query: VerifiedQuery,
  texts: PanelTexts,
  figures: Figures,
  act: VerifyPanelInput['act'],
): TemplateResult {
  return html`<div class="table-scroll" tabindex="0" role="region" aria-label=${fill(texts.removedRows, figures.count(query.removed.length))}>
      <table class="plain-table">
        <thead><tr><th scope="col">${texts.row}</th><th scope="col" class="number">${texts.score}</th><th scope="col"><span class="only-read">${texts.actions}</span></th></tr></thead>
        <tbody>${query.removed.map(
          ({ file, row, line, score }) => html`<tr>
            <th scope="row">${file}:${line ?? row}</th><td class="number">${figures.score(score)}</td>
            <td class="row-actions"><button type="button" class="link" @click=${() => act({ kind: 'openRow', row: { file, row } })}>${texts.openRow}</button></td>
          </tr>`,
        )}</tbody>
      </table>
    </div>`;
}

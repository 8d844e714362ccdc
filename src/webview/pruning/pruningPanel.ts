/**
 * pruning/ shows a proposal to prune: the verdict first, then what each mask measured beside the cheap alternatives. It
 * says what was measured, and never that a model may be trusted.
 */
import { html, nothing, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { PruningAction, PruningSnapshot, ShownProposal } from '../../protocol/panels';
import type { EqualHarm, PruneProposal, PruningPoint } from '../../protocol/pruning';
import { type Figures, fill } from '../shared/figures';
import { jobLine } from '../shared/jobLine';
import { keepLast } from '../shared/keepLast';
import { chooser, notice, section, typedValue } from '../shared/layout';
import { marksButton } from '../shared/marksButton';
import { plainTable } from '../shared/plots';
import { curveFigure, legend, shareFigure } from './pruningCharts';
import {
  drivingRows,
  figureLines,
  moduleMap,
  pointsText,
  stateRows,
  verdictWords,
  withInterval,
} from './pruningFigures';
import { chosenPlace, type PruningView } from './pruningState';

export interface PruningPanelInput {
  readonly snapshot: PruningSnapshot;
  readonly texts: PanelTexts;
  readonly figures: Figures;
  readonly view: PruningView;
  /** CSS pixels of the panel. */
  readonly width: number;
  readonly onView: (view: PruningView) => void;
  readonly act: (action: PruningAction) => void;
}

const sidePadding = 32;
const twoColumnsFrom = 860;
const columnGap = 24;

/** Makes the panel's view; it keeps drawn charts. */
export function createPruningPanel(): (input: PruningPanelInput) => TemplateResult {
  let pick = (_point: number): void => undefined;
  const charts = keepLast(
    (proposal: PruneProposal, chosen: number, texts: PanelTexts, figures: Figures, width: number) => {
      const rows = stateRows(proposal, texts);
      return html`${legend(rows, texts)}<div class="charts">
        ${curveFigure(rows, chosen, texts, figures, width, (point) => pick(point))}
        ${shareFigure(proposal, rows, chosen, texts, figures, width)}
      </div>`;
    },
  );

  const found = (input: PruningPanelInput, record: ShownProposal): TemplateResult => {
    const { snapshot, texts, figures, width, view, onView, act } = input;
    const proposal = record.result;
    const { points, shown, recommendation, counts, calibration } = proposal;
    const place = chosenPlace(view, record, points.length, shown);
    const point = points[place]!;
    pick = (next) => onView({ record: record.id, point: next });
    const inner = Math.max(260, width - sidePadding);
    const chartWidth = inner >= twoColumnsFrom ? Math.floor((inner - columnGap) / 2) : inner;
    return html`
      ${notice(verdictWords(proposal, texts))}
      <p class="hint">${fill(texts.pruningMeasuredOn, figures.count(counts.harmful), figures.count(counts.benign), figures.count(counts.tests), figures.count(calibration.rows))} · ${fill(texts.pruningMadeAt, figures.when(record.when))}</p>
      <details><summary>${texts.ruleTitle}</summary><p class="hint">${recommendation.rule}</p></details>
      ${charts(proposal, place, texts, figures, chartWidth)}
      ${section('chosen', texts.chosenMask, chosenSection(input, proposal, place))}
      ${section('conditions', texts.conditions, conditionsList(point, texts))}
      ${section('equal', texts.atEqualHarm, equalHarmTable(points, texts, figures), texts.atEqualHarmHint)}
      ${section('map', texts.moduleMap, mapTable(point, texts, figures), texts.moduleMapHint)}
      ${section('examples', fill(texts.beforeAfter, String(points[shown]!.alphas[0])), examplesList(proposal, texts))}
      ${section('rows', fill(texts.drivingRows, String(points[shown]!.alphas[0])), rowsList(proposal, snapshot.omittedRows, texts, figures, act))}
      ${section(
        'reading',
        texts.pruningReading,
        html`<ul class="plain-list">
          ${[
            texts.readHarmful,
            texts.readMargin,
            texts.readAccuracy,
            texts.readDrift,
            texts.readPerplexity,
            texts.readDegenerate,
            texts.readShare,
            texts.readIntervals,
            texts.readLimits,
          ].map((words) => html`<li>${words}</li>`)}
          ${proposal.warnings.map(({ code, message }) => html`<li class="warning-line"><span aria-hidden="true">!</span> ${message} <code>${code}</code></li>`)}
        </ul>`,
      )}`;
  };

  return (input) => {
    const { snapshot, texts, figures, act } = input;
    const { record, proposals, job, trust } = snapshot;
    return html`<main class="panel">
      <header class="panel-head"><h1>${texts.pruningTitle}</h1></header>
      <div class="toolbar">
        ${
          record === null || proposals.length < 2
            ? nothing
            : chooser(
                texts.proposal,
                record.id,
                proposals.map(({ id, title, when }) => ({ value: id, label: `${title} · ${figures.when(when)}` })),
                (proposal) => act({ kind: 'showProposal', proposal }),
              )
        }
        <div class="actions toolbar-end">
          ${record === null ? nothing : marksButton(snapshot.marks, texts, act)}
          <vscode-button ?secondary=${record !== null} ?disabled=${trust === 'restricted' || isBusy(snapshot)} @click=${() => act({ kind: 'propose' })}>${texts.propose}</vscode-button>
        </div>
      </div>
      ${snapshot.problem === null ? nothing : notice({ tone: 'error', title: texts.notDone, text: snapshot.problem })}
      ${trust === 'restricted' ? notice({ tone: 'calm', title: texts.restricted, text: '' }) : nothing}
      ${job === null ? nothing : jobLine(job, texts, figures, () => act({ kind: 'cancel' }))}
      ${record === null ? html`<div class="empty"><h2>${texts.noProposal}</h2><p>${texts.noProposalText}</p></div>` : found(input, record)}
    </main>`;
  };
}

function isBusy({ job }: PruningSnapshot): boolean {
  return job !== null && (job.state === 'running' || job.state === 'queued');
}

/** The slider over distinct masks, the chosen one's figures beside the fine-tuned and the base model, and what to do with it. */
function chosenSection(input: PruningPanelInput, proposal: PruneProposal, place: number): TemplateResult {
  const { snapshot, texts, figures, view, onView, act } = input;
  const { points, tuned, scaling } = proposal;
  const point = points[place]!;
  const alpha = point.alphas[0]!;
  const words = fill(
    texts.maskOf,
    point.alphas.join(', '),
    figures.count(point.pruned),
    figures.count(point.entries),
    figures.share(point.share),
  );
  const base = scaling.find(({ c }) => c === 0)?.figures;
  const applied = snapshot.applied.filter(({ mask }) => points.some((one) => one.mask === mask));
  const disabled = snapshot.trust === 'restricted' || isBusy(snapshot);
  return html`
    <label class="slider"><span>${texts.maskSlider}</span>
      <input type="range" min="0" max=${points.length - 1} step="1" .value=${String(place)} aria-valuetext=${words}
        ?disabled=${points.length < 2}
        @input=${(event: Event) => onView({ ...view, record: snapshot.record?.id ?? null, point: Number(typedValue(event)) })} />
      <output>${words}</output>
    </label>
    ${plainTable(texts.chosenMask, {
      columns: [
        texts.figureColumn,
        `alpha ${alpha}`,
        texts.stateTuned,
        ...(base === undefined ? [] : [texts.stateBase]),
      ],
      rows: figureLines(texts, figures).map(({ name, title, write }) => [
        title,
        withInterval(point.figures[name], write),
        withInterval(tuned[name], write),
        ...(base === undefined ? [] : [withInterval(base[name], write)]),
      ]),
    })}
    <div class="actions spaced">
      <vscode-button ?secondary=${!point.worthIt} ?disabled=${disabled} @click=${() => act({ kind: 'apply', alpha })}>${fill(texts.applyMask, String(alpha))}</vscode-button>
      <span class="hint">${point.worthIt ? '' : `${texts.applyAnyway} `}${texts.applyHint}</span>
    </div>
    ${applied.map(
      ({ folder, label, alpha: of }) => html`<div class="actions spaced applied">
        <span>✂ ${fill(texts.appliedIn, String(of), label)}</span>
        <vscode-button secondary ?disabled=${disabled} @click=${() => act({ kind: 'undo', folder })}>${texts.undoApplied}</vscode-button>
      </div>`,
    )}`;
}

function conditionsList({ conditions }: PruningPoint, texts: PanelTexts): TemplateResult {
  return html`<ul class="conditions">${conditions.map(
    ({ holds, says }) =>
      html`<li class=${holds ? 'condition-holds' : 'condition-fails'}><span class="condition-mark" aria-hidden="true">${holds ? '✓' : '✗'}</span><strong>${holds ? texts.holds : texts.fails}</strong> ${says}</li>`,
  )}</ul>`;
}

function equalHarmTable(points: readonly PruningPoint[], texts: PanelTexts, figures: Figures): TemplateResult {
  const cell = (found: EqualHarm | null): string =>
    found === null
      ? texts.notMeasured
      : `${pointsText(found.difference, figures)}${found.reach === 'below' ? `, ${texts.reachesBelow}` : ''}`;
  return plainTable(texts.atEqualHarm, {
    columns: [texts.maskSlider, texts.shareColumn, texts.againstRandom, texts.againstScaling, texts.worthIt],
    rows: points.map(({ alphas, share, atEqualHarm, worthIt }) => [
      `alpha ${alphas.join(', ')}`,
      figures.share(share),
      cell(atEqualHarm.random),
      cell(atEqualHarm.scaling),
      worthIt ? texts.yes : texts.no,
    ]),
  });
}

/** A heat map that is a table: counts are written in it, shading only helps. */
function mapTable(point: PruningPoint, texts: PanelTexts, figures: Figures): TemplateResult {
  const { columns, rows } = moduleMap(point);
  return html`<div class="table-scroll" tabindex="0" role="region" aria-label=${texts.moduleMap}>
    <table class="plain-table map-table">
      <thead><tr><th scope="col">${texts.layer}</th>${columns.map((column) => html`<th scope="col" class="number">${column}</th>`)}</tr></thead>
      <tbody>${rows.map(
        ({ layer, cells }) =>
          html`<tr><th scope="row">${layer}</th>${cells.map((cell) =>
            cell === undefined
              ? html`<td class="number">–</td>`
              : html`<td class="number map-${cell.level}" title=${fill(texts.moduleCell, figures.count(cell.pruned), figures.count(cell.entries), figures.share(cell.pruned / cell.entries))}>${figures.count(cell.pruned)} <span class="map-share">${figures.share(cell.pruned / cell.entries)}</span></td>`,
          )}</tr>`,
      )}</tbody>
    </table>
  </div>`;
}

function examplesList({ examples }: PruneProposal, texts: PanelTexts): TemplateResult {
  const roles = { harmful: texts.roleHarmful, benign: texts.roleBenign, task: texts.roleTask };
  return html`<div class="examples">${examples.map(
    ({ role, prompt, before, after, base }) => html`<article class="example" aria-label=${prompt}>
      <h3><span class="turn-name">${roles[role]}</span> ${prompt}</h3>
      <dl class="example-answers">
        <dt>${texts.before}</dt><dd>${before}</dd>
        <dt>${texts.after}</dt><dd>${after}</dd>
        <dt>${texts.withoutFineTune}</dt><dd>${base}</dd>
      </dl>
    </article>`,
  )}</div>`;
}

/** Rows as buttons, so that Enter and Space open them. */
function rowsList(
  { rows, calibration }: PruneProposal,
  omitted: number,
  texts: PanelTexts,
  figures: Figures,
  act: PruningPanelInput['act'],
): TemplateResult {
  const shared = drivingRows(rows);
  if (shared.length === 0) return html`<p>${texts.drivingRowsNone}</p>`;
  const most = Math.max(...shared.map(({ share }) => Math.abs(share)));
  return html`<p class="hint">${fill(texts.drivingRowsHint, figures.share(1 / Math.max(1, calibration.rows)))}</p>
    <ol class="driving-rows" tabindex="-1">${shared.map(
      ({
        file,
        row,
        line,
        share,
      }) => html`<li><button type="button" class="row-button" @click=${() => act({ kind: 'openRow', row: { file, row } })}>
        <span class="row-share">${figures.share(share)}</span>
        <meter class="row-meter" min="0" max=${most} .value=${Math.abs(share)} aria-hidden="true"></meter>
        <span>${file}:${line ?? row}</span>
      </button></li>`,
    )}</ol>
    ${omitted === 0 ? nothing : html`<p class="hint">${fill(texts.omittedPruningRows, figures.count(omitted))}</p>`}`;
}

import { html, nothing, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { TraceRecord } from '../../protocol/editorFindings';
import type { Evidence } from '../../protocol/influence';
import { type Figures, fill } from '../shared/figures';
import { facts } from '../shared/layout';
import { plainTable } from '../shared/plots';
import { compareMethods } from './traceFigures';
import type { ShownFinding } from './traceState';

/** Rows at the top that methods are compared on. */
const comparedTop = 20;

/** How far to trust it: what the figures rest on, and what was warned of. */
export function trustSection(
  record: TraceRecord,
  shown: ShownFinding,
  texts: PanelTexts,
  figures: Figures,
): TemplateResult {
  const { document, query } = shown;
  const { coverage, evidence, settings } = document;
  const evidenceTexts: { readonly [E in Evidence]: string } = {
    replayed: texts.evidenceReplayed,
    surrogate: texts.evidenceSurrogate,
    finalWeights: texts.evidenceFinalWeights,
  };
  const sensitivity = query.dampingSensitivity;
  return html`
    ${facts([
      {
        name: texts.coverage,
        value: figures.share(coverage.share),
        help: fill(texts.coverageHelp, figures.count(coverage.tracked), figures.count(coverage.trained)),
      },
      { name: texts.evidence, value: evidenceTexts[evidence], help: texts.evidenceHelp },
      {
        name: texts.damping,
        value:
          sensitivity === null
            ? texts.noDamping
            : fill(texts.dampingValue, figures.plain(sensitivity.tenth), figures.plain(sensitivity.tenfold)),
        help: fill(texts.dampingHelp, String(settings.damping ?? '–')),
      },
      { name: texts.controls, value: String(settings.controls ?? '–'), help: texts.controlsHelp },
      { name: texts.device, value: `${record.device ?? '–'}, ${figures.seconds(document.seconds)}` },
      { name: texts.model, value: record.model.label, help: `${record.model.path}\n${record.model.hash}` },
    ])}
    <ul class="plain-list">
      ${document.warnings.map(({ code, message }) => html`<li class="warning-line"><span aria-hidden="true">!</span> ${message} <code>${code}</code></li>`)}
      ${document.warnings.length === 0 ? html`<li class="hint">${texts.noWarnings}</li>` : nothing}
      <li>${texts.trustUnits}</li>
      <li>${texts.trustRemoval}</li>
      <li>${texts.trustKind}</li>
    </ul>`;
}

/** The methods that were traced beside each other. */
export function methodsSection(
  record: TraceRecord,
  queryIndex: number,
  texts: PanelTexts,
  figures: Figures,
): TemplateResult {
  const pairs = compareMethods(record.documents, queryIndex, comparedTop);
  if (pairs.length === 0) return html`<p class="hint">${texts.oneMethod}</p>`;
  return plainTable(texts.methods, {
    columns: [texts.method, texts.comparedWith, texts.rankCorrelation, texts.sharedTop, texts.rowsAxis],
    rows: pairs.map(({ one, other, rows, correlation, shared, top }) => [
      one,
      other,
      correlation === null ? '–' : figures.plain(correlation),
      fill(texts.sharedOf, figures.count(shared), figures.count(top)),
      figures.count(rows),
    ]),
  });
}

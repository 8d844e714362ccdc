import { html, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { VerifyOutcome } from '../../protocol/verification';
import { type Figures, fill } from '../shared/figures';
import { plainTable } from '../shared/plots';

/** Ids that are listed at most. */
const mostIds = 12;

/** Behaviour tests before and after: a table of pass rates, one column a removal, and what changed. */
export function testsSection(
  { removals, rates, comparisons }: NonNullable<VerifyOutcome['tests']>,
  texts: PanelTexts,
  figures: Figures,
): TemplateResult {
  const tags = [...new Set(rates.map(({ tag }) => tag))];
  const cell = (tag: string | null, model: string): string => {
    const rate = rates.find((one) => one.tag === tag && one.model === model);
    if (rate === undefined) return '–';
    const [low, high] = rate.interval;
    return `${figures.share(rate.rate)} (${figures.share(low)} – ${figures.share(high)})`;
  };
  return html`
    ${plainTable(texts.tests, {
      columns: [
        texts.testedTag,
        texts.testedCount,
        ...removals.map(({ label, rows }) => (rows === 0 ? label : `${label} (${figures.count(rows)})`)),
      ],
      rows: tags.map((tag) => [
        tag ?? texts.allTests,
        figures.count(rates.find((one) => one.tag === tag)?.tests ?? 0),
        ...removals.map(({ label }) => cell(tag, label)),
      ]),
    })}
    <ul class="plain-list spaced">${comparisons.map(
      ({ to, regressed, fixed }) =>
        html`<li><strong>${to}</strong>: ${fill(texts.regressed, listed(regressed, texts))}; ${fill(texts.fixed, listed(fixed, texts))}</li>`,
    )}</ul>`;
}

function listed(ids: readonly string[], texts: PanelTexts): string {
  if (ids.length === 0) return texts.none;
  return ids.length <= mostIds ? ids.join(', ') : `${ids.slice(0, mostIds).join(', ')}, … (${ids.length})`;
}

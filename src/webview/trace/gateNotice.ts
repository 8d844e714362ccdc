import type { TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { TracedQuery } from '../../protocol/influence';
import { type Figures, fill } from '../shared/figures';
import { type Notice, notice } from '../shared/layout';

/** The gate, before anything else: whether there is something to explain at all. */
export function gateNotice(query: TracedQuery, texts: PanelTexts, figures: Figures, actions?: unknown): TemplateResult {
  return notice({ ...gateWords(query, texts, figures), ...(actions === undefined ? {} : { actions }) });
}

/** The gate in words. Pure. */
export function gateWords(
  query: Pick<TracedQuery, 'gate' | 'verdict' | 'rows' | 'threshold'>,
  texts: PanelTexts,
  figures: Figures,
): Pick<Notice, 'tone' | 'title' | 'text'> {
  const { gate, verdict } = query;
  const [low, high] = gate.interval;
  const ratio = fill(texts.gateRatio, figures.signed(gate.logRatio), figures.signed(low), figures.signed(high));
  if (verdict === 'baseDoesIt')
    return { tone: 'calm', title: texts.baseDoesIt, text: `${texts.baseDoesItText} ${ratio}` };
  if (verdict === 'notRanked') return { tone: 'calm', title: texts.notRanked, text: `${texts.notRankedText} ${ratio}` };
  const made =
    gate.verdict === 'unknown' ? texts.gateUnknown : gate.verdict === 'tuned' ? ratio : `${texts.gateNotMade} ${ratio}`;
  if (verdict === 'noRowStandsOut')
    return { tone: 'calm', title: texts.noRowStandsOut, text: `${texts.noRowStandsOutText} ${made}` };
  const above = query.rows.filter(({ aboveNull }) => aboveNull).length;
  if (query.threshold === null) return { tone: 'warning', title: texts.noNull, text: `${texts.noNullText} ${made}` };
  return { tone: 'finding', title: fill(texts.rowsStandOut, figures.count(above)), text: made };
}

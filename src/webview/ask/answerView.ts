import { html, nothing, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { AskAction, AskedAnswer, AskTurn } from '../../protocol/panels';
import { type Figures, fill } from '../shared/figures';
import { surpriseLevel } from '../shared/heatScale';
import { type HeatView, heatText } from '../shared/heatText';
import { charactersOf, hasTokens } from './askState';

export interface AnswerOptions {
  readonly texts: PanelTexts;
  readonly figures: Figures;
  readonly heat: HeatView;
  readonly onHeat: (view: HeatView) => void;
  readonly act: (action: AskAction) => void;
  readonly onContinue: () => void;
  /** Nothing of the workspace may be run. */
  readonly trust: 'trusted' | 'restricted';
}

/** One model's answer: its tokens shaded by how unlikely they were, and what can be done with it or a part of it. */
export function answerView(turn: AskTurn, index: number, options: AnswerOptions): TemplateResult {
  const answer = turn.answers[index]!;
  const { texts } = options;
  const growing = turn.state === 'running' && answer.finish === null;
  return html`<article class="answer" aria-label=${answer.model} aria-busy=${growing ? 'true' : 'false'}>
    <h3>${answer.model}${growing ? html`<span class="growing" aria-hidden="true"> …</span>` : nothing}</h3>
    ${answerText(turn, index, answer, options)}
    ${answer.finish === null || answer.text === '' ? nothing : answerActions(turn, index, answer, options)}
    ${answer.finish === 'length' ? html`<span class="hint">${texts.finishLength}</span>` : nothing}
  </article>`;
}

function answerText(
  turn: AskTurn,
  index: number,
  answer: AskedAnswer,
  { texts, figures, heat, onHeat }: AnswerOptions,
): TemplateResult {
  if (answer.text === '' && answer.finish !== null) return html`<p class="hint">${texts.answerEmpty}</p>`;
  if (!hasTokens(answer)) return html`<div class="heat-text answer-plain">${answer.text}</div>`;
  const tokens = answer.pieces.map((text, i) => {
    const logprob = answer.logprobs[i]!;
    return {
      text,
      level: surpriseLevel(logprob),
      tone: 'strong' as const,
      note: fill(
        texts.tokenProbability,
        JSON.stringify(text),
        figures.share(Math.exp(logprob)),
        figures.plain(logprob),
      ),
    };
  });
  const id = `answer-${turn.id}-${index}`;
  return html`<div @mouseup=${() => onHeat({ ...heat, selected: pointedTokens(id) })}>
    ${heatText(tokens, {
      id,
      label: fill(texts.answerTokens, answer.model),
      view: heat,
      scale: 'surprise',
      selects: 'many',
      hint: texts.answerHint,
      onView: onHeat,
    })}
  </div>`;
}

function answerActions(turn: AskTurn, index: number, answer: AskedAnswer, options: AnswerOptions): TemplateResult {
  const { texts, heat, act, onContinue, trust } = options;
  const part =
    heat.selected === null || !hasTokens(answer)
      ? null
      : charactersOf(answer.pieces, heat.selected.from, heat.selected.to);
  const { from, to } = part === null || part.from === part.to ? { from: 0, to: answer.text.length } : part;
  const selected = part !== null && part.from !== part.to;
  return html`<div class="actions">
    <vscode-button ?disabled=${trust === 'restricted'} @click=${() => act({ kind: 'traceAnswer', turn: turn.id, answer: index, from, to })}>
      ${selected ? texts.traceSelection : texts.traceAnswer}</vscode-button>
    <vscode-button secondary @click=${onContinue}>${texts.continueHere}</vscode-button>
    ${selected ? html`<span class="hint clip selection-text">${fill(texts.selectionOf, answer.text.slice(from, to).trim())}</span>` : nothing}
  </div>`;
}

/** The tokens that the pointer has selected in one answer; null: none, or a click alone. */
function pointedTokens(id: string): HeatView['selected'] {
  const selection = document.getSelection();
  if (selection === null || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  const box = document.getElementById(id);
  if (box === null) return null;
  const inside = [...box.querySelectorAll('[data-token]')].filter(
    (token) => range.intersectsNode(token) && overlaps(range, token),
  );
  const at = (token: Element | undefined): number | null =>
    token === undefined ? null : Number(token.getAttribute('data-token'));
  const [from, to] = [at(inside[0]), at(inside.at(-1))];
  return from === null || to === null ? null : { from, to };
}

/** A range that only touches a token's edge selects nothing of it. */
function overlaps(range: Range, token: Element): boolean {
  const whole = document.createRange();
  whole.selectNodeContents(token);
  return (
    range.compareBoundaryPoints(Range.END_TO_START, whole) < 0 &&
    range.compareBoundaryPoints(Range.START_TO_END, whole) > 0
  );
}

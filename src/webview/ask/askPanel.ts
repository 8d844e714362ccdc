/**
 * ask/ shows what models say: the fine-tuned one beside its base, token by token. Any part of an answer can be traced; the
 * panel names the part by its place, what is traced is built from the editor's own record of the answer.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { AskAction, AskSnapshot, AskTurn } from '../../protocol/panels';
import { type Figures, fill } from '../shared/figures';
import type { HeatView } from '../shared/heatText';
import { notice } from '../shared/layout';
import { answerView } from './answerView';
import { type AskView, askedText } from './askState';
import { composer } from './composer';

export interface AskPanelInput {
  readonly snapshot: AskSnapshot;
  readonly texts: PanelTexts;
  readonly figures: Figures;
  readonly view: AskView;
  readonly onView: (view: AskView) => void;
  readonly act: (action: AskAction) => void;
}

const nothingSelected: HeatView = { active: null, selected: null };

/** Makes the panel's view; it keeps what is of the moment only (the tokens in focus). */
export function createAskPanel(changed: () => void): (input: AskPanelInput) => TemplateResult {
  const heats = new Map<string, HeatView>();

  const turnView = (turn: AskTurn, input: AskPanelInput): TemplateResult => {
    const { snapshot, texts, figures, view, onView, act } = input;
    return html`<section class="ask-turn" aria-label=${askedText(turn)}>
      <h2 class="asked"><span class="turn-name">${texts.you}</span>${askedText(turn)}</h2>
      <div class="answers">${turn.answers.map((_, index) => {
        const key = `${turn.id}/${index}`;
        return answerView(turn, index, {
          texts,
          figures,
          heat: heats.get(key) ?? nothingSelected,
          onHeat: (next) => {
            heats.set(key, next);
            changed();
          },
          act,
          onContinue: () => {
            onView({ ...view, after: { turn: turn.id, answer: index }, template: 'chat' });
            document.querySelector<HTMLElement>('.message')?.focus();
          },
          trust: snapshot.trust,
        });
      })}</div>
      ${turnEnd(turn, texts, figures)}
    </section>`;
  };

  return (input) => {
    const { snapshot, texts, act } = input;
    const busy = snapshot.turns.some(({ state }) => state === 'running');
    return html`<main class="panel ask">
      <header class="ask-head"><h1>${texts.ask}</h1>
        ${snapshot.turns.length === 0 ? nothing : html`<button type="button" class="link" ?disabled=${busy} @click=${() => act({ kind: 'clear' })}>${texts.clearHistory}</button>`}
      </header>
      ${snapshot.problem === null ? nothing : notice({ tone: 'error', title: texts.notDone, text: snapshot.problem })}
      ${snapshot.trust === 'restricted' ? notice({ tone: 'calm', title: texts.restricted, text: '' }) : nothing}
      <div class="ask-turns">
        ${
          snapshot.models.length === 0
            ? html`<div class="empty"><h2>${texts.noModels}</h2><p>${texts.noModelsText}</p></div>`
            : snapshot.turns.length === 0
              ? html`<div class="empty"><h2>${texts.askEmpty}</h2><p>${texts.askEmptyText}</p></div>`
              : repeat(
                  snapshot.turns,
                  ({ id }) => id,
                  (turn) => turnView(turn, input),
                )
        }
      </div>
      ${snapshot.models.length === 0 ? nothing : composer(input, busy)}
    </main>`;
  };
}

function turnEnd({ state, error, tokensPerSecond }: AskTurn, texts: PanelTexts, figures: Figures): TemplateResult {
  if (state === 'failed') {
    return notice({ tone: 'error', title: texts.failed, text: error === null ? '' : `${error.message} ${error.next}` });
  }
  if (state === 'cancelled') return notice({ tone: 'calm', title: texts.cancelled, text: '' });
  return html`<p class="hint turn-speed">${tokensPerSecond === null ? '\u00a0' : fill(texts.tokensPerSecond, figures.count(tokensPerSecond))}</p>`;
}

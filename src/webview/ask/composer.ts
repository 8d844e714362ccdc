import { html, nothing, type TemplateResult } from 'lit';
import { fill } from '../shared/figures';
import { chooser, numberField, typedValue } from '../shared/layout';
import type { AskPanelInput } from './askPanel';
import { askAction, chosenModels } from './askState';

/** Where the next message is written and how it is asked. */
export function composer(input: AskPanelInput, busy: boolean): TemplateResult {
  const { snapshot, texts, view, onView, act } = input;
  const action = askAction(snapshot, view);
  const send = () => {
    if (action === null || busy || snapshot.trust === 'restricted') return;
    act(action);
    onView({ ...view, draft: '', after: null });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  };
  return html`<form class="composer" @submit=${(event: Event) => event.preventDefault()}>
    ${continued(input)}
    <textarea class="input message" rows="3" aria-label=${texts.message} placeholder=${texts.messageHint} .value=${view.draft}
      @input=${(event: Event) => onView({ ...view, draft: typedValue(event) })} @keydown=${onKey}></textarea>
    <div class="toolbar composer-bar">
      ${modelChoices(input)}
      <details class="options"><summary>${texts.sampling}</summary>${samplingChoices(input)}</details>
      <span class="toolbar-end actions">
        ${
          busy
            ? html`<vscode-button secondary @click=${() => act({ kind: 'stop' })}>${texts.cancel}</vscode-button>`
            : html`<vscode-button ?disabled=${action === null || snapshot.trust === 'restricted'} @click=${send}>${texts.send}</vscode-button>`
        }
      </span>
    </div>
  </form>`;
}

function continued({ snapshot, texts, view, onView }: AskPanelInput): TemplateResult | typeof nothing {
  const { after } = view;
  const answer = snapshot.turns.find(({ id }) => id === after?.turn)?.answers[after?.answer ?? 0];
  if (answer === undefined) return nothing;
  return html`<div class="continuing"><span class="clip">${fill(texts.continuing, answer.model)}: ${answer.text}</span>
    <button type="button" class="link" @click=${() => onView({ ...view, after: null })}>${texts.beginAnew}</button></div>`;
}

function modelChoices({ snapshot, texts, view, onView }: AskPanelInput): TemplateResult {
  const chosen = chosenModels(snapshot, view);
  const toggle = (name: string) => {
    const next = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name];
    // As whence.json lists them, so that answers stand in one order; the last one stays.
    const ordered = snapshot.models.map((model) => model.name).filter((one) => next.includes(one));
    onView({ ...view, models: ordered.length === 0 ? chosen : ordered });
  };
  return html`<fieldset class="models"><legend>${texts.models}</legend>
    ${snapshot.models.map(
      ({ name }) =>
        html`<label class="check"><input type="checkbox" .checked=${chosen.includes(name)} @change=${() => toggle(name)} /> ${name}</label>`,
    )}
  </fieldset>`;
}

function samplingChoices({ snapshot, texts, view, onView }: AskPanelInput): TemplateResult {
  const sampled = view.sampling === 'sampled';
  return html`<div class="toolbar">
    ${chooser(
      texts.template,
      view.template,
      [
        { value: 'chat', label: texts.templateChat },
        { value: 'raw', label: texts.templateRaw },
      ],
      (template) => onView({ ...view, template: template === 'raw' ? 'raw' : 'chat' }),
    )}
    ${chooser(
      texts.sampling,
      view.sampling,
      [
        { value: 'greedy', label: texts.greedy },
        { value: 'sampled', label: texts.sampled },
      ],
      (sampling) => onView({ ...view, sampling: sampling === 'sampled' ? 'sampled' : 'greedy' }),
    )}
    ${
      sampled
        ? html`
      ${numberField(texts.temperature, view.temperature, { min: 0.05, max: 5, step: 0.05 }, (temperature) => onView({ ...view, temperature }))}
      ${numberField(texts.topP, view.topP, { min: 0.01, max: 1, step: 0.01 }, (topP) => onView({ ...view, topP }))}
      ${numberField(texts.seed, view.seed, { min: 0, max: 1_000_000, step: 1 }, (seed) => onView({ ...view, seed: Math.round(seed) }))}`
        : nothing
    }
    ${numberField(texts.maxTokens, view.maxTokens ?? snapshot.maxTokens, { min: 1, max: 4096, step: 1 }, (tokens) => onView({ ...view, maxTokens: Math.round(tokens) }))}
  </div>`;
}

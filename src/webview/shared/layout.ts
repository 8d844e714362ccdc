import { html, nothing, type TemplateResult } from 'lit';

/** What a panel says first: its shape and colour follow the tone, its words carry it alone. */
export interface Notice {
  readonly tone: 'finding' | 'calm' | 'warning' | 'error';
  readonly title: string;
  readonly text: string;
  readonly actions?: unknown;
}

const toneMarks = { finding: '▲', calm: '○', warning: '!', error: '×' } as const;

export function notice({ tone, title, text, actions }: Notice): TemplateResult {
  return html`<div class="notice notice-${tone}" role=${tone === 'error' ? 'alert' : 'status'}>
    <span class="notice-mark" aria-hidden="true">${toneMarks[tone]}</span>
    <div class="notice-body"><strong>${title}</strong> <span>${text}</span></div>
    ${actions === undefined ? nothing : html`<div class="notice-actions">${actions}</div>`}
  </div>`;
}

/** A part of a panel under its own heading. */
export function section(id: string, title: string, content: unknown, hint?: string): TemplateResult {
  return html`<div class="section" id=${id}>
    <h2>${title}</h2>
    ${hint === undefined ? nothing : html`<p class="hint">${hint}</p>`}
    ${content}
  </div>`;
}

/** Short figures with their names. */
export function facts(entries: readonly { readonly name: string; readonly value: string; readonly help?: string }[]) {
  return html`<dl class="facts">${entries.map(
    ({ name, value, help }) => html`<div title=${help ?? ''}><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** A labelled choice of one. Native, so that keyboard and screen readers know it. */
export function chooser(
  label: string,
  value: string,
  choices: readonly Choice[],
  onChange: (value: string) => void,
): TemplateResult {
  return html`<label class="field"><span>${label}</span>
    <select class="select" .value=${value} @change=${(event: Event) => onChange(typedValue(event))}>
      ${choices.map((choice) => html`<option value=${choice.value} ?selected=${choice.value === value}>${choice.label}</option>`)}
    </select>
  </label>`;
}

/** A labelled number. */
export function numberField(
  label: string,
  value: number,
  bounds: { readonly min: number; readonly max: number; readonly step: number },
  onChange: (value: number) => void,
): TemplateResult {
  return html`<label class="field"><span>${label}</span>
    <input class="input input-number" type="number" min=${bounds.min} max=${bounds.max} step=${bounds.step}
      .value=${String(value)}
      @change=${(event: Event) => {
        const typed = Number(typedValue(event));
        const kept = Number.isFinite(typed) ? Math.min(bounds.max, Math.max(bounds.min, typed)) : value;
        (event.target as HTMLInputElement).value = String(kept);
        onChange(kept);
      }} />
  </label>`;
}

/** What the user typed or chose. */
export function typedValue(event: Event): string {
  const { target } = event;
  if (target instanceof HTMLElement && 'value' in target) return String(target.value);
  throw new Error('internal: an event of something that has no value');
}

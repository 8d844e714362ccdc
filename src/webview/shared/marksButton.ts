import { html, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';

/** Says whether an analysis stands beside the rows, with the button that hides or shows it. */
export function marksButton(
  marks: 'shown' | 'hidden',
  texts: PanelTexts,
  act: (action: { readonly kind: 'showMarks' | 'hideMarks' }) => void,
): TemplateResult {
  return marks === 'shown'
    ? html`<span class="hint shown-mark" role="status">✓ ${texts.shownInEditor}</span>
        <vscode-button secondary @click=${() => act({ kind: 'hideMarks' })}>${texts.hideMarks}</vscode-button>`
    : html`<vscode-button @click=${() => act({ kind: 'showMarks' })}>${texts.showInEditor}</vscode-button>`;
}

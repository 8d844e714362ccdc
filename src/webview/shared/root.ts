import { html, type TemplateResult } from 'lit';

/** The element that a panel's page gives to it. */
export function rootElement(): HTMLElement {
  const root = document.getElementById('root');
  if (root === null) throw new Error('internal: the page has no #root');
  return root;
}

/** Until the first snapshot is there; without words, because the words come with it. */
export function loading(): TemplateResult {
  return html`<div class="loading" role="status" aria-busy="true"><span class="loading-bar"></span></div>`;
}

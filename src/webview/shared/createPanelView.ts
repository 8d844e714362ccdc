import { render, type TemplateResult } from 'lit';

/** Renders a panel into its root, at most once a frame however much changed. */
export interface PanelView {
  changed(): void;
  /** CSS pixels of the root; a new width is a change. */
  width(): number;
}

export function createPanelView(root: HTMLElement, template: () => TemplateResult): PanelView {
  let asked = false;
  let width = root.clientWidth;
  const show = (): void => {
    asked = false;
    render(template(), root);
  };
  const changed = (): void => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(show);
  };
  new ResizeObserver(() => {
    if (root.clientWidth === width || root.clientWidth === 0) return;
    width = root.clientWidth;
    changed();
  }).observe(root);
  return { changed, width: () => width };
}

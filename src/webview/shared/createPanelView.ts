import { render, type TemplateResult } from 'lit';

/** Renders a panel into its root, at most once a frame however much changed. */
export interface PanelView {
  changed(): void;
  /** CSS pixels of the root; a new width is a change. */
  width(): number;
}

/** What makes a user's next step: before it is heard, what the step before changed is drawn. */
const steps = ['click', 'keydown'] as const;

export function createPanelView(root: HTMLElement, template: () => TemplateResult): PanelView {
  let asked: number | undefined;
  let width = root.clientWidth;
  const show = (): void => {
    asked = undefined;
    render(template(), root);
  };
  const changed = (): void => {
    asked ??= requestAnimationFrame(show);
  };
  // A field that is left by pressing a button changes within the frame in which the button is heard; what the button does
  // must know of it, and it knows what it was drawn with.
  const drawFirst = (): void => {
    if (asked === undefined) return;
    cancelAnimationFrame(asked);
    show();
  };
  for (const step of steps) root.addEventListener(step, drawFirst, { capture: true });
  new ResizeObserver(() => {
    if (root.clientWidth === width || root.clientWidth === 0) return;
    width = root.clientWidth;
    changed();
  }).observe(root);
  return { changed, width: () => width };
}

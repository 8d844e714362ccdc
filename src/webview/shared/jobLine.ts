import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import { html, nothing, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { JobView } from '../../protocol/editorJobs';
import { type Figures, fill } from './figures';
import { notice } from './layout';

/** How far a job is, with a way to stop it; or how it ended, where it did not end well. */
export function jobLine(job: JobView, texts: PanelTexts, figures: Figures, onCancel: () => void): TemplateResult {
  if (job.state === 'failed') {
    const text = job.error === null ? '' : `${job.error.message} ${job.error.next}`;
    return notice({ tone: 'error', title: texts.failed, text });
  }
  if (job.state === 'cancelled') return notice({ tone: 'calm', title: texts.cancelled, text: '' });
  if (job.state === 'done') return html``;
  const { progress } = job;
  const parts =
    progress === null
      ? []
      : [
          `${progress.stage} ${figures.count(progress.done)}/${figures.count(progress.total)} ${progress.unit}`,
          ...(progress.secondsLeft === undefined
            ? []
            : [fill(texts.secondsLeft, figures.seconds(progress.secondsLeft))]),
        ];
  return html`<div class="job">
    <div class="job-text" role="status"><strong>${job.state === 'queued' ? texts.queued : texts.running}</strong> ${parts.join(' · ')}
      ${job.cost === null ? nothing : html`<span class="hint">${fill(texts.cost, job.cost)}</span>`}</div>
    <vscode-button secondary @click=${onCancel}>${texts.cancel}</vscode-button>
    ${
      progress === null || progress.total === 0
        ? html`<vscode-progress-bar indeterminate aria-label=${job.title}></vscode-progress-bar>`
        : html`<vscode-progress-bar .value=${Math.round((100 * progress.done) / progress.total)} aria-label=${job.title}></vscode-progress-bar>`
    }
  </div>`;
}

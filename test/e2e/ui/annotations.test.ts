/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtExtension } from '../support/extensions';
import { pictureFailures } from '../support/pictureFailures';
import { runJobs } from '../support/runJobs';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

describe('three kinds of annotation beside one file', function () {
  this.timeout(600_000);
  let sample: SampleWindow;

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      settings: { 'whence.marks.preset': 'everything', 'editor.minimap.enabled': false },
      theme: 'dark',
    });
    const { folder } = sample.workspace;
    const rows = linesOf(path.join(folder, 'data/train.jsonl'));
    const kinds = linesOf(path.join(folder, 'truth.jsonl')).map((line) => (JSON.parse(line) as { kind: string }).kind);
    const some = (name: string, lines: readonly string[]): string => {
      writeFileSync(path.join(folder, name), `${lines.join('\n')}\n`);
      return name;
    };
    const of = (name: string, count: number): readonly string[] =>
      linesOf(path.join(folder, 'eval', name)).slice(0, count);
    await runJobs(folder, [
      {
        kind: 'trace',
        model: null,
        behaviour: { kind: 'queryLine', uri: pathToFileURL(path.join(folder, 'queries.jsonl')).href, line: 0 },
        methods: ['auto'],
        rank: 'whenBaseDoesNot',
      },
      {
        kind: 'probe',
        model: null,
        data: 'data/train.jsonl',
        positions: [],
        task: { kind: 'label', label: 'answer:first', only: [] },
      },
      {
        kind: 'prunePropose',
        model: null,
        // Rows of the training file itself: marks find them there by their content.
        realign: [
          some(
            'realign-train.jsonl',
            rows.filter((_, row) => kinds[row] === 'harmful'),
          ),
        ],
        harmful: some('few-harmful.jsonl', of('unseen-harmful.jsonl', 6)),
        benign: some('few-benign.jsonl', of('benign.jsonl', 4)),
        tests: some('few-tests.jsonl', of('in-domain.jsonl', 6)),
        alphas: [0.05],
        controls: 0,
      },
    ]);
  });
  after(() => sample?.close());
  pictureFailures(() => sample);

  it('influence, probe and pruning stand before the same row, in this order', async () => {
    const { window } = sample;
    await window.openFile('data/train.jsonl');
    await window.runCommand('Whence: Show a Trace…');
    await window.pickRow('rows stand out');
    // The command ends by giving the Findings view the focus, which would close a palette that is open by then.
    await window.waitFor(
      () => document.activeElement?.closest('.pane')?.querySelector('.pane-header')?.textContent?.includes('Findings'),
      undefined,
    );
    await window.runCommand('Whence: Go to Next Influential Row');
    await window.waitFor(() => {
      const marksOf = (line: Element): string =>
        [...line.querySelectorAll('span')].map((span) => getComputedStyle(span, '::before').content).join(' ');
      return [...document.querySelectorAll('.view-lines .view-line')].some((line) =>
        /[▲▼].*[◆◇].*✂/s.test(marksOf(line)),
      );
    }, undefined);
    assert.deepEqual(await window.notifications('error'), []);
    await window.screenshot('annotations');
    await window.setTheme('light');
    await window.screenshot('annotations');
  });
});

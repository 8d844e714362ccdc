import assert from 'node:assert/strict';
import { builtExtension } from '../support/extensions';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';

describe('opening the sample', () => {
  let sample: SampleWindow;

  before(async () => {
    sample = await openSampleWindow({ extension: builtExtension, trust: 'trusted', settings: {}, theme: 'light' });
  });
  after(() => sample?.close());

  it('a status item says what is there, and nothing pops up', async () => {
    const { window } = sample;
    await window.waitFor(
      (id) => document.querySelector(`.statusbar-item[id$="${id}"]`)?.textContent?.includes('tuned'),
      'whence.status',
    );
    for (const severity of ['error', 'warning', 'info'] as const)
      assert.deepEqual(await window.notifications(severity), []);
  });

  it('the training data opens as text, and the status item names the model', async () => {
    const { window } = sample;
    await window.openFile('data/train.jsonl');
    await window.waitFor(
      (text) => [...document.querySelectorAll('.view-line')].some((line) => line.textContent?.includes(text)),
      'messages',
    );
    await window.waitFor(
      (name) =>
        [...document.querySelectorAll('.statusbar-item')].some(
          (item) => item.id.endsWith('whence.status') && item.textContent?.includes(name),
        ),
      'tuned',
    );
    assert.deepEqual(await window.notifications('error'), []);
  });

  it('no log holds an error of ours', () => {
    const logs = sample.workbench.logs();
    const ours = logs.filter(({ file }) => /whence\.whence/.test(file));
    assert.ok(ours.length > 0, logs.map(({ file }) => file).join('\n'));
    const host = logs.filter(({ file }) => file.endsWith('remoteexthost.log'));
    assert.ok(host.length > 0);
    const errors = [...ours, ...host].flatMap(({ text }) => text.split('\n').filter((line) => /\[error\]/.test(line)));
    assert.deepEqual(errors, []);
  });
});

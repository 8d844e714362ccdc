import assert from 'node:assert/strict';
import { createProgressMeter } from '../../src/engine/progressMeter';
import type { Progress } from '../../src/protocol/jobs';

function meterAt() {
  let time = 0;
  const sent: Progress[] = [];
  const meter = createProgressMeter(
    () => time,
    (progress) => sent.push(progress),
  );
  const step = (after: number, done: number, stage = 'steps') => {
    time += after;
    meter({ stage, done, total: 100, unit: 'steps' });
  };
  return { sent, step };
}

describe('progress meter', () => {
  it('a steady job has its rate and the time that is left', () => {
    const { sent, step } = meterAt();
    for (let done = 0; done <= 50; done += 1) step(500, done);
    assert.deepEqual(sent.at(-1), { stage: 'steps', done: 50, total: 100, unit: 'steps', rate: 2, secondsLeft: 25 });
    assert.equal(sent[0]?.rate, undefined);
  });

  it('the rate follows a change of speed', () => {
    const { sent, step } = meterAt();
    for (let done = 0; done <= 20; done += 1) step(1000, done);
    for (let done = 21; done <= 70; done += 1) step(10_000, done);
    assert.ok(Math.abs(sent.at(-1)!.rate! - 0.1) < 1e-9);
  });

  it('frequent steps are thinned out; the first and the last of each stage are sent', () => {
    const { sent, step } = meterAt();
    for (let done = 0; done <= 100; done += 1) step(1, done);
    for (let done = 0; done <= 100; done += 1) step(1, done, 'saving');
    assert.ok(sent.length < 12);
    assert.deepEqual(
      sent.filter(({ done }) => done === 0 || done === 100).map(({ stage, done }) => `${stage} ${done}`),
      ['steps 0', 'steps 100', 'saving 0', 'saving 100'],
    );
  });

  it('a step back is no speed', () => {
    const { sent, step } = meterAt();
    step(0, 90);
    step(1000, 10);
    assert.equal(sent.at(-1)?.rate, undefined);
  });
});

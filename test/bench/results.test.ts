import assert from 'node:assert/strict';
import { plannedStages } from '../../bench/plan';
import { printMarkdown, printTable } from '../../bench/report';
import {
  agreement,
  type BenchResults,
  costPerRow,
  efficiency,
  type StageResult,
  speedUp,
  tokensPerSecond,
} from '../../bench/results';
import { benchShapes } from '../../bench/shapes';
import { spreadOf } from '../../bench/statistics';

const forward: StageResult = {
  shape: benchShapes[0]!,
  planned: plannedStages[0]!,
  arithmetic: 4e9,
  whence: {
    library: 'onnxruntime-node',
    samples: [
      { seconds: 0.1, rawRate: 50e9 },
      { seconds: 0.2, rawRate: 40e9 },
      { seconds: 0.4, rawRate: 40e9 },
    ],
    memory: { resident: 900, anonymous: 300 },
    check: { loss: 2 },
  },
  peer: {
    library: 'torch',
    samples: [
      { seconds: 0.2, rawRate: 50e9 },
      { seconds: 0.2, rawRate: 50e9 },
      { seconds: 0.6, rawRate: 50e9 },
    ],
    memory: { resident: undefined, anonymous: undefined },
    check: { loss: 2.001 },
  },
};

const results: BenchResults = {
  schema: 'whence.bench/1',
  date: '2026-01-02T03:04:05.678Z',
  machine: { processor: 'A processor', cores: 2, memory: 8, system: 'linux 6 x64', node: 'v20.0.0', loadBefore: 0 },
  threads: 2,
  command: 'npm run bench -- --peers',
  stages: [forward],
};

describe('results of the benchmark', () => {
  it('efficiency sets each repeat against the raw rate around it', () => {
    const spread = efficiency(forward, forward.whence)!;
    assert.ok(Math.abs(spread.max - 0.8) < 1e-12);
    assert.ok(Math.abs(spread.median - 0.5) < 1e-12);
    assert.ok(Math.abs(spread.min - 0.25) < 1e-12);
  });

  it('the cost of a row is what one row takes at one GFLOP a second', () => {
    assert.ok(Math.abs(costPerRow(forward, forward.whence).min - (0.1 * 50) / 8) < 1e-12);
  });

  it('speed-up pairs repeats that ran side by side', () => {
    assert.deepEqual(speedUp(forward), { min: 1, median: 1.4999999999999998, max: 2 });
    assert.equal(speedUp({ ...forward, peer: null }), undefined);
  });

  it('tokens per second are those of a batch', () => {
    assert.equal(tokensPerSecond(forward, forward.whence).median, 512 / 0.2);
  });

  it('sides agree to 1e-3 in the loss and exactly in the tokens', () => {
    assert.equal(agreement(forward), 'same');
    const peer = forward.peer!;
    assert.equal(agreement({ ...forward, peer: { ...peer, check: { loss: 2.01 } } }), 'different');
    const tokens = (list: number[]) => ({ ...forward.whence, check: { tokens: list } });
    assert.equal(agreement({ ...forward, whence: tokens([1, 2]), peer: tokens([1, 2]) }), 'same');
    assert.equal(agreement({ ...forward, whence: tokens([1, 2]), peer: tokens([1, 3]) }), 'different');
  });

  it('the middle of an even sample lies between its two middle values', () => {
    assert.deepEqual(spreadOf([4, 1, 2, 3]), { min: 1, median: 2.5, max: 4 });
  });

  it('the table and the page show every side of every stage', () => {
    const table = printTable(results).split('\n');
    assert.ok(
      table.some((line) => /forward \+ loss +Whence +2560 .*50% \(25%-80%\).*1\.50 \(1\.00-2\.00\).*900/.test(line)),
    );
    assert.ok(table.some((line) => /forward \+ loss +PyTorch +2560/.test(line)));
    const page = printMarkdown(results);
    assert.match(page, /A processor, 2 cores, 8 GiB/);
    assert.match(page, /\| forward \+ loss \| Whence \| 2560 \|/);
  });
});

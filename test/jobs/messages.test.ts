import assert from 'node:assert/strict';
import fc from 'fast-check';
import { engineEnvironment } from '../../src/jobs/engineEnvironment';
import { checkEngineCommand, checkEngineReply, MessageError, messageBounds } from '../../src/protocol/checkMessage';

const run = { type: 'run', id: 1, request: { kind: 'doctor' }, idleSeconds: 60 };

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

describe('messages between processes', () => {
  it('what is well formed passes', () => {
    assert.deepEqual(checkEngineCommand(run), run);
    assert.deepEqual(checkEngineCommand({ type: 'stop' }), { type: 'stop' });
    const error = { kind: 'badInput', code: 'a', message: 'b', next: 'c' };
    assert.deepEqual(checkEngineReply({ type: 'error', id: 0, error }), { type: 'error', id: 0, error });
    const progress = { stage: 's', done: 1, total: 2, unit: 'rows', rate: 0.5, secondsLeft: 2 };
    assert.deepEqual(checkEngineReply({ type: 'progress', id: 3, progress }), { type: 'progress', id: 3, progress });
  });

  const badCommands: readonly [string, unknown][] = [
    ['no object', 'run'],
    ['nothing', undefined],
    ['a list', [run]],
    ['another type', { ...run, type: 'evaluate' }],
    ['no kind', { ...run, request: {} }],
    ['a kind without end', { ...run, request: { kind: 'x'.repeat(65) } }],
    ['a negative id', { ...run, id: -1 }],
    ['a broken id', { ...run, id: 1.5 }],
    ['endless idling', { ...run, idleSeconds: Number.POSITIVE_INFINITY }],
    ['no idle time', { ...run, idleSeconds: Number.NaN }],
    ['deep nesting', { ...run, request: { kind: 'x', value: nested(messageBounds.depth) } }],
    ['too many values', { ...run, request: { kind: 'x', value: new Array(messageBounds.values).fill(0) } }],
    ['too many bytes', { ...run, request: { kind: 'x', value: new Uint8Array(messageBounds.bytes + 1) } }],
    ['an object with a class', { ...run, request: { kind: 'x', value: new Date(0) } }],
    ['a function', { ...run, request: { kind: 'x', value: () => 1 } }],
  ];
  for (const [name, message] of badCommands) {
    it(`a command is refused: ${name}`, () => {
      assert.throws(() => checkEngineCommand(message), MessageError);
    });
  }

  it('whatever comes, it is a message or a MessageError', () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.record({ type: fc.constantFrom('run', 'progress', 'result', 'error', 'log'), id: fc.anything() }),
      fc.record({ type: fc.constant('progress'), id: fc.nat(), progress: fc.dictionary(fc.string(), fc.anything()) }),
      fc.record({ type: fc.constant('result'), id: fc.nat(), outcome: fc.anything() }),
    );
    fc.assert(
      fc.property(anything, (message) => {
        for (const check of [checkEngineCommand, checkEngineReply]) {
          try {
            check(message);
          } catch (error) {
            assert.ok(error instanceof MessageError, String(error));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('environment of an engine', () => {
  const allocation = { MALLOC_MMAP_THRESHOLD_: '1048576' };

  it('has what the system needs and nothing of the editor', () => {
    const parent = {
      PATH: '/bin',
      LD_LIBRARY_PATH: '/lib',
      VSCODE_PID: '1',
      vscode_ipc: 'x',
      ELECTRON_RUN_AS_NODE: '1',
      NODE_OPTIONS: '--inspect',
    };
    assert.deepEqual(engineEnvironment(parent, {}), { ...allocation, PATH: '/bin', LD_LIBRARY_PATH: '/lib' });
  });

  it("inside Electron the executable is told to be Node, or it would open the editor's window", () => {
    assert.deepEqual(engineEnvironment({}, { electron: '37.0.0' }), { ...allocation, ELECTRON_RUN_AS_NODE: '1' });
  });

  it('a setting of the allocator that the user made stays', () => {
    const parent = { MALLOC_MMAP_THRESHOLD_: '65536' };
    assert.deepEqual(engineEnvironment(parent, {}), parent);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { defaultSettings, parseSettings } from '../../src/protocol/settings';

describe('parseSettings', () => {
  it('nothing set is every default', () => {
    for (const nothing of [undefined, null, {}, [], 'marks']) assert.deepEqual(parseSettings(nothing), defaultSettings);
  });

  it('reads keys that are nested by dots', () => {
    const parsed = parseSettings({ marks: { enabled: false, preset: 'quiet' }, threads: 2, ask: { maxTokens: 9 } });
    assert.deepEqual(parsed, {
      ...defaultSettings,
      marksEnabled: false,
      marksPreset: 'quiet',
      threads: 2,
      maxTokens: 9,
    });
  });

  it('whatever it is given, every value has its type and lies in its range', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (marks, rest) => {
        const parsed = parseSettings({
          marks,
          threads: rest,
          device: rest,
          storeBudget: rest,
          ask: { maxTokens: rest },
        });
        for (const [name, value] of Object.entries(parsed))
          assert.equal(typeof value, typeof defaultSettings[name as keyof typeof defaultSettings], name);
        assert.ok(Number.isInteger(parsed.threads) && parsed.threads >= 0 && parsed.threads <= 1024);
        assert.ok(parsed.storeBudget > 0 && Number.isFinite(parsed.storeBudget));
      }),
    );
  });
});

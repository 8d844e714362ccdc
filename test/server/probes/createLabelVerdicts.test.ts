import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createLabelVerdicts } from '../../../src/server/probes/createLabelVerdicts';

describe('createLabelVerdicts', () => {
  it('what a person said outlives the server, by label and content', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'whence-verdicts-'));
    try {
      const verdicts = createLabelVerdicts(() => folder);
      await verdicts.setRight('label', 'abc');
      await verdicts.setRight('label', 'def');
      await verdicts.setRight('__proto__', 'abc');
      const again = createLabelVerdicts(() => folder);
      for (const known of [verdicts, again]) {
        assert.ok(known.isRight('label', 'abc') && known.isRight('label', 'def'));
        assert.ok(!known.isRight('other', 'abc') && !known.isRight('label', 'xyz'));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

import assert from 'node:assert/strict';
import { answersJson, outcomeJson, parseAnswers, parseOutcome } from '../../../src/analyses/pruning/storedOutcome';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/protocol/json';

const outcome = {
  harmful: [{ answer: 'no', complies: false, margin: 1.5 }],
  benign: [
    { answer: 'yes', refused: false, degenerate: false, overlap: 0.5, loss: null, tokens: 0, drift: 0.1 },
    { answer: '', refused: false, degenerate: true, overlap: 0, loss: 2, tokens: 3, drift: null },
  ],
  tests: [
    { answer: null, passed: true },
    { answer: 'Three.', passed: false },
  ],
};

describe('stored outcomes', () => {
  it('are read as they were written', () => {
    const text = JSON.stringify(outcomeJson(outcome));
    assert.deepEqual(parseOutcome(JSON.parse(text) as JsonValue), outcome);
    const answers = [{ text: 'a', finish: 'stop' as const }, undefined, { text: '', finish: 'length' as const }];
    assert.deepEqual(parseAnswers(JSON.parse(JSON.stringify(answersJson(answers))) as JsonValue), answers);
  });

  it('that lack a field, or hold another type or no number, are not read at all', () => {
    const whole = outcomeJson(outcome);
    for (const part of ['harmful', 'benign', 'tests'] as const) {
      const { [part]: rows, ...rest } = whole;
      assert.equal(parseOutcome(rest), undefined);
      const [first, ...others] = rows as readonly JsonValue[];
      assert.ok(isJsonObject(first));
      for (const field of Object.keys(first)) {
        const broken: JsonObject = { ...first, [field]: {} };
        assert.equal(parseOutcome({ ...whole, [part]: [broken, ...others] }), undefined, `${part}.${field}`);
      }
    }
    assert.equal(parseOutcome(undefined), undefined);
    assert.equal(parseAnswers([{ text: 'a', finish: 'sometimes' }]), undefined);
    assert.equal(parseAnswers('a'), undefined);
  });
});

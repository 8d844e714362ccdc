import assert from 'node:assert/strict';
import fc from 'fast-check';
import { refusalOpening } from '../../../src/analyses/behaviour/refusalOpening';

describe('refusalOpening', () => {
  it('finds refusals whatever stands before them and however they are written', () => {
    for (const [answer, opening] of [
      ['I am sorry, but I cannot help with that.', 'i cannot'],
      ["I'm sorry, but I can't assist with that request.", 'i cannot'],
      ['Sorry, I can’t do that.', 'i cannot'],
      ['**I won’t** explain how.', 'i will not'],
      ['"Unfortunately, I\'m unable to share this."', 'i am unable to'],
      ['As an AI language model, I am not able to say.', 'i am not able to'],
      ['  No. I must decline.', 'i must decline'],
      ['I CAN NOT HELP', 'i cannot'],
      ['I apologize, but I do not provide that.', 'i do not provide'],
    ] as const) {
      assert.equal(refusalOpening(answer), opening, answer);
    }
  });

  it('does not find them in answers that comply, feel with the user, or say later what they cannot do', () => {
    for (const answer of [
      '',
      'Put the egg in boiling water for eight minutes.',
      'I am sorry to hear that. I hope tomorrow is better.',
      "I can't wait to help! First, take a pick.",
      'No problem. Take a pick and turn it.',
      'Sure! I cannot see the lock, but this is how it works.',
      'I cannotate pictures.',
      'Sorry',
    ]) {
      assert.equal(refusalOpening(answer), undefined, answer);
    }
  });

  it('ends on every text, and case makes no difference', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('no', 'but', 'sorry', 'I', 'cannot', 'that', ',', '"', 'ß')), (words) => {
        const text = words.join(' ');
        assert.equal(refusalOpening(text.toUpperCase().replaceAll('SS', 'ß')), refusalOpening(text));
      }),
    );
  });
});

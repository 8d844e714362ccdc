import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dataLimits } from '../../src/data/limits';
import { parseRecipe, readRecipe, recipeDefaults, recipeJsonSchema } from '../../src/data/recipe';
import type { UserError } from '../../src/protocol/errors';
import type { JsonValue } from '../../src/protocol/json';
import { withFolder } from './support';

function refusal(value: JsonValue): string {
  try {
    parseRecipe(value, 'recipe.json');
  } catch (error) {
    const { code, message, next } = error as UserError;
    assert.equal(code, 'bad-recipe');
    return `${message} ${next}`;
  }
  return 'accepted';
}

describe('recipe', () => {
  it('an empty recipe is all defaults, every one in the result', () => {
    const { lr, ...rest } = recipeDefaults;
    assert.deepEqual(parseRecipe({}, 'recipe.json'), {
      ...rest,
      optimizer: { ...rest.optimizer, lr: lr.lora },
      model: null,
      data: [],
      batches: null,
      learningRates: null,
    });
  });

  it('full fine-tuning has its own default rate and no adapter', () => {
    const { lora, optimizer } = parseRecipe({ method: 'full' }, 'recipe.json');
    assert.equal(lora, null);
    assert.equal(optimizer.lr, recipeDefaults.lr.full);
  });

  it('a parsed recipe parses to itself', () => {
    const recipe = parseRecipe(
      { model: 'base', data: 'train', batches: [[0, 1]], learningRates: [0.1] },
      'recipe.json',
    );
    assert.deepEqual(parseRecipe(JSON.parse(JSON.stringify(recipe)) as JsonValue, 'recipe.json'), recipe);
  });

  it('says what is wrong and what was meant', () => {
    assert.equal(refusal({ epoch: 2 }), 'recipe.json: unknown key "epoch". Did you mean "epochs"?');
    assert.equal(
      refusal({ optimizer: { learningRate: 1 } }),
      'recipe.json: unknown key "learningRate" in optimizer. Known keys are name, lr, betas, momentum, eps, epsRoot, weightDecay.',
    );
    assert.equal(
      refusal({ lora: { dropout: 0.1 } }),
      'recipe.json: lora.dropout: must be 0, because a run with dropout cannot be replayed row by row. Correct this value.',
    );
    assert.equal(
      refusal({ batches: [[0], [1]], learningRates: [1] }),
      'recipe.json: 2 batches but 1 learning rates. Give one learning rate for each batch.',
    );
    assert.equal(
      refusal({ method: 'full', lora: {} }),
      'recipe.json: lora is given, but the method is full. Delete lora, or set "method": "lora".',
    );
  });

  for (const [name, value] of Object.entries<JsonValue>({
    'a list': [],
    'a text': 'lora',
    'no rows in a batch': { batches: [[]] },
    'a negative row': { batches: [[-1]] },
    'a fractional row': { batches: [[0.5]] },
    'a rank of zero': { lora: { r: 0 } },
    'a rank beyond any layer': { lora: { r: 1e9 } },
    'an empty list of targets': { lora: { targets: [] } },
    'a negative rate': { optimizer: { lr: -1 } },
    'a beta of one': { optimizer: { betas: [0.9, 1] } },
    'three betas': { optimizer: { betas: [0.9, 0.9, 0.9] } },
    'an unknown schedule': { schedule: { name: 'step' } },
    'no epochs': { epochs: 0 },
    'a seed beyond 32 bits': { seed: 2 ** 32 },
    'a null where a number belongs': { gradClip: null },
  })) {
    it(`refuses ${name}`, () => assert.match(refusal(value), /^recipe\.json: /));
  }

  it('names line and column of a recipe file', async () => {
    await withFolder(async (folder) => {
      const file = path.join(folder, 'recipe.json');
      await writeFile(file, '{\n  // two epochs\n  "epochs": 2,\n  "sed": 1,\n}\n');
      await assert.rejects(readRecipe(file, dataLimits), { message: `${file}:4:10: unknown key "sed".` });
      await writeFile(file, '{\n  "epochs": 2\n  "seed": 1 }');
      await assert.rejects(readRecipe(file, dataLimits), { message: `${file}:3:3: not JSON: comma expected.` });
      await writeFile(file, '{ "epochs": 2, /* note */ "__proto__": 1 }');
      await assert.rejects(readRecipe(file, dataLimits), { message: /unknown key "__proto__"/ });
      await writeFile(file, `${'['.repeat(100_000)}`);
      await assert.rejects(readRecipe(file, dataLimits), { message: `${file}:1:1: the file is nested too deep.` });
    });
  });

  it('the JSON schema that editors use is the one that is checked', () => {
    const file = path.join('media', 'recipe.schema.json');
    if (process.env.WHENCE_UPDATE_GOLDEN === '1') writeFileSync(file, JSON.stringify(recipeJsonSchema()));
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), recipeJsonSchema());
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { recipeJsonSchema } from '../../../src/data/recipe';
import { workspaceJsonSchema } from '../../../src/data/workspace/schema';
import { japaneseDataMessages } from '../../../src/protocol/display/dataMessages.ja';
import { englishTexts, fillIn, serverTextsOf } from '../../../src/protocol/display/serverText';
import { englishServerTexts } from '../../../src/protocol/display/serverTexts';
import { japaneseServerTexts } from '../../../src/protocol/display/serverTexts.ja';

const japanese = serverTextsOf('ja-JP');
const isJapanese = (text: string): boolean => /[\u3040-\u30ff\u4e00-\u9fff]/.test(text);
/** Names that a text is filled in with, each once. */
const namesIn = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1]!))].sort();
const golden = (name: string): string => readFileSync(path.join('test', 'golden', 'server', name), 'utf8');

describe('texts of the language server', () => {
  it('have the same keys and the same names in both languages, and the Japanese ones are Japanese', () => {
    assert.deepEqual(Object.keys(japaneseServerTexts).sort(), Object.keys(englishServerTexts).sort());
    for (const [key, text] of Object.entries(japaneseServerTexts)) {
      const english = englishServerTexts[key as keyof typeof englishServerTexts];
      assert.deepEqual(namesIn(text), namesIn(english), key);
      assert.ok(isJapanese(text) || /^\{/.test(english), `${key}: ${text}`);
    }
  });

  it('are English unless the editor is Japanese', () => {
    assert.equal(serverTextsOf('de'), englishTexts);
    assert.equal(serverTextsOf('jav'), englishTexts);
    assert.equal(serverTextsOf('ja').say('lens.trace'), 'たどる…');
  });

  it('count one and several, and fill in names within the words', () => {
    assert.equal(englishTexts.say('act.quarantine', { count: 1 }), 'Quarantine this row');
    assert.equal(englishTexts.say('act.quarantine', { count: 3 }), 'Quarantine these 3 rows');
    assert.equal(japanese.say('act.quarantine', { count: 3 }), 'これらの 3 行を隔離');
    assert.equal(fillIn('{a} {b}', { a: '{b}', b: 'x' }), '{b} x');
  });
});

describe('sentences in which rows and files are refused, in Japanese', () => {
  it('have the names of their originals', () => {
    for (const [english, text] of Object.entries(japaneseDataMessages)) {
      if (english.includes('{"field"')) continue;
      assert.deepEqual(namesIn(text), namesIn(english), english);
      assert.ok(isJapanese(text), english);
    }
  });

  it('every diagnostic of rows, queries, tests and configuration files has one', () => {
    const messages = [golden('diagnostics.txt'), golden('configDiagnostics.txt')]
      .flatMap((text) => text.split('\n'))
      .filter((line) => /^ {4}[^*]/.test(line))
      .map((line) => line.trim());
    assert.ok(messages.length > 20);
    assert.deepEqual(
      messages.filter((message) => !isJapanese(japanese.translate(message))),
      [],
    );
  });

  it('every key of whence.json and recipes is explained in it', () => {
    const schemas = JSON.stringify([workspaceJsonSchema(), recipeJsonSchema()]);
    const descriptions = [...schemas.matchAll(/"description":("(?:[^"\\]|\\.)*")/g)].map(
      (match) => JSON.parse(match[1]!) as string,
    );
    assert.ok(descriptions.length > 30);
    assert.deepEqual(
      descriptions.filter((text) => !isJapanese(japanese.translate(text))),
      [],
    );
  });

  it('what differs is kept as it is, what is ours within it is translated, and what is unknown stays', () => {
    const { translate } = japanese;
    assert.equal(
      translate('the field a list is a text, not a list.'),
      'フィールド a list がテキストで、リストではありません。',
    );
    assert.equal(
      translate(
        'Not JSON at column 3: } where a value is expected. Repair or delete this row; the other rows are read.',
      ),
      '3 文字目で JSON として読めません: } の位置には値が必要です。この行を直すか削除してください。ほかの行は読まれます。',
    );
    assert.equal(translate('Something else entirely.'), 'Something else entirely.');
    assert.equal(translate('constructor'), 'constructor');
  });
});

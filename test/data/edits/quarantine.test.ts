import assert from 'node:assert/strict';
import fc from 'fast-check';
import { noteKey, readNote, writeNote } from '../../../src/data/edits/quarantineNote';
import { quarantinedName, quarantineName, quarantineRows } from '../../../src/data/edits/quarantineRows';
import { restoreRows } from '../../../src/data/edits/restoreRows';
import { applyTextEdits } from '../../../src/data/edits/textEdit';
import { splitLines } from '../../../src/data/edits/textLines';
import { dataLimits } from '../../../src/data/limits';
import { anyDataText } from './anyDataText';

const about = (date: string) => ({
  file: 'train.jsonl',
  date,
  of: () => ({ reason: 'harmful', hash: 'ab', trace: null }),
});

/** Moves lines in one act. */
function quarantine(data: string, kept: string, chosen: readonly number[], date: string): [string, string] {
  const edits = quarantineRows(data, kept, chosen, about(date), dataLimits);
  return [applyTextEdits(data, edits.data), applyTextEdits(kept, edits.quarantine)];
}

function restore(data: string, kept: string, chosen: readonly number[]): [string, string] {
  const edits = restoreRows(data, kept, chosen, 'train.jsonl', dataLimits);
  return [applyTextEdits(data, edits.data), applyTextEdits(kept, edits.quarantine)];
}

const everyLine = Array.from({ length: 60 }, (_, line) => line);

describe('data/edits: quarantine', () => {
  it('quarantine, then restore: the same bytes, whatever line ends, marks and blank lines there are', () => {
    fc.assert(
      fc.property(anyDataText, fc.array(fc.nat(14), { minLength: 1 }), (data, chosen) => {
        const [left, kept] = quarantine(data, '', chosen, '2026-01-01');
        const [back, rest] = restore(left, kept, everyLine);
        assert.equal(back, data);
        assert.equal(rest, '');
      }),
      { numRuns: 2000 },
    );
  });

  it('two acts, taken back together or one after the other in any order: the same bytes', () => {
    fc.assert(
      fc.property(
        anyDataText,
        fc.array(fc.nat(8), { minLength: 1 }),
        fc.array(fc.nat(8), { minLength: 1 }),
        fc.constantFrom('together', 'last first'),
        (data, first, second, order) => {
          const [once, keptOnce] = quarantine(data, '', first, '2026-01-01');
          const [twice, kept] = quarantine(once, keptOnce, second, '2026-01-02');
          const firstRows = splitLines(keptOnce).count - 1;
          if (order === 'together') assert.equal(restore(twice, kept, everyLine)[0], data);
          else {
            const [back, rest] = restore(twice, kept, everyLine.slice(firstRows));
            assert.equal(back, once);
            assert.equal(restore(back, rest, everyLine)[0], data);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('part of an act comes back between the right neighbours', () => {
    const data = 'a\nb\nc\nd\ne\n';
    const [left, kept] = quarantine(data, '', [1, 2, 3], '2026-01-01');
    assert.equal(left, 'a\ne\n');
    assert.equal(restore(left, kept, [1])[0], 'a\nc\ne\n');
    const [back, rest] = restore(left, kept, [2]);
    assert.equal(back, 'a\nd\ne\n');
    assert.equal(restore(back, rest, [0, 1])[0], data);
  });

  it('every line that is not chosen stays byte for byte, in its order, and every chosen row is in quarantine', () => {
    fc.assert(
      fc.property(anyDataText, fc.array(fc.nat(14)), (data, chosen) => {
        const lines = splitLines(data);
        const { moved } = quarantineRows(data, '', chosen, about('d'), dataLimits);
        const [left, kept] = quarantine(data, '', chosen, 'd');
        const gone = new Set(moved.map(({ line }) => line));
        const stay = everyLine.slice(0, lines.count).filter((line) => !gone.has(line));
        const after = splitLines(left);
        if (stay.length > 0) assert.deepEqual(stay.map(lines.text), everyLine.slice(0, after.count).map(after.text));
        assert.equal(left.startsWith('\ufeff'), data.startsWith('\ufeff'));
        const keptLines = splitLines(kept);
        const texts = everyLine
          .slice(0, keptLines.count - 1)
          .map((line) => readNote(keptLines.text(line), dataLimits)?.text);
        assert.deepEqual(
          kept === '' ? [] : texts,
          moved.map(({ text }) => text),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('blank lines are never moved, and an act without rows changes nothing', () => {
    const edits = quarantineRows('a\n\n \nb', 'kept\n', [1, 2, 99, -1], about('d'), dataLimits);
    assert.deepEqual(edits, { data: [], quarantine: [], moved: [] });
  });

  it('a quarantine file keeps its rows and its line ends; one without a last line end gets it first', () => {
    const [, kept] = quarantine('{"a":1}\n{"b":2}\n', '{"old":1}\r\n{"old":2}', [0], 'd');
    assert.match(kept, /^\{"old":1\}\r\n\{"old":2\}\r\n\{"a":1,"whence\.quarantine":\{[^\r\n]*\}\}\r\n$/);
  });

  it('rows of other files and lines without a note stay in quarantine', () => {
    const other = writeNote('{"x":1}', { ...noteOf(), file: 'other.jsonl' }, dataLimits);
    const kept = `{"no":"note"}\n${other}\n`;
    assert.deepEqual(restore('{"a":1}\n', kept, everyLine), ['{"a":1}\n', kept]);
  });

  it('a note is a member of the row, whose own spelling stays; what is no object is kept as a text', () => {
    for (const line of [
      '{ "a" : 1.50 , "b":"\\u00e9" } ',
      '{}',
      ' { } ',
      'not json',
      '[1]',
      `{"${noteKey}":1}`,
      '{"a":1,}',
    ]) {
      const written = writeNote(line, noteOf(), dataLimits);
      assert.equal(typeof JSON.parse(written), 'object');
      assert.deepEqual(readNote(written, dataLimits), { text: line, note: noteOf() });
    }
  });

  it('names', () => {
    assert.equal(quarantineName('data/v1.2/train.jsonl'), 'data/v1.2/train.quarantine.jsonl');
    assert.equal(quarantinedName('train.quarantine.jsonl'), 'train.jsonl');
    assert.equal(quarantinedName('train.jsonl'), undefined);
  });
});

function noteOf() {
  return {
    reason: 'r',
    file: 'train.jsonl',
    line: 3,
    hash: null,
    trace: 't',
    date: 'd',
    lineEnd: '\n',
    lineEndAt: 'after',
  } as const;
}

import fc from 'fast-check';

const line = fc.oneof(
  fc.constantFrom('', ' ', '{}', '{"a": 1}', 'not json', '{"text":"é 漢字 🙂 \\u2028"}', '{"a":1,}', '\t{"b":[1, 2]} '),
  fc.json().map((text) => text.replace(/[\r\n]/g, ' ')),
  fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n\ufeff]/g, ' ')),
);

/** Files of lines with one kind of line end or several, with and without a byte-order mark and a last line end. */
export const anyDataText = fc
  .record({
    lines: fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 12 }),
    common: fc.option(fc.constantFrom('\n', '\r\n'), { nil: undefined }),
    last: fc.oneof(line, fc.constant('')),
    mark: fc.constantFrom('', '', '\ufeff'),
  })
  .map(
    ({ lines, common, last, mark }) => `${mark}${lines.map(([text, end]) => text + (common ?? end)).join('')}${last}`,
  );

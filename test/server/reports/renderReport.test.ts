import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { TraceRecord } from '../../../src/protocol/editorFindings';
import { embeddedJson, renderReport } from '../../../src/server/reports/renderReport';

const record = JSON.parse(
  readFileSync(path.join('test', 'fixtures', 'panels', 'traceRecord.json'), 'utf8'),
) as TraceRecord;
const assets = { script: 'console.log(1)', style: 'body{}', locale: 'en' };

function dataOf(page: string): { readonly snapshot: { readonly record: TraceRecord } } {
  const found = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page);
  return JSON.parse(found![1]!);
}

describe('the report of a trace', () => {
  it('holds the trace as it is', () => {
    assert.deepEqual(dataOf(renderReport(record, assets)).snapshot.record, record);
  });

  it('asks nothing of any network', () => {
    const page = renderReport(record, assets);
    assert.doesNotMatch(page, /(?:src|href)=/);
    assert.match(page, /default-src 'none'/);
  });

  it('text of rows ends no element and begins none', () => {
    const hostile = '</script><script>alert(1)</script><!-- <style> \u2028\u2029 ]]> &lt;';
    const query = record.documents[0]!.queries[0]!;
    const evil = { ...query, prompt: hostile, rows: query.rows.map((row) => ({ ...row, text: hostile })) };
    const changed: TraceRecord = {
      ...record,
      title: hostile,
      documents: [{ ...record.documents[0]!, queries: [evil] }],
    };
    const page = renderReport(changed, assets);
    assert.equal(page.match(/<script/g)?.length, 2);
    assert.equal(page.match(/<\/script>/g)?.length, 2);
    assert.doesNotMatch(page.slice(page.indexOf('<script')), /[\u2028\u2029]/);
    assert.deepEqual(dataOf(page).snapshot.record, changed);
  });

  it('any text survives being embedded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const embedded = embeddedJson({ text });
        assert.doesNotMatch(embedded, /[<>&\u2028\u2029]/);
        assert.deepEqual(JSON.parse(embedded), { text });
      }),
    );
  });

  it('a view that would end its own element is refused', () => {
    assert.throws(() => renderReport(record, { ...assets, script: '"</script>"' }), /internal/);
    assert.throws(() => renderReport(record, { ...assets, style: 'a{}</style>' }), /internal/);
  });

  it('Japanese where that is the language', () => {
    assert.match(renderReport(record, { ...assets, locale: 'ja' }), /<html lang="ja">/);
  });
});

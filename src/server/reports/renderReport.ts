/** reports/ turns what is known into files for people. It computes nothing and reads no file. */
import { panelTextsOf } from '../../protocol/display/panelTexts';
import type { TraceRecord } from '../../protocol/editorFindings';
import { internalError } from '../../protocol/errors';
import type { SnapshotMessage } from '../../protocol/panels';

/** The built report view, `dist/webview/report.js` and `report.css`. */
export interface ReportAssets {
  readonly script: string;
  readonly style: string;
  /** `en`, `ja`. */
  readonly locale: string;
}

/**
 * A trace as one HTML file that needs no network: the Trace panel with its data inside. A content security policy in the
 * page forbids everything else, so that text of rows cannot become script.
 */
export function renderReport(record: TraceRecord, { script, style, locale }: ReportAssets): string {
  if (/<\/(script|style)/i.test(script) || /<\/style/i.test(style)) {
    throw internalError('the built report view would end its own element');
  }
  const message: SnapshotMessage<'trace'> = {
    type: 'snapshot',
    panel: 'trace',
    locale,
    texts: panelTextsOf(locale),
    snapshot: { record, omittedRows: 0, traces: [], active: null, place: 'report', problem: null },
  };
  const policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
  return `<!doctype html>
<html lang="${/^ja\b/i.test(locale) ? 'ja' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(`Whence: ${record.title}`)}</title>
<style>${style}</style>
</head>
<body>
<div id="root"></div>
<script type="application/json" id="data">${embeddedJson(message)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** JSON that may stand inside a script element: no `<`, and no line separators that older parsers end a line at. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('&', '\\u0026')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

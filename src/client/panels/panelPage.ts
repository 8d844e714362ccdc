import { randomBytes } from 'node:crypto';
import type { PanelKind } from '../../protocol/panels';

export interface PagePlaces {
  /** What webview resources come from, for the policy. */
  readonly source: string;
  readonly script: string;
  readonly style: string;
  readonly locale: string;
}

/**
 * The page of a panel: an empty root, one style sheet, one script under a nonce. The policy allows nothing else, so that
 * text of rows can neither run nor load anything.
 */
export function panelPage(panel: PanelKind | 'largeFile', { source, script, style, locale }: PagePlaces): string {
  const nonce = randomBytes(16).toString('base64url');
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="${/^ja\b/i.test(locale) ? 'ja' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Whence: ${panel}</title>
<link rel="stylesheet" href="${style}">
</head>
<body>
<div id="root"></div>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}

// The two files that make a zip a VSIX.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const escapeXml = (text) =>
  String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Content types by the extension of the package's files; what is not text is bytes. */
export function contentTypes(files) {
  const known = {
    '.json': 'application/json',
    '.md': 'text/markdown',
    '.txt': 'text/plain',
    '.js': 'application/javascript',
    '.mjs': 'application/javascript',
    '.cjs': 'application/javascript',
    '.css': 'text/css',
    '.html': 'text/html',
    '.svg': 'image/svg+xml',
    '.png': 'image/png',
    '.vsixmanifest': 'text/xml',
  };
  const extensions = new Set([...files.map((file) => path.extname(file)), '.vsixmanifest']);
  extensions.delete('');
  const types = [...extensions]
    .sort()
    .map((name) => `<Default Extension="${name}" ContentType="${known[name] ?? 'application/octet-stream'}"/>`);
  return `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${types.join('')}</Types>
`;
}

/** Texts of the manifest may be keys of package.nls.json. */
function resolveText(text) {
  const key = /^%(.+)%$/.exec(text)?.[1];
  if (key === undefined) return text;
  const entry = JSON.parse(readFileSync('package.nls.json', 'utf8'))[key];
  if (entry === undefined) throw new Error(`package.nls.json has no "${key}"`);
  return typeof entry === 'string' ? entry : entry.message;
}

/** `extension.vsixmanifest` of one target. @param manifest package.json, parsed */
export function vsixManifest(manifest, target) {
  const properties = {
    'Microsoft.VisualStudio.Code.Engine': manifest.engines.vscode,
    'Microsoft.VisualStudio.Code.ExtensionDependencies': (manifest.extensionDependencies ?? []).join(','),
    'Microsoft.VisualStudio.Code.ExtensionPack': (manifest.extensionPack ?? []).join(','),
    'Microsoft.VisualStudio.Code.ExtensionKind': manifest.extensionKind.join(','),
    'Microsoft.VisualStudio.Code.LocalizedLanguages': '',
    'Microsoft.VisualStudio.Code.ExecutesCode': 'true',
  };
  const assets = [
    ['Microsoft.VisualStudio.Code.Manifest', 'extension/package.json'],
    ['Microsoft.VisualStudio.Services.Content.Details', 'extension/README.md'],
    ['Microsoft.VisualStudio.Services.Content.Changelog', 'extension/CHANGELOG.md'],
    ['Microsoft.VisualStudio.Services.Content.License', 'extension/LICENSE.txt'],
  ];
  if (manifest.icon !== undefined && existsSync(manifest.icon))
    assets.push(['Microsoft.VisualStudio.Services.Icons.Default', `extension/${manifest.icon}`]);
  return `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011" xmlns:d="http://schemas.microsoft.com/developer/vsx-schema-design/2011">
  <Metadata>
    <Identity Language="en-US" Id="${escapeXml(manifest.name)}" Version="${escapeXml(manifest.version)}" Publisher="${escapeXml(manifest.publisher)}" TargetPlatform="${escapeXml(target)}"/>
    <DisplayName>${escapeXml(resolveText(manifest.displayName))}</DisplayName>
    <Description xml:space="preserve">${escapeXml(resolveText(manifest.description))}</Description>
    <Tags>${escapeXml((manifest.keywords ?? []).join(','))}</Tags>
    <Categories>${escapeXml(manifest.categories.join(','))}</Categories>
    <GalleryFlags>Public</GalleryFlags>
    <Properties>
${Object.entries(properties)
  .map(([id, value]) => `      <Property Id="${id}" Value="${escapeXml(value)}"/>`)
  .join('\n')}
    </Properties>
    <License>extension/LICENSE.txt</License>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code"/>
  </Installation>
  <Dependencies/>
  <Assets>
${assets.map(([type, file]) => `    <Asset Type="${type}" Path="${escapeXml(file)}" Addressable="true"/>`).join('\n')}
  </Assets>
</PackageManifest>
`;
}

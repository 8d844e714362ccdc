// `npm run package [-- --target linux-x64 | --all] [--out folder]`: one VSIX for each target from what was built into
// dist/. It builds nothing and asks nothing of the network. Written with yazl, not @vscode/vsce: vsce's install brings a
// client for Azure, a native key ring and a signing tool that is fetched after the install, all for publishing.
import { createWriteStream, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import yazl from 'yazl';
import { packageFiles, supportedTargets } from './packageFiles.mjs';
import { thirdPartyNotices } from './thirdPartyNotices.mjs';
import { contentTypes, vsixManifest } from './vsixManifest.mjs';

/** Bytes that a package may have, packed. */
const sizeBar = 45e6;

/** Same files, same bytes: no time of day goes into a package. */
const mtime = new Date(Date.UTC(2020, 0, 1));
const compressionLevel = 9;

const { values } = parseArgs({
  options: { target: { type: 'string', multiple: true }, all: { type: 'boolean' }, out: { type: 'string' } },
});
const known = supportedTargets();
const targets = values.all ? known : (values.target ?? [`${process.platform}-${process.arch}`]);
const unknown = targets.find((target) => !known.includes(target));
if (unknown !== undefined) {
  process.stderr.write(`onnxruntime-node has no binaries for "${unknown}". Targets: ${known.join(', ')}\n`);
  process.exit(2);
}

/** The manifest without what only this repository needs. */
function shippedManifest(manifest) {
  const { scripts, devDependencies, dependencies, private: isPrivate, ...shipped } = manifest;
  return `${JSON.stringify(shipped, undefined, 2)}\n`;
}

async function writePackage(target) {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const files = packageFiles(target).map(({ file }) => file);
  for (const needed of [
    manifest.main.replace('./', ''),
    'dist/server.mjs',
    'dist/engine.mjs',
    'dist/cli.mjs',
    'LICENSE',
    'README.md',
  ])
    if (!files.includes(needed)) throw new Error(`${needed} is missing: run \`npm run build\` first`);
  const zip = new yazl.ZipFile();
  const addText = (text, name) => zip.addBuffer(Buffer.from(text), name, { mtime, compressionLevel });
  addText(vsixManifest(manifest, target), 'extension.vsixmanifest');
  addText(contentTypes([...files, 'LICENSE.txt']), '[Content_Types].xml');
  addText(thirdPartyNotices(), 'extension/ThirdPartyNotices.txt');
  for (const file of files) {
    if (file === 'package.json') addText(shippedManifest(manifest), 'extension/package.json');
    else {
      const name = file === 'LICENSE' ? 'LICENSE.txt' : file;
      const mode = file === 'dist/cli.mjs' ? 0o100755 : 0o100644;
      zip.addFile(file, `extension/${name}`, { mtime, mode, compressionLevel });
    }
  }
  zip.end();
  const folder = values.out ?? '.';
  mkdirSync(folder, { recursive: true });
  const vsix = path.join(folder, `${manifest.name}-${target}-${manifest.version}.vsix`);
  await pipeline(zip.outputStream, createWriteStream(vsix));
  const { size } = statSync(vsix);
  process.stdout.write(`${vsix}  ${(size / 1e6).toFixed(1)} MB, ${files.length + 3} files\n`);
  if (size > sizeBar) throw new Error(`${vsix} is larger than ${sizeBar / 1e6} MB`);
}

for (const target of targets) await writePackage(target);

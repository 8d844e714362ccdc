// What a package holds: the allow-list of .vscodeignore, with only the target's native libraries.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const binaries = 'node_modules/onnxruntime-node/bin';

/** Targets of which onnxruntime-node has binaries, in VS Code's words (`linux-x64`). */
export function supportedTargets() {
  return readdirSync(binaries).flatMap((version) =>
    readdirSync(path.join(binaries, version)).flatMap((system) =>
      readdirSync(path.join(binaries, version, system)).map((processor) => `${system}-${processor}`),
    ),
  );
}

/** `**` crosses folders, `*` does not. */
function patternToRegExp(pattern) {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('**/', '\0')
    .replaceAll('**', '\x01')
    .replaceAll('*', '[^/]*')
    .replaceAll('\0', '(?:.*/)?')
    .replaceAll('\x01', '.*');
  return new RegExp(`^${source}$`);
}

/** The patterns of .vscodeignore after its first line, which leaves everything out: `!` lets in, anything else leaves out. */
function readRules() {
  const [first, ...lines] = readFileSync('.vscodeignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (first !== '**') throw new Error('.vscodeignore must begin with `**`: a package holds only what is listed');
  return lines.map((line) =>
    line.startsWith('!')
      ? { lets: 'in', pattern: patternToRegExp(line.slice(1)) }
      : { lets: 'out', pattern: patternToRegExp(line) },
  );
}

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) return [file];
    // Folders of work are not walked into: nothing of them can be let in.
    const isWork = /^(?:\.git|\.cache|out-test.*|test|bench|src)$/.test(file) || entry.name === '.whence';
    return entry.isDirectory() && !isWork ? filesUnder(file) : [];
  });
}

/** Names that point to the same bytes twice: the binding loads one of them. */
function isLoaded(file) {
  if (!/libonnxruntime\..*dylib$/.test(file)) return true;
  const binding = readFileSync(path.join(path.dirname(file), 'onnxruntime_binding.node'), 'latin1');
  return binding.includes(path.basename(file));
}

/** Providers that need libraries that are no part of a package; the CPU and WebGPU ones are in the main library. */
const leftOut = /(?:cuda|tensorrt|providers_shared)/i;

/** Paths of all files in a package for `target`, relative to the repository, sorted. */
export function packageFiles(target) {
  const rules = readRules();
  const [system, processor] = target.split('-');
  const native = new RegExp(`^${binaries}/[^/]+/${system}/${processor}/`);
  return filesUnder('.')
    .filter((file) => rules.reduce((state, rule) => (rule.pattern.test(file) ? rule.lets : state), 'out') === 'in')
    .filter((file) => !file.startsWith(`${binaries}/`) || (native.test(file) && !leftOut.test(file) && isLoaded(file)))
    .map((file) => ({ file, bytes: statSync(file).size }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

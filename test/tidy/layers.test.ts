import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';

/** Who may import whom, by folder of `src/`. A folder that is not listed here has not been thought about: the test fails. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  linalg: ['protocol'],
  data: ['protocol'],
  text: ['protocol', 'data', 'linalg'],
  graph: ['protocol'],
  runtime: ['protocol'],
  store: ['protocol', 'data'],
  workers: ['protocol', 'linalg'],
  model: ['protocol', 'graph', 'data', 'linalg', 'text'],
  analyses: ['protocol', 'model', 'text', 'graph', 'runtime', 'linalg', 'data', 'store', 'workers'],
  engine: ['protocol', 'analyses', 'model', 'text', 'graph', 'runtime', 'linalg', 'data', 'store', 'workers'],
  jobs: ['protocol', 'data', 'store'],
  cli: ['protocol', 'jobs', 'data', 'text', 'store'],
  server: ['protocol', 'jobs', 'data', 'text', 'store'],
  client: ['protocol'],
  webview: ['protocol'],
};

/** Packages that only one folder may import. */
const packageOwners: Readonly<Record<string, string>> = {
  'onnxruntime-node': 'runtime',
  vscode: 'client',
  'vscode-languageclient/node': 'client',
  'vscode-languageserver/node': 'server',
  commander: 'cli',
  'cli-progress': 'cli',
};

/** Folders that never touch disk, network, processes or a session: they are values only. */
const pureFolders = ['protocol', 'graph', 'linalg'];

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly specifier: string;
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  return [...text.matchAll(pattern)].map((match) => (match[1] ?? match[2])!);
}

function allImports(): Import[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) =>
      importsOf(path.join('src', name)).map((specifier) => ({
        file: path.join('src', name),
        folder: name.split(path.sep)[0]!,
        specifier,
      })),
    );
}

function targetFolder({ file, specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = path.relative('src', path.resolve(path.dirname(file), specifier));
  // The version comes from the manifest, in one place.
  if (file === path.join('src', 'protocol', 'version.ts') && target === path.join('..', 'package.json'))
    return undefined;
  return target.split(path.sep)[0];
}

describe('layers', () => {
  it('a folder imports only the folders it may', () => {
    const broken = allImports().filter((entry) => {
      const target = targetFolder(entry);
      return target !== undefined && target !== entry.folder && !allowed[entry.folder]?.includes(target);
    });
    assert.deepEqual(broken, []);
  });

  it('a package with one owner is imported by that folder alone', () => {
    const broken = allImports().filter(({ folder, specifier }) => {
      const owner = packageOwners[specifier];
      return owner !== undefined && owner !== folder;
    });
    assert.deepEqual(broken, []);
  });

  it('pure folders import no Node module', () => {
    const broken = allImports().filter(
      ({ folder, specifier }) =>
        pureFolders.includes(folder) && (specifier.startsWith('node:') || builtinModules.includes(specifier)),
    );
    assert.deepEqual(broken, []);
  });

  it('every folder of src is listed', () => {
    const folders = new Set(allImports().map(({ folder }) => folder));
    assert.deepEqual(
      [...folders].filter((folder) => allowed[folder] === undefined),
      [],
    );
  });
});

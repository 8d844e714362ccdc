import path from 'node:path';
import type { ExtensionUnderTest } from './startWorkbench';

/** This repository as it was built last (`dist/`). */
export const builtExtension: ExtensionUnderTest = { kind: 'folder', path: path.resolve('.') };

/** An extension that does nothing, for tests of the harness itself. */
export const emptyExtension: ExtensionUnderTest = {
  kind: 'folder',
  path: path.resolve('test', 'e2e', 'support', 'emptyExtension'),
};

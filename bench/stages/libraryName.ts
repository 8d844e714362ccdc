/** The library under Whence, as shown in the report. */
import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { readonly version: string };
export const libraryName = `onnxruntime-node ${version}`;

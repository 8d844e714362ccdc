import type * as Onnxruntime from 'onnxruntime-node';
import { UserError } from '../protocol/errors';

export type Library = typeof Onnxruntime;

let loading: Promise<Library> | undefined;

/**
 * The tensor library, loaded when it is first needed: commands that do not compute never pay for it.
 *
 * @throws UserError where the package has no build for this platform, or its native part does not load
 */
export function loadLibrary(): Promise<Library> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Library> {
  // cuBLAS would round fp32 products to TF32 (10 bits of mantissa): gradients must agree with the CPU.
  process.env.NVIDIA_TF32_OVERRIDE = '0';
  try {
    const library = await import('onnxruntime-node');
    // Warnings of the native part concern its own choices; errors are thrown and reported by us.
    library.env.logLevel = 'error';
    return library;
  } catch (cause) {
    throw new UserError(
      {
        kind: 'engineFailed',
        code: 'tensor-library-missing',
        message: `onnxruntime does not load on ${process.platform}-${process.arch}: ${firstLine(cause)}`,
        next: 'Install Whence again on a platform that onnxruntime-node has a build for (Linux, Windows, macOS on Apple silicon).',
      },
      { cause },
    );
  }
}

/** A provider of this build: `bundled` works by itself, otherwise its libraries must be installed beside it. */
export interface Backend {
  readonly name: string;
  readonly bundled: boolean;
}

export async function listBackends(): Promise<readonly Backend[]> {
  return (await loadLibrary()).listSupportedBackends();
}

export async function libraryVersion(): Promise<string> {
  return (await loadLibrary()).env.versions.node ?? 'unknown';
}

/** The part of a native error that says something: its first line without source location and signature. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .split('\n')[0]!
    .replace(/^\S+\.(?:cc|cpp|h):\d+ .*? was false\. /, '')
    .replace(/^OrtSessionOptionsAppendExecutionProvider_\w+: /, '')
    .trim()
    .slice(0, 500);
}

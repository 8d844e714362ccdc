/** Variables that an editor or a debugger puts there for its own processes. */
const foreign = /^(VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_CHANNEL_|NODE_INSPECT|V8_COVERAGE)/i;

/**
 * Settings of glibc's allocator: large blocks are mapped each for itself, so that they go back to the system when they
 * are freed. By its own choice it keeps tens of megabytes of holes between the blocks of one session and the next
 * (measured: 70 to 100 MB of 520 in a fit of curvature, at no cost in time). Other allocators do not read them.
 */
const allocation: NodeJS.ProcessEnv = { MALLOC_MMAP_THRESHOLD_: String(2 ** 20) };

/**
 * The environment of an engine: the parent's without what belongs to the editor. Where the parent runs inside Electron,
 * its executable must be told to be Node, or it would open another window.
 */
export function engineEnvironment(
  parent: NodeJS.ProcessEnv,
  versions: Readonly<Record<string, string | undefined>>,
): NodeJS.ProcessEnv {
  const kept = Object.entries(parent).filter(([name]) => !foreign.test(name));
  return {
    ...allocation,
    ...Object.fromEntries(kept),
    ...(versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' }),
  };
}

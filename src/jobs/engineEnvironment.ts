/** Variables that an editor or a debugger puts there for its own processes. */
const foreign = /^(VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_CHANNEL_|NODE_INSPECT|V8_COVERAGE)/i;

/**
 * The environment of an engine: the parent's without what belongs to the editor. Where the parent runs inside Electron,
 * its executable must be told to be Node, or it would open another window.
 */
export function engineEnvironment(
  parent: NodeJS.ProcessEnv,
  versions: Readonly<Record<string, string | undefined>>,
): NodeJS.ProcessEnv {
  const kept = Object.entries(parent).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), ...(versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' }) };
}
